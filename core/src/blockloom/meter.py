"""Measures the calls of one run: they are counted when they begin, and ended when the time for them is used up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .budget import Budget


class Meter:
    """The calls that go on, on the budget of one run."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._calls: dict[asyncio.Timeout, str] = {}
        self._counted = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def call(self, task: str) -> AsyncIterator[None]:
        """Count a call and the seconds it takes; raises TaskFailed where the budget is used up before or meanwhile."""
        self._count()
        self._budget.admit()
        self._budget.add(task, "calls", 1)
        try:
            async with asyncio.timeout(None) as call:
                self._calls[call] = task
                self._set_timer()
                try:
                    yield
                finally:
                    self._count()
                    del self._calls[call]
                    self._set_timer()
        except TimeoutError:
            if call.expired():
                raise self._budget.used_up("seconds") from None
            raise

    def _count(self) -> None:
        """Add the time since this was last done to each call that goes on."""
        now = asyncio.get_running_loop().time()
        for task in self._calls.values():
            self._budget.add(task, "seconds", now - self._counted)
        self._counted = now

    def _set_timer(self) -> None:
        """Wake up when the calls that go on will have used up the time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._calls and "seconds" in self._budget.limits:
            left = max(self._budget.left("seconds"), 0.0) / len(self._calls)
            self._timer = asyncio.get_running_loop().call_later(left, self._expire)

    def _expire(self) -> None:
        now = asyncio.get_running_loop().time()
        self._count()
        for call in self._calls:
            call.reschedule(now)
