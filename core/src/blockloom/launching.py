"""The runs that one engine holds: those that go on, and the last ones that are over."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from .beginnings import Result
from .errors import NotFound, StoreFailed, StoreUnusable
from .journal import LONGEST, SHORTEST, Journal, Observer
from .live import LiveRun
from .outfit import Outfit
from .past import Past
from .publications import Publications
from .run import Run
from .scheduler import Scheduler
from .store import EVENTS_AFTER, Store, StoredRun

KEPT: Final = 100
"""Runs that are over and stay in memory; older ones are read back from the store."""


class Launcher:
    """Takes runs into hand, new ones and such as go on from what is recorded."""

    def __init__(
        self, outfit: Outfit, store: Store | None, observers: Sequence[Observer], publications: Publications
    ) -> None:
        self.runs: dict[str, LiveRun] = {}
        self._outfit = outfit
        self._store = store
        self._observers = observers
        self._publications = publications
        self._enough = KEPT
        self._listeners: list[Callable[[LiveRun], None]] = []
        self._doubtful: list[str] = []
        self._taking_back: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Leave what is still to be taken back; it begins when the store is opened again."""
        if self._taking_back is not None:
            self._taking_back.cancel()
            await asyncio.wait([self._taking_back])

    @property
    def live(self) -> list[LiveRun]:
        """The runs that go on."""
        return [run for run in self.runs.values() if not run.run.over]

    @property
    def stalled(self) -> bool:
        """Whether a run waits for a store that cannot record it just now; it may be over but for that."""
        return any(run.stalled for run in self.runs.values())

    def listen(self, listener: Callable[[LiveRun], None]) -> Callable[[], None]:
        """Have `listener` called with every run as it begins; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def launch(
        self,
        stored: StoredRun,
        run: Run,
        past: Past | None = None,
        reuse: Mapping[int, Result] | None = None,
    ) -> LiveRun:
        """A run in this engine's hands, told to those who listen; it has yet to be started."""
        settings = stored.settings
        run.log.guard(self._outfit.vault.mask, {**run.plan.limits, **(settings.get("limits") or {})})
        told = len(run.log.events)
        durability = settings.get("durability") or "async"
        if past is not None and durability == "exit":
            durability = "async"
        journal = Journal(stored.id, run.log, self._store, self._observers, durability, told)
        scheduler = Scheduler(run, journal, self._outfit, settings.get("max_concurrency"), reuse, past)
        live = self.runs[stored.id] = LiveRun(run, scheduler, journal, stored)
        self._forget()
        for listener in tuple(self._listeners):
            listener(live)
        return live

    async def catch_up(self, live: LiveRun) -> None:
        """Give a run the events that were published since it was accepted and that it has not heard."""
        after: Any = live.stored.settings.get(EVENTS_AFTER)
        if after is None or after == await self._publications.last():
            return
        for number, event, run in await self._publications.since(after):
            if run in (None, live.id):
                live.publish(number, event)

    def take_back(self, id: str) -> None:
        """See that a run is not in the store that may have been kept though the store failed: it was refused."""
        self._doubtful.append(id)
        if self._taking_back is None or self._taking_back.done():
            self._taking_back = asyncio.create_task(self._take_back())

    async def _take_back(self) -> None:
        assert self._store is not None
        delay = SHORTEST
        while self._doubtful:
            try:
                with suppress(NotFound):
                    await self._store.delete_run(self._doubtful[0])
                del self._doubtful[0]
            except StoreFailed:
                await asyncio.sleep(delay)
                delay = min(2 * delay, LONGEST)
            except StoreUnusable:
                return

    def _forget(self) -> None:
        """Let go of the oldest runs that are over, where the store can give them back."""
        if self._store is None or len(self.runs) <= self._enough:
            return
        over = [id for id, run in self.runs.items() if run.settled]
        for id in over[: len(self.runs) - KEPT]:
            del self.runs[id]
        self._enough = max(KEPT, len(self.runs) + KEPT // 4)  # not to look at all of them with each that comes
