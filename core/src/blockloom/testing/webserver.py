"""A web server that answers as a test says, over real HTTP on loopback: at once, slowly, in pieces, cut off, never."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import responses
from typing import Any, Final, NamedTuple, Self, TypeAlias

from .aside import PATIENCE, Gate


class Asked(NamedTuple):
    """One request as it came; names of headers are in small letters."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How a request is answered.

    `body` is bytes, text, or anything that JSON can say. With `pieces` it is sent in these, with `pause` seconds after
    each; a Gate among them is waited for. With `cut` the connection is closed before the end. With `never` nothing
    comes after the pieces, not even the end.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = b""
    pieces: Sequence[str | bytes | Gate] | None = None
    pause: float = 0.0
    cut: bool = False
    never: bool = False


Answer: TypeAlias = Reply | Callable[[Asked], Reply]
"""A reply, or what makes it of a request."""

NOTHING: Final = Reply(status=501, body="The test has given this server no answers: see ScriptedServer.script.")


class ScriptedServer:
    """Answers each request with the next of its answers; the last one again and again. Without any it answers 501.

    `asked` lists the requests; `most` is how many were under way at one time; `dropped` counts the clients that went
    away before the end of a reply. Open it with `async with`, or with `in_background` where there is no event loop.
    """

    def __init__(self, *answers: Answer) -> None:
        self.port = 0
        self.script(*answers)
        self._under_way = 0
        self._changed = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()

    def script(self, *answers: Answer) -> None:
        """Begin anew with these answers, as if nothing had been asked yet."""
        self.answers = list(answers)
        self.asked: list[Asked] = []
        self.most = self.dropped = 0

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    async def until(self, holds: Callable[["ScriptedServer"], object]) -> None:
        """Wait until something is true of it, such as `lambda server: server.dropped`."""
        while not holds(self):
            self._changed.clear()
            await self._changed.wait()

    def wait_until(self, holds: Callable[["ScriptedServer"], object], seconds: float = PATIENCE) -> None:
        """The same for a test that has no event loop; raises TimeoutError."""
        asyncio.run_coroutine_threadsafe(self.until(holds), self._loop).result(seconds)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            self._connections.discard(connection)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection."""
        asked = await _read(reader)
        self.asked.append(asked)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1] if self.answers else NOTHING
        reply = answer(asked) if callable(answer) else answer
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        self._changed.set()
        sending = asyncio.ensure_future(_send(reply, writer))
        leaving = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            self.dropped += not sending.done()
        finally:
            self._under_way -= 1
            self._changed.set()
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    if headers.get("transfer-encoding") == "chunked":
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    return Asked(method, target, headers, body)


async def _send(reply: Reply, writer: asyncio.StreamWriter) -> None:
    body = reply.body if isinstance(reply.body, str | bytes) else json.dumps(reply.body)
    pieces = [body] if reply.pieces is None else reply.pieces
    whole = b"".join(_bytes(piece) for piece in pieces if not isinstance(piece, Gate))
    chunked = reply.pieces is not None
    kind = "text/plain" if isinstance(reply.body, str | bytes) else "application/json"
    headers = {"content-type": kind, "connection": "close"}
    headers |= {name.lower(): value for name, value in reply.headers.items()}
    headers |= {"transfer-encoding": "chunked"} if chunked else {"content-length": str(len(whole) + reply.cut)}
    lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}", *(f"{n}: {v}" for n, v in headers.items())]
    if not (reply.never and not whole):
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    for piece in pieces:
        if isinstance(piece, Gate):
            await piece.passed()
            continue
        if not (data := _bytes(piece)):
            continue
        writer.write(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
        await writer.drain()
        if reply.pause:
            await asyncio.sleep(reply.pause)
    if reply.never:
        await asyncio.Event().wait()
    if chunked and not reply.cut:
        writer.write(b"0\r\n\r\n")
    await writer.drain()


def _bytes(piece: str | bytes) -> bytes:
    return piece.encode() if isinstance(piece, str) else piece


def _phrase(status: int) -> str:
    return responses.get(status, "Odd")
