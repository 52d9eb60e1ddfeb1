"""A client of the server: calls, one after the other, and the events that come between their answers."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

from blockloom.values import copy_value
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from .version import PROTOCOL, SUBPROTOCOL


class Refused(Exception):
    """A call that the server refused: the code, the sentence, and the facts of its error."""

    def __init__(self, method: str, error: Mapping[str, Any]) -> None:
        super().__init__(f"{method}: {error['message']}")
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: Mapping[str, Any] = error.get("data", {})


def write_call(id: int | str, method: str, params: Mapping[str, Any]) -> str:
    """A call as text; raises BadValue for what JSON cannot say."""
    return json.dumps(copy_value({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))


class Remote:
    """A session with a server."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._ids = count(1)
        self._events: deque[dict[str, Any]] = deque()

    @property
    def pending(self) -> int:
        """How many events have come and were not yet taken."""
        return len(self._events)

    async def call(self, method: str, /, **params: Any) -> Any:
        """The result of a call; raises Refused, and BadValue for params that JSON cannot say."""
        id = next(self._ids)
        await self.socket.send(write_call(id, method, params))
        while "method" in (answer := await self._next()):
            self._events.append(answer["params"])
        if "error" in answer:
            raise Refused(method, answer["error"])
        return answer["result"]

    async def event(self) -> dict[str, Any]:
        """The next event."""
        return self._events.popleft() if self._events else (await self._next())["params"]

    async def close(self) -> None:
        """Take leave; what is still to come is read and dropped, for nothing is read from a connection that is full."""
        leaving = asyncio.ensure_future(self.socket.close())
        with suppress(ConnectionClosed):
            while True:
                await self.socket.recv()
        await leaving

    async def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self.socket.recv())
        return message


async def open_session(address: str, token: str | None = None) -> Remote:
    """A session with the server at `address`, such as `ws://127.0.0.1:8765/ws`, opened with its token."""
    # No proxy: what the environment names for the web does not lead to this machine.
    socket = await connect(address, subprotocols=[Subprotocol(SUBPROTOCOL)], max_size=None, proxy=None)
    try:
        remote = Remote(socket)
        await remote.call("session.hello", protocol=PROTOCOL, **({} if token is None else {"token": token}))
    except BaseException:
        await socket.close()
        raise
    return remote


@asynccontextmanager
async def session(address: str, token: str | None = None) -> AsyncIterator[Remote]:
    """A session with the server, closed at the end; see `open_session`."""
    remote = await open_session(address, token)
    try:
        yield remote
    finally:
        await remote.close()
