"""The firings of one trigger that are not over: those that run, and those that wait for them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from .firing import OVERLAP, TOO_MANY, Firing
from .standing import Standing

MOST_WAITING: Final = 1000
"""Firings of one trigger that may wait for another, or go on at once."""


class Lane:
    """Begins the firings of one trigger by its policy for those that overlap. `carry_out` sees one through."""

    def __init__(self, trigger: Standing, carry_out: Callable[[Standing, Firing], Awaitable[None]]) -> None:
        self.trigger = trigger
        self.running: dict[str, Firing] = {}
        self.waiting: deque[Firing] = deque()
        self._carry_out = carry_out
        self._tasks: set[asyncio.Task[None]] = set()
        self._resting = False

    def find(self, id: str) -> Firing | None:
        """A firing that is not over."""
        return self.running.get(id) or next((firing for firing in self.waiting if firing.id == id), None)

    @property
    def firings(self) -> list[Firing]:
        """All that are not over, the oldest first."""
        return [*self.running.values(), *self.waiting]

    def turned_away(self) -> str | None:
        """Why one more firing is passed over; None where it may run or wait."""
        if self.trigger.overlap == "skip" and self.firings:
            return OVERLAP
        return TOO_MANY if len(self.waiting) >= MOST_WAITING else None

    def take(self, firing: Firing) -> None:
        """Begin a firing, or let it wait for those before it."""
        self.waiting.append(firing)
        self._go_on()

    def rest(self) -> None:
        """Begin nothing any more."""
        self._resting = True

    def _go_on(self) -> None:
        most = 0 if self._resting else MOST_WAITING if self.trigger.overlap == "allow" else 1
        while self.waiting and len(self.running) < most:
            firing = self.waiting.popleft()
            self.running[firing.id] = firing
            task = asyncio.get_running_loop().create_task(self._see_through(firing))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _see_through(self, firing: Firing) -> None:
        await self._carry_out(self.trigger, firing)
        del self.running[firing.id]
        self._go_on()

    async def close(self) -> None:
        """Leave everything as it is kept."""
        self.waiting.clear()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
