"""What happens outside any run: numbered events of the server's own, kept for as long as anybody may be behind."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from blockloom.events import Event

KEPT: Final = 10_000
"""Notices that are kept for a follower who is behind."""


class TooFarBehind(Exception):
    """A follower has missed what is no longer kept."""


class Notices:
    """The latest events outside of runs; `seq` is the number of the last one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.seq = 0
        self._clock = clock
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._news = asyncio.Event()

    def add(self, type: str, data: Mapping[str, Any]) -> None:
        """Tell all who follow."""
        self.seq += 1
        self._kept.append(Event(self.seq, self._clock(), type, None, data))
        self._news.set()
        self._news = asyncio.Event()

    async def follow(self, after: int) -> AsyncIterator[Event]:
        """What comes beyond `after`, without end; raises TooFarBehind."""
        while True:
            news = self._news
            if after == self.seq:
                await news.wait()
            first = self._kept[0].seq
            if after + 1 < first:
                raise TooFarBehind
            event = self._kept[after + 1 - first]
            after = event.seq
            yield event
