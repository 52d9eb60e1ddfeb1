"""One connection: calls come in, answers and events go out, until either side ends it."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from .dispatch import find, perform
from .faults import TOO_MUCH, Fault
from .guest import Guest, WrongToken
from .hub import Hub
from .limits import Limits
from .method import Method, Params
from .wire import BadCall, Call, answer, read_call, refusal

_log = logging.getLogger(__name__)

CLOSING: Final = 10.0
"""Seconds that a client has to take note of being closed; then it is cut off."""

UNAUTHORIZED_CLOSE: Final = 4401


class Connection:
    """The conversation with one client."""

    def __init__(self, socket: ServerConnection, hub: Hub, limits: Limits, token: str | None) -> None:
        self._socket = socket
        self._limits = limits
        self._guest = Guest(hub, limits, token, self._close_soon)
        self._tasks: set[asyncio.Task[None]] = set()
        self._calls: set[asyncio.Task[None]] = set()
        self._closing = False

    async def converse(self) -> None:
        """Take part until the connection is closed, whatever the parts of the conversation wait for."""
        for work in (self._listen(), self._send(), self._watch(), self._expect_hello()):
            self._spawn(work)
        try:
            await self._socket.wait_closed()
        finally:
            self._guest.close()
            for task in [*self._tasks, *self._calls]:
                task.cancel()

    async def _listen(self) -> None:
        while isinstance(message := await self._socket.recv(), str):
            # While closing, what still comes is read and dropped: behind it is the other side's own close.
            if not self._closing:
                await self._hear(message)
        self._close_soon(CloseCode.UNSUPPORTED_DATA, "one JSON-RPC message a text frame")

    async def _hear(self, message: str) -> None:
        """Answer one message; what may take its time is answered later."""
        try:
            call = read_call(message)
        except BadCall as bad:
            await self._guest.outbox.answer(refusal(bad.id, bad.fault))
            return
        try:
            method, params = find(self._guest, call)
            if method.waits and len(self._calls) >= self._limits.calls:
                raise Fault(TOO_MUCH, f"A client may have {self._limits.calls} calls that wait: wait for some of them.")
        except Fault as fault:
            await self._refuse(call, fault)
            return
        if method.waits:
            self._spawn(self._perform(call, method, params), self._calls)
        else:
            await self._perform(call, method, params)

    async def _perform(self, call: Call, method: Method, params: Params) -> None:
        try:
            result = await perform(self._guest, method, params)
        except Fault as fault:
            await self._refuse(call, fault)
            return
        then = None if method.waits else self._guest.after_answer()
        if call.id is not None:
            await self._guest.outbox.answer(answer(call.id, result), then)
        elif then is not None:
            then()

    async def _refuse(self, call: Call, fault: Fault) -> None:
        then = self._close_unauthorized if isinstance(fault, WrongToken) else None
        if call.id is not None:
            await self._guest.outbox.answer(refusal(call.id, fault), then)
        elif then is not None:
            then()

    # What goes on beside the calls

    async def _send(self) -> None:
        """The one place where anything is sent to the client."""
        while True:
            item = await self._guest.outbox.take()
            await self._socket.send(item.text)
            if item.then is not None:
                item.then()

    async def _watch(self) -> None:
        """Close the connection of a client that reads nothing of what waits for it."""
        outbox, transport = self._guest.outbox, self._socket.transport
        before = (-1, 0)
        while True:
            await asyncio.sleep(self._limits.patience / 2)
            now = (outbox.taken, transport.get_write_buffer_size())
            if len(outbox) and now == before and now[1]:
                self._guest.too_slow()
            before = now

    async def _expect_hello(self) -> None:
        if not self._guest.authorized:
            await asyncio.sleep(self._limits.hello)
            if not self._guest.authorized:
                self._close_unauthorized()

    # Closing

    def _close_unauthorized(self) -> None:
        self._close_soon(UNAUTHORIZED_CLOSE, "unauthorized")

    def _close_soon(self, code: int, reason: str) -> None:
        if not self._closing:
            self._spawn(self._close(code, reason))

    async def _close(self, code: int, reason: str) -> None:
        """Close, whether the client reads or not."""
        self._closing = True
        self._guest.close()
        await close(self._socket, code, reason)

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


async def close(socket: ServerConnection, code: int, reason: str) -> None:
    """Close a socket; cut it off if the other side does not take part in that."""
    try:
        async with asyncio.timeout(CLOSING):
            await socket.close(code, reason)
    except TimeoutError:
        socket.transport.abort()
