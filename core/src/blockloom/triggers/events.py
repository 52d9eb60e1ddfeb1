"""Reads the log of published events, each event once and in order, and fires the triggers that it fits."""

import asyncio
import logging
from typing import Final

from ..errors import BlockloomError
from ..firing import matches
from ..store import Store
from ..trigger import Published
from .actions import World
from .firings import Firings
from .patience import PAUSE
from .standing import Standing

_log = logging.getLogger(__name__)

CURSOR: Final = ("trigger-cursors", "events")
"""The shelf and the id under which the number of the last event that was read is kept."""

CHAINS: Final = "event-chains"
"""The shelf of how many triggers fired in a row until an event was published, by its number."""

BATCH: Final = 100
"""Events that are read at a time."""


class EventReader:
    """Follows the log from where it was left, also while nobody was there, and never looks at an event twice."""

    def __init__(self, world: World, firings: Firings) -> None:
        self.last = 0
        """The number of the last event that was published."""
        self._world = world
        self._firings = firings
        self._read = 0
        self._triggers: dict[str, Standing] = {}
        self._news = asyncio.Event()
        self._reading = asyncio.Lock()

    async def load(self) -> None:
        """Find where the log was left, and where it ends."""
        self._read = await self._store.get(*CURSOR) or 0
        self.last = max(self.last, await self._store.last_published())

    def add(self, trigger: Standing) -> None:
        """Have a trigger fire on the events that come after it was set."""
        self._triggers[trigger.id] = trigger

    def remove(self, id: str) -> None:
        """Have a trigger fire no more."""
        self._triggers.pop(id, None)

    async def publish(self, event: Published, run: str | None, chain: int) -> int:
        """Add an event to the log, and return its number; nobody reads it before its chain is kept."""
        if chain:
            async with self._reading:
                number = await self._store.publish(event, run)
                await self._store.put(CHAINS, f"{number:012}", chain)
        else:
            number = await self._store.publish(event, run)
        self.last = max(self.last, number)
        self._news.set()
        return number

    async def run(self) -> None:
        """Read what is there and what comes, without end."""
        while True:
            self._news.clear()
            try:
                while batch := await self._next_batch():
                    for number, event, run in batch:
                        if run is None:
                            await self._offer(number, event)
                    self._read = batch[-1][0]
                    await self._store.put(*CURSOR, self._read)
            except BlockloomError as error:
                _log.warning("%s Events are read again soon.", error.message)
                await asyncio.sleep(PAUSE)
            else:
                await self._news.wait()

    @property
    def _store(self) -> Store:
        assert self._world.store is not None
        return self._world.store

    async def _next_batch(self) -> list[tuple[int, Published, str | None]]:
        async with self._reading:
            return await self._store.published(self._read, BATCH)

    async def _offer(self, number: int, event: Published) -> None:
        """Show an event to all triggers that it may fire."""
        fit = [trigger for trigger in self._triggers.values() if trigger.event < number and _may_fit(trigger, event)]
        if fit:
            name = f"{number:012}"
            chain = await self._store.get(CHAINS, name) or 0
            await asyncio.gather(*(self._try(trigger, number, event, chain) for trigger in fit))
            if chain:
                await self._store.drop(CHAINS, name)

    async def _try(self, trigger: Standing, number: int, event: Published, chain: int) -> None:
        """Fire one trigger, if its conditions hold."""
        assert trigger.spec is not None
        mark = f"#{number:012}"
        try:
            fits = await matches(trigger.spec, event, self._world.registry.block)
        except Exception as error:
            why = f"its conditions could not be computed: {error}"[:2000]
            await self._firings.fail(trigger, event.time, mark, event.payload, type(error).__name__, why)
        else:
            if fits:
                await self._firings.note(trigger, event.time, mark, event.payload, chain)


def _may_fit(trigger: Standing, event: Published) -> bool:
    """Whether the type of a trigger takes an event; where it fails to say, that is the trigger's problem."""
    if trigger.spec is None or trigger.spec.type is None:
        return False
    try:
        return trigger.spec.type.matches(trigger.spec.config, event)
    except Exception as error:
        trigger.problem = f"Its type failed on the event {event.name!r}: {type(error).__name__}: {error}"[:2000]
        return False
