"""The events that were published to one run, and the tasks of it that wait for one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from .agenda import Place
from .trigger import Published

Matches = Callable[[Published], Awaitable[bool]]
"""Whether an event is one that a task waits for."""


class _Waiter(NamedTuple):
    place: Place
    fresh_from: int
    matches: Matches
    found: "asyncio.Future[int]"
    """The number of the event it is given."""


class Mailbox:
    """What was published since the run began. Each event is taken by one task at most: the first that waits for it."""

    def __init__(self) -> None:
        self._events: list[Published] = []
        self._taken: set[int] = set()
        self._waiters: list[_Waiter] = []
        self._sorting: asyncio.Task[None] | None = None
        self._dirty = False

    def put(self, event: Published) -> None:
        """An event was published."""
        self._events.append(event)
        self._sort_soon()

    async def take(self, place: Place, matches: Matches, fresh: bool) -> Published:
        """Wait for an event; `fresh` looks only at those that come from now on."""
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(place, len(self._events) if fresh else 0, matches, found)
        self._waiters.append(waiter)
        self._waiters.sort(key=lambda w: w.place)
        self._sort_soon()
        try:
            number = await found
        except asyncio.CancelledError:
            if found.done() and not found.cancelled() and not found.exception():
                self._taken.discard(found.result())  # it was given an event in the moment in which it was canceled
                self._sort_soon()
            raise
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
        return self._events[number]

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
                for number, event in enumerate(self._events):
                    if number not in self._taken:
                        await self._hand_out(number, event)
        finally:
            self._sorting = None

    async def _hand_out(self, number: int, event: Published) -> None:
        for waiter in tuple(self._waiters):
            if number < waiter.fresh_from or waiter.found.done():
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
