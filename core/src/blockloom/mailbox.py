"""The events that were published to one run, and the tasks of it that wait for one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

from .agenda import Place
from .trigger import Published

Matches = Callable[[Published], Awaitable[bool]]
"""Whether an event is one that a task waits for."""


class _Waiter(NamedTuple):
    place: Place
    after: int
    matches: Matches
    found: "asyncio.Future[int]"
    """The number of the event it is given."""


class Mailbox:
    """What was published since the run began, by number. Each event is taken by one task at most: the first that
    waits for it. `taken` are the numbers of those that were taken before.
    """

    def __init__(self, taken: Iterable[int] = ()) -> None:
        self.last = 0
        """The number of the last event."""
        self._events: dict[int, Published] = {}
        self._taken = set(taken)
        self._waiters: list[_Waiter] = []
        self._sorting: asyncio.Task[None] | None = None
        self._dirty = False

    def put(self, number: int, event: Published) -> None:
        """An event was published."""
        self.last = max(self.last, number)
        if number not in self._taken:
            self._events[number] = event
            self._sort_soon()

    async def take(self, place: Place, matches: Matches, after: int = 0) -> tuple[int, Published]:
        """Wait for an event with a number beyond `after`; it comes with its number, and is nobody else's."""
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(place, after, matches, found)
        self._waiters.append(waiter)
        self._waiters.sort(key=lambda w: w.place)
        self._sort_soon()
        try:
            number = await found
        except asyncio.CancelledError:
            if found.done() and not found.cancelled() and not found.exception():
                number = found.result()  # it was given an event in the moment in which it was canceled
                self._taken.discard(number)
                self._sort_soon()
            raise
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
        return number, self._events.pop(number)

    def close(self) -> None:
        """Nobody waits any more."""
        if self._sorting is not None:
            self._sorting.cancel()

    def _sort_soon(self) -> None:
        """Hand events out in a task of their own, so that one is looked at after the other."""
        self._dirty = True
        if self._waiters and self._sorting is None:
            self._sorting = asyncio.create_task(self._sort())

    async def _sort(self) -> None:
        try:
            while self._dirty:
                self._dirty = False
                for number, event in list(self._events.items()):
                    if number not in self._taken:
                        await self._hand_out(number, event)
        finally:
            self._sorting = None

    async def _hand_out(self, number: int, event: Published) -> None:
        for waiter in tuple(self._waiters):
            if number <= waiter.after or waiter.found.done():
                continue
            try:
                fits = await waiter.matches(event)
            except Exception as error:
                if not waiter.found.done():
                    waiter.found.set_exception(error)
                continue
            if fits and not waiter.found.done():
                self._taken.add(number)
                waiter.found.set_result(number)
                return
