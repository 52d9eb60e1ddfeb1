"""The server: one port, the page and the WebSocket on it, one engine behind them."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final

from blockloom.plugins import Plugins
from blockloom.store import Store
from websockets.asyncio.server import Server as SocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from .connection import Connection, close
from .gate import Gate
from .hub import Hub
from .limits import Limits
from .site import Site, not_allowed, reply
from .version import SUBPROTOCOL

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8765

_ANSWERED: Final = (b"GET", b"HEAD")


class Socket(ServerConnection):
    """A connection of the websockets library that also answers what the library would drop: a request with a body."""

    def data_received(self, data: bytes) -> None:
        """Take what came; refuse a method that there is not before its body is looked at."""
        method = data.partition(b" ")[0]
        if self.request is None and method.isalpha() and method.isupper() and method not in _ANSWERED:
            if not self.transport.is_closing():
                self.transport.write(not_allowed().serialize())
                self.transport.close()
            return
        super().data_received(data)


class Server:
    """A server that listens from `async with` on, until that ends. Port 0 is any free one."""

    def __init__(
        self,
        plugins: Plugins,
        store: Store,
        host: str = DEFAULT_HOST,
        port: int = DEFAULT_PORT,
        token: str | None = None,
        limits: Limits | None = None,
        listeners: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._plugins = plugins
        self._store = store
        self._host = host
        self._port = port
        self._token = token
        self._listeners = listeners

    async def __aenter__(self) -> "Server":
        self.hub = Hub(self._plugins, self._store, listening=self._listeners)
        self._site = Site(self.hub, Gate(self._host))
        try:
            await self.hub.open()
            self._listening = await self._listen()
        except BaseException:
            await self.hub.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening, close every connection (1001), and end what runs."""
        listening = self._listening
        listening.close(close_connections=False)
        closing = [close(socket, 1001, "the server stops") for socket in listening.connections]
        await asyncio.gather(*closing, return_exceptions=True)
        await listening.wait_closed()
        await self.hub.close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        found: int = self._listening.sockets[0].getsockname()[1]
        return found

    @property
    def addresses(self) -> Sequence[str]:
        """Where its page is, as `http://127.0.0.1:8765/`."""
        return [_address(*socket.getsockname()[:2]) for socket in self._listening.sockets]

    async def _listen(self) -> SocketServer:
        return await serve(
            self._converse,
            self._host or None,
            self._port,
            process_request=self._answer,
            select_subprotocol=_choose,
            max_size=self.limits.message,
            compression=None,
            server_header=None,
            create_connection=Socket,
            logger=_quiet(),
        )

    async def _converse(self, socket: ServerConnection) -> None:
        await Connection(socket, self.hub, self.limits, self._token).converse()

    def _answer(self, socket: ServerConnection, request: Request) -> Response | None:
        response = self._site.answer(request)
        if response is None and len(self._listening.connections) >= self.limits.clients:
            return reply(503, "There are too many clients; try again later.\n")
        return response


def _choose(socket: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """The subprotocol, where the client offers it; a client need not."""
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _quiet() -> Any:
    """A logger for the library that leaves out what clients do."""
    logger = logging.getLogger(f"{__name__}.sockets")
    logger.setLevel(logging.ERROR)
    return logger
