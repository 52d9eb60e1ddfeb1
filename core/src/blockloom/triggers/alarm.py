"""One timer for all triggers: it calls each at its next moment, and notices where somebody sets the clock."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Final

from .standing import at

LONGEST_SLEEP: Final = 30.0
"""Seconds after which the clock is looked at again, which somebody may have set."""

STEP: Final = 1.0
"""Seconds by which the clock must jump to count as set rather than as imprecise."""

SPARE: Final = 1000
"""Moments that do not count any more and may lie in the heap, beside as many as there are that count."""


class Alarm:
    """Calls `ring` with a name at its moment, and `on_step` with how far the clock was set."""

    def __init__(
        self, clock: Callable[[], float], ring: Callable[[str, datetime], None], on_step: Callable[[timedelta], None]
    ) -> None:
        self._clock = clock
        self._ring = ring
        self._on_step = on_step
        self._heap: list[tuple[datetime, int, str]] = []
        self._set: dict[str, tuple[datetime, int]] = {}
        self._numbers = count()
        self._sooner = asyncio.Event()
        self._offset = self._measure()

    def set(self, name: str, moment: datetime | None) -> None:
        """Call for a name at a moment, instead of at the one before; None for never."""
        if moment is None:
            self._set.pop(name, None)
            return
        if len(self._heap) > 2 * len(self._set) + SPARE:
            self._heap = [(moment, number, name) for name, (moment, number) in self._set.items()]
            heapify(self._heap)
        number = next(self._numbers)
        self._set[name] = (moment, number)
        heappush(self._heap, (moment, number, name))
        if self._heap[0][1] == number:
            self._sooner.set()

    def look(self) -> datetime:
        """The time, after noticing whether somebody has set the clock."""
        offset = self._measure()
        step, self._offset = offset - self._offset, offset
        if abs(step) > STEP:
            self._on_step(timedelta(seconds=step))
        return at(self._clock())

    async def run(self) -> None:
        """Call at each moment, without end."""
        while True:
            self._sooner.clear()
            now = self.look()
            while (first := self._first()) is not None and first[0] <= now:
                heappop(self._heap)
                del self._set[first[2]]
                self._ring(first[2], now)
            left = None if first is None else min((first[0] - now).total_seconds(), LONGEST_SLEEP)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._sooner.wait(), left)

    def _first(self) -> tuple[datetime, int, str] | None:
        """The earliest that still counts."""
        while self._heap:
            moment, number, name = self._heap[0]
            if self._set.get(name) == (moment, number):
                return self._heap[0]
            heappop(self._heap)
        return None

    def _measure(self) -> float:
        """How far the clock is ahead of a time that nobody can set."""
        return self._clock() - asyncio.get_running_loop().time()
