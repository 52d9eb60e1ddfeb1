"""The events of one live run: written to its store in order, and followed by whoever watches."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any, Final
from weakref import WeakSet

from .errors import StoreFailed
from .events import Event
from .run import Log
from .store import Store

_log = logging.getLogger(__name__)

Observer = Callable[..., Any]
"""Called with the id of a run and one recorded event; it never raises."""

MAX_NOTES: Final = 4 * 2**20
"""Bytes, roughly, of fleeting events that are kept for a follower who is behind; older ones are dropped."""

_FRAME: Final = 200
"""What a fleeting event comes to beside its texts."""

SHORTEST: Final = 0.05
LONGEST: Final = 2.0
"""Seconds between two tries to write to a store that fails, at first and at most."""


class Follower:
    """One who watches a run: how far it has read, and the fleeting events since."""

    def __init__(self, after: int) -> None:
        self.seen = after
        self.notes: deque[tuple[int, Event, int]] = deque()
        self._held = 0
        self.awake = asyncio.Event()

    def note(self, position: int, event: Event, size: int) -> None:
        """Keep a fleeting event, which came after so many recorded ones, and drop the oldest where that is too much."""
        self.notes.append((position, event, size))
        self._held += size
        while self._held > MAX_NOTES:
            self.next_note()
        self.awake.set()

    def next_note(self) -> tuple[int, Event]:
        """Take the oldest fleeting event that is kept, and where it belongs."""
        position, event, size = self.notes.popleft()
        self._held -= size
        return position, event


class Journal:
    """The journal of one live run. Followers are told only what the store has recorded, fleeting events aside.

    With the durability `exit` they are told at once, and all is recorded at the end. While the store fails, `stalled`
    says why, and what is to be recorded is tried again and again; `on_flow` is called once it has been. Where the store
    can do it no more, `on_break` is called with its error.
    """

    def __init__(
        self,
        run: str,
        log: Log,
        store: Store | None = None,
        observers: Sequence[Observer] = (),
        durability: str = "async",
        told: int = 0,
    ) -> None:
        self.run = run
        self.told = told
        """How many events have been told to those who follow."""
        self.closed = False
        self.durability = durability
        self.stalled: StoreFailed | None = None
        self.on_flow: Callable[[], None] = lambda: None
        self.on_break: Callable[[Exception], None] = lambda error: None
        self._written = told
        self._giving_up = asyncio.Event()
        self._log = log
        self._store = store
        self._observers = observers
        self._followers: WeakSet[Follower] = WeakSet()
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()
        self._broken = False

    def nudge(self) -> None:
        """Say that there may be new events."""
        if self._store is None or self.durability == "exit":
            self._tell(len(self._log.events))
        else:
            self._news.set()

    def note(self, event: Event) -> None:
        """Pass on a fleeting event; nothing is recorded."""
        size = _FRAME + sum(len(value) for value in event.data.values() if isinstance(value, str))
        for follower in self._followers:
            follower.note(len(self._log.events), event, size)

    async def write(self) -> None:
        """Write what comes, in batches, until `close`."""
        try:
            while not (self.closed and self._written == len(self._log.events)):
                await self._news.wait()
                self._news.clear()
                if self.closed or self.durability != "exit":
                    await self.flush()
        except BaseException as error:
            self._broken = True
            self.close()
            if isinstance(error, Exception):
                self.on_break(error)
            raise

    async def flush(self) -> None:
        """Write all that there is, as soon as the store can."""
        until = len(self._log.events)
        async with self._writing:
            while self._written < until:
                until = len(self._log.events)
                if self._store is not None:
                    await self._append(self._store, self._log.events[self._written : until])
                self._written = until
                self._tell(until)

    def give_up(self) -> None:
        """Do not wait for a store that fails any more: what it has not recorded is lost."""
        self._giving_up.set()

    async def _append(self, store: Store, events: Sequence[Event]) -> None:
        delay = SHORTEST
        while True:
            try:
                await store.append(self.run, events)
            except StoreFailed as error:
                if self._giving_up.is_set():
                    raise
                if self.stalled is None:
                    _log.warning("run %s waits: %s", self.run, error.message)
                self.stalled = error
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._giving_up.wait(), delay)
                delay = min(2 * delay, LONGEST)
            else:
                break
        if self.stalled is not None:
            _log.warning("run %s goes on: the store can write again", self.run)
            self.stalled = None
            self.on_flow()

    def close(self) -> None:
        """Say that no event will come any more."""
        self.closed = True
        self.nudge()
        self._news.set()
        for follower in self._followers:
            follower.awake.set()

    def follow(self, after: int = 0) -> AsyncIterator[list[Event]]:
        """Batches of what is recorded beyond `after`, then of what comes, with the fleeting events between."""
        follower = Follower(after)
        self._followers.add(follower)
        return self._batches(follower)

    async def _batches(self, follower: Follower) -> AsyncIterator[list[Event]]:
        try:
            while True:
                follower.awake.clear()
                if batch := self._batch(follower):
                    yield batch
                elif self.closed and (self._broken or follower.seen >= len(self._log.events)):
                    return
                else:
                    await follower.awake.wait()
        finally:
            self._followers.discard(follower)

    def _batch(self, follower: Follower, most: int = 100) -> list[Event]:
        """What a follower has not seen yet, each fleeting event after those that were recorded before it."""
        batch: list[Event] = []
        until = min(self.told, follower.seen + most)
        while follower.notes and follower.notes[0][0] <= until:
            position, note = follower.next_note()
            batch += self._log.events[follower.seen : position]
            follower.seen = max(follower.seen, position)
            batch.append(note)
        batch += self._log.events[follower.seen : until]
        follower.seen = max(follower.seen, until)
        return batch

    def _tell(self, until: int) -> None:
        if until <= self.told:
            return
        if self._observers:
            for event in self._log.events[self.told : until]:
                for observer in self._observers:
                    observer(self.run, event)
        self.told = until
        for follower in self._followers:
            follower.awake.set()
