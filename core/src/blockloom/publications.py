"""The events that are published in one engine: numbered, and kept where there is a store."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from .store import Store
from .trigger import Published

Keep = Callable[[Published, str | None, int], Awaitable[int]]
"""Keeps an event for all runs or for one, and how many triggers fired in a row until it came; gives its number."""


class Publications:
    """Numbers published events: 1, 2, 3… in the store, or in this engine where there is none."""

    def __init__(self, store: Store | None, clock: Callable[[], float], keep: Keep) -> None:
        self._store = store
        self._clock = clock
        self._keep = keep
        self._last: int | None = None if store is not None else 0

    async def last(self) -> int:
        """The number of the last event; 0 where there is none yet."""
        if self._last is None:
            assert self._store is not None
            self._last = max(self._last or 0, await self._store.last_published())
        return self._last

    async def publish(self, name: str, payload: Any, run: str | None, chain: int) -> tuple[int, Published]:
        """Keep an event; it has a number then."""
        event = Published(name=name, payload=payload, time=datetime.fromtimestamp(self._clock(), UTC))
        last = await self.last()
        number = last + 1 if self._store is None else await self._keep(event, run, chain)
        self._last = max(number, self._last or 0)
        return number, event

    async def since(self, after: int) -> list[tuple[int, Published, str | None]]:
        """The events beyond a number, each with its own, and with the run that it is for."""
        return [] if self._store is None else await self._store.published(after)
