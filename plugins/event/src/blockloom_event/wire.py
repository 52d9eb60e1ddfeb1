"""One request on one connection, and its answer."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from email.utils import formatdate
from typing import Any, Final

import h11

LARGEST_HEAD: Final = 16 * 1024
"""Bytes of the largest head of a request."""

CHUNK: Final = 64 * 1024
"""Bytes that are read at a time."""

LINGER: Final = 1.0
"""Seconds in which what a client still sends is read, so that it gets the answer."""


class TooLarge(Exception):
    """The body is larger than was wanted."""


class Exchange:
    """Reads one request and writes one answer. Raises h11.RemoteProtocolError for what is not HTTP."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)

    @staticmethod
    def header(request: h11.Request, name: bytes) -> str | None:
        """One header of a request; None where it is missing."""
        found = (value for given, value in request.headers if given == name)
        value = next(found, None)
        return None if value is None else value.decode("latin-1")

    async def request(self) -> h11.Request:
        """The head of the request."""
        event = await self._next()
        if not isinstance(event, h11.Request):
            raise ConnectionResetError("the client went away")
        return event

    async def body(self, largest: int) -> bytes:
        """The body of the request; raises TooLarge."""
        if self._http.they_are_waiting_for_100_continue:
            await self._send(h11.InformationalResponse(status_code=100, headers=[]))
        parts, size = [], 0
        while isinstance(event := await self._next(), h11.Data):
            size += len(event.data)
            if size > largest:
                raise TooLarge
            parts.append(bytes(event.data))
        return b"".join(parts)

    async def answer(self, status: int, told: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        """Send the answer, as JSON."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        body = json.dumps(told, ensure_ascii=False).encode() + b"\n"
        all_of_them = {
            "Date": formatdate(usegmt=True),
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **headers,
        }
        await self._send(h11.Response(status_code=status, headers=list(all_of_them.items())))
        await self._send(h11.Data(data=body))
        await self._send(h11.EndOfMessage())

    async def close(self) -> None:
        """Say goodbye; what the client still sends is read for a moment, else it might not see the answer."""
        with suppress(OSError, TimeoutError):
            if self._writer.can_write_eof():
                self._writer.write_eof()
            async with asyncio.timeout(LINGER):
                while await self._reader.read(CHUNK):
                    pass
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _next(self) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(CHUNK))
        return event

    async def _send(self, event: Any) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)
            await self._writer.drain()
