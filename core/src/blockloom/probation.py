"""Tasks that may have ended their process begin alone, so that it is known which of them does."""

import asyncio
from heapq import heappop, heappush
from typing import Final

TOTAL: Final = 1.0
"""Seconds that those who are on probation together wait for each other at most."""


class Probation:
    """Lets suspects begin one by one, those with the most strikes first.

    The next may begin once the one before it has ended, or has lasted a while: what would end the process at once has
    done so by then.
    """

    def __init__(self) -> None:
        self._expected = 1
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0
        self._on: int | None = None
        """The number of the one whose turn it is."""
        self._timer: asyncio.TimerHandle | None = None

    def expect(self, count: int) -> None:
        """So many come, beside those that are here: all of them together wait no longer than `TOTAL`."""
        here = len(self._waiting) + (self._on is not None)
        self._expected = max(1, count, self._expected if here else 0)

    async def enter(self, strikes: int) -> int:
        """Wait for one's turn; what it gives is for `leave`."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._count += 1
        number = self._count
        heappush(self._waiting, (-strikes, number, turn))
        if self._on is None:
            self._on = 0
            loop.call_soon(self._next)  # those that come in the same moment are sorted first
        await turn
        return number

    def leave(self, number: int) -> None:
        """The one with this number has ended; if it was still its turn, the next one's comes."""
        if self._on == number:
            self._next()

    def _next(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._on = None
        while self._waiting:
            _, number, turn = heappop(self._waiting)
            if not turn.done():
                self._on = number
                turn.set_result(None)
                gap = TOTAL / self._expected
                self._timer = asyncio.get_running_loop().call_later(gap, self.leave, number)
                return
