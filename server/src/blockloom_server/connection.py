"""One connection: calls come in, answers and events go out, until either side ends it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from time import perf_counter
from typing import Any, Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from .dispatch import find, perform
from .faults import TOO_MUCH, Fault, stopping, too_fast
from .guest import SLOW_CLOSE, Guest, WrongToken
from .hub import Hub
from .limits import Limits
from .method import Method, Params
from .pace import Pace
from .wire import BadCall, Call, answer, read_call, refusal

_log = logging.getLogger(__name__)

CLOSING: Final = 3.0
"""Seconds that a client has to take note of being closed; then it is cut off."""

LINGERING: Final = 30.0
"""The same for one that has not read: once it reads on, it learns why it was closed."""

UNAUTHORIZED_CLOSE: Final = 4401

SMALL: Final = 64 * 1024
"""Bytes of the largest message that is taken from a client that has not shown the token."""

BEYOND: Final = 4 * 1024 * 1024
"""Bytes beyond the limit up to which a message is read and refused; for a larger one the connection is closed."""

LOOKS: Final = 8
"""How often it is looked whether a client reads, before it is too slow."""

AT_ONCE: Final = 64 * 1024
"""Bytes that are written in one go where many messages wait."""


class Connection:
    """The conversation with one client."""

    def __init__(
        self,
        socket: ServerConnection,
        hub: Hub,
        limits: Limits,
        token: str | None,
        over: Callable[["Connection"], None] = lambda connection: None,
    ) -> None:
        self._socket = socket
        self._hub = hub
        self._limits = limits
        self.guest = Guest(hub, limits, token, self._close_soon)
        self._pace = Pace(limits.rate, limits.burst)
        self._tasks: set[asyncio.Task[None]] = set()
        self._calls: set[asyncio.Task[None]] = set()
        self.ending: int | None = None
        """The code with which the server closes it, if it is the server that does."""
        self._over = over
        self._deaf = False

    async def converse(self) -> None:
        """Take part until the connection is closed, whatever the parts of the conversation wait for.

        `over` is called once: when the server begins to close it, else when it is closed.
        """
        if not self.guest.authorized:
            self._socket.protocol.max_message_size = min(SMALL, self._limits.message)
        for work in (self._listen(), self._send(), self._watch(), self._expect_hello()):
            self._spawn(work)
        try:
            await self._socket.wait_closed()
        finally:
            if self.ending is None:
                self._over(self)
            self.guest.close()
            for task in [*self._tasks, *self._calls]:
                task.cancel()

    def hush(self) -> None:
        """Refuse every call from now on: the server is about to be gone."""
        self._deaf = True

    async def leave(self, code: int, reason: str, seconds: float) -> None:
        """Close once what was asked is answered and what waits is sent, after so many seconds at most."""
        self.hush()
        try:
            async with asyncio.timeout(seconds):
                if self.ending is not None:
                    await self._socket.wait_closed()
                if self._calls:
                    await asyncio.wait(self._calls)
                await self.guest.outbox.emptied()
        except TimeoutError:
            if self.ending is not None:
                self._socket.transport.abort()
        if self.ending is None:
            await self._close(code, reason)

    async def _listen(self) -> None:
        while True:
            message = await self._socket.recv()
            # While closing, what still comes is read and dropped: behind it is the other side's own close.
            if self.ending is None:
                await self._hear(message)

    async def _hear(self, message: str | bytes) -> None:
        """Answer one message; what may take its time is answered later."""
        too_soon = self._pace.take()
        try:
            call = read_call(message, self._limits.depth, self._limits.message)
        except BadCall as bad:
            await self._refuse(bad.id, bad.fault)
        else:
            await self._take(call, too_soon)
        if too_soon:
            # What comes too fast is refused, and no more of that a second than of what is served.
            await asyncio.sleep(1 / self._limits.rate)

    async def _take(self, call: Call, too_soon: float) -> None:
        try:
            if too_soon:
                raise too_fast(too_soon, self._limits.rate)
            if self._deaf:
                raise stopping()
            method, params = find(self.guest, call)
            if method.waits and len(self._calls) >= self._limits.calls:
                raise Fault(TOO_MUCH, f"A client may have {self._limits.calls} calls that wait: wait for some of them.")
        except Fault as fault:
            await self._refuse(call.id, fault)
            return
        if method.waits:
            self._spawn(self._perform(call, method, params), self._calls)
        else:
            await self._perform(call, method, params)

    async def _perform(self, call: Call, method: Method, params: Params) -> None:
        began = perf_counter()
        try:
            result = await perform(self.guest, method, params)
        except Fault as fault:
            await self._refuse(call.id, fault)
            return
        self._hub.metrics.answered(method.name, perf_counter() - began)
        if self.guest.authorized:
            self._socket.protocol.max_message_size = self._limits.message + BEYOND
        then = None if method.waits else self.guest.after_answer()
        if call.id is not None:
            await self.guest.outbox.answer(answer(call.id, result), then)
        elif then is not None:
            then()

    async def _refuse(self, id: str | None, fault: Fault) -> None:
        self._hub.metrics.refused(fault.code.number)
        then = self._close_unauthorized if isinstance(fault, WrongToken) else None
        if id is not None:
            await self.guest.outbox.answer(refusal(id, fault), then)
        elif then is not None:
            then()

    # What goes on beside the calls

    async def _send(self) -> None:
        """The one place where anything is sent to the client: all that waits, up to so much, in one go."""
        outbox, protocol = self.guest.outbox, self._socket.protocol
        while True:
            items = [await outbox.take()]
            size = items[0].size
            async with self._socket.send_context():
                protocol.send_text(items[0].text)
                while len(outbox) and size < AT_ONCE:
                    items.append(item := outbox.take_now())
                    size += item.size
                    protocol.send_text(item.text)
                # One write: of a connection that is lost, each would be noted by the event loop.
                self._socket.transport.write(b"".join(protocol.data_to_send()))
            for item in items:
                if item.then is not None:
                    item.then()

    async def _watch(self) -> None:
        """Close the connection of a client that reads nothing of what waits for it."""
        outbox, transport = self.guest.outbox, self._socket.transport
        before, looks = (-1, 0), 0
        while True:
            await asyncio.sleep(self._limits.patience / LOOKS)
            now = (outbox.taken, transport.get_write_buffer_size())
            looks = looks + 1 if len(outbox) and now == before and now[1] else 0
            before = now
            if looks == LOOKS:
                self.guest.too_slow()

    async def _expect_hello(self) -> None:
        if not self.guest.authorized:
            await asyncio.sleep(self._limits.hello)
            if not self.guest.authorized:
                self._close_unauthorized()

    # Closing

    def _close_unauthorized(self) -> None:
        self._close_soon(UNAUTHORIZED_CLOSE, "unauthorized")

    def _close_soon(self, code: int, reason: str) -> None:
        if self.ending is None:
            self._spawn(self._close(code, reason))

    async def _close(self, code: int, reason: str) -> None:
        """Close, whether the client reads or not; cut it off if it does not take part in that."""
        if self.ending is None:
            self.ending = code
            self._over(self)
        self.guest.close()
        self._socket.close_timeout = LINGERING if code == SLOW_CLOSE else CLOSING
        try:
            async with asyncio.timeout(self._socket.close_timeout):
                await self._socket.close(code, reason)
        except TimeoutError:
            self._socket.transport.abort()

    def _spawn(self, work: Coroutine[Any, Any, None], among: set[asyncio.Task[None]] | None = None) -> None:
        tasks = self._tasks if among is None else among
        task = asyncio.get_running_loop().create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A task has ended: by the end of the connection, or by a mistake of ours."""
        if task.cancelled() or (error := task.exception()) is None or isinstance(error, ConnectionClosed):
            return
        _log.error("a connection failed", exc_info=error)
        self._close_soon(CloseCode.INTERNAL_ERROR, "internal error")
