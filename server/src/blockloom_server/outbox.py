"""What waits to be sent to one client: answers and events, each in a bounded lane, sent by turns."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

from .limits import Limits

_DEFAULTS: Final = Limits()


class Item(NamedTuple):
    """A message, and what is called once it is sent (for an answer) or the subscription it is for (for an event).

    The parts of its text are joined as it leaves: the last one is the same for all who are told of an event.
    """

    head: bytes
    body: bytes = b""
    then: Callable[[], None] | None = None
    subscription: str = ""

    @property
    def text(self) -> bytes:
        """The message."""
        return self.head + self.body

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self.head) + len(self.body)


class Lane:
    """A queue that makes whoever puts something in wait, in turn, while it is full; one message may be larger."""

    def __init__(self, most: int = _DEFAULTS.waiting, most_bytes: int = _DEFAULTS.backlog) -> None:
        self.waiting: deque[asyncio.Future[None]] = deque()
        self._items: deque[Item] = deque()
        self._closed = False
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._calm: asyncio.Event | None = None

    def __len__(self) -> int:
        return len(self._items)

    @property
    def full(self) -> bool:
        """Whether there is no room."""
        return len(self._items) >= self._most or self._bytes >= self._most_bytes

    @property
    def crowded(self) -> bool:
        """Whether so much waits already that what may be dropped should be."""
        return 2 * len(self._items) >= self._most or 2 * self._bytes >= self._most_bytes

    async def calms(self, seconds: float) -> bool:
        """Wait until it is not crowded; False where it still is after so many seconds."""
        if self.crowded:
            self._calm = self._calm or asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._calm.wait(), seconds)
        return not self.crowded

    async def room(self) -> None:
        """Wait for a place, after those who waited before."""
        if self._closed or (not self.full and not self.waiting):
            return
        turn = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._wake()
            raise

    def append(self, item: Item) -> None:
        """Put something at the end."""
        if self._closed:
            return
        self._items.append(item)
        self._bytes += item.size
        self._wake()

    def take(self) -> Item:
        """The first, taken out."""
        item = self._items.popleft()
        self._bytes -= item.size
        self._wake()
        return item

    def drop(self, subscription: str) -> None:
        """Take out what is for one subscription."""
        self._items = deque(item for item in self._items if item.subscription != subscription)
        self._bytes = sum(item.size for item in self._items)
        self._wake()

    def close(self) -> None:
        """Drop everything, from now on too, and let nobody wait."""
        self._closed = True
        self._items.clear()
        self._bytes = 0
        self._wake_the_calm()
        for turn in self.waiting:
            if not turn.done():
                turn.set_result(None)
        self.waiting.clear()

    def _wake_the_calm(self) -> None:
        """Let those go on who wait until it is not crowded."""
        if self._calm is not None:
            self._calm.set()
            self._calm = None

    def _wake(self) -> None:
        """Let the next who waits go on, if there is room; it wakes the one after it when it is done."""
        if self._calm is not None and not self.crowded:
            self._wake_the_calm()
        while self.waiting and not self.full:
            turn = self.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return


class Outbox:
    """The two lanes of a client, and the one place where its messages leave them."""

    def __init__(self, limits: Limits = _DEFAULTS) -> None:
        self.answers = Lane(limits.waiting, limits.backlog)
        self.events = Lane(limits.waiting, limits.backlog)
        self.taken = 0
        """How many messages have been taken out to be sent."""
        self.dropped = 0
        """How many events that may be dropped were."""
        self._answers_turn = True
        self._left: asyncio.Event | None = None
        self._news = asyncio.Event()

    def __len__(self) -> int:
        return len(self.answers) + len(self.events)

    async def answer(self, text: bytes, then: Callable[[], None] | None = None) -> None:
        """Send an answer; `then` is called once it is sent."""
        await self.answers.room()
        self.answers.append(Item(text, then=then))
        self._news.set()

    @property
    def keeps_up(self) -> bool:
        """Whether the client reads fast enough to be sent what may be dropped; if not, one is counted as dropped."""
        if self.events.crowded or self.events.waiting:
            self.dropped += 1
            return False
        return True

    async def event(self, head: bytes, body: bytes, subscription: str) -> None:
        """Send an event as soon as there is room for it."""
        if self.events.full or self.events.waiting:
            await self.events.room()
        self.put(head, body, subscription)

    def put(self, head: bytes, body: bytes, subscription: str) -> None:
        """Send an event, whether there is room or not."""
        self.events.append(Item(head, body, None, subscription))
        self._news.set()

    def close(self) -> None:
        """Send nothing any more; nobody who wants to send something has to wait."""
        self.answers.close()
        self.events.close()
        if self._left is not None:
            self._left.set()

    async def take(self) -> Item:
        """The next message to send, from both lanes by turns; waits for one."""
        while not len(self):
            self._news.clear()
            await self._news.wait()
        return self.take_now()

    def take_now(self) -> Item:
        """The next message to send, where there is one."""
        lane = self.answers if self.answers and (self._answers_turn or not self.events) else self.events
        self._answers_turn = lane is self.events
        item = lane.take()
        self.taken += 1
        if self._left is not None and not self._busy:
            self._left.set()
        return item

    async def emptied(self) -> None:
        """Wait until nothing waits to be sent any more."""
        self._left = asyncio.Event()
        if self._busy:
            await self._left.wait()

    @property
    def _busy(self) -> bool:
        return bool(len(self) or self.answers.waiting or self.events.waiting)
