"""The server: one port, the page and the WebSocket on it, one engine behind them."""

import asyncio
import logging
import ssl
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from socket import SO_SNDBUF, SOL_SOCKET
from types import TracebackType
from typing import Any, ClassVar, Final

from blockloom.plugins import Plugins
from blockloom.store import Store
from blockloom.watchdog import Watchdog
from websockets.asyncio.server import Server as SocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import InvalidMessage
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from .connection import BEYOND, Connection
from .gate import Gate
from .hub import Hub
from .installed import watch_what_is_installed
from .limits import Limits
from .site import Site, not_allowed, reply
from .version import SUBPROTOCOL

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8765

LAST_WORDS: Final = 2.0
"""Seconds in which clients are sent what waits for them, when the server stops."""

HANDSHAKE: Final = 10.0
"""Seconds in which TLS must have been agreed upon."""

SPARE: Final = 100
"""Connections beyond the clients: requests for the page, and those who are told that there are too many."""

IN_THE_SYSTEM: Final = 128 * 1024
"""Bytes that the system keeps for a client that does not read; left to itself, it takes megabytes for each."""

_ANSWERED: Final = (b"GET", b"HEAD")


class Socket(ServerConnection):
    """A connection of the websockets library that also answers what the library would drop: no sound request."""

    most = 0
    """How many there may be, whatever they do."""
    silent: ClassVar[dict["Socket", None]] = {}
    """Those of a server that have not said yet what they want, the oldest first."""
    _told = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; beyond all bounds, the one that has been silent longest makes room."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, IN_THE_SYSTEM)
        self.silent[self] = None
        if len(self.server.handler_tasks) > self.most:
            longest = next(iter(self.silent))
            del self.silent[longest]
            longest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.silent.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; refuse a method that there is not before its body is looked at."""
        method = data.partition(b" ")[0]
        if self.request is None and method.isalpha() and method.isupper() and method not in _ANSWERED:
            if not self.transport.is_closing():
                self.transport.write(not_allowed().serialize())
                self.transport.close()
            return
        super().data_received(data)
        if self.request is not None:
            self.silent.pop(self, None)

    def send_data(self) -> None:
        """Send what there is; the library hangs up on what is not HTTP, which is told before."""
        if self.request is None and self.protocol.handshake_exc is not None and not self._told:
            self._told = True
            if isinstance(self.protocol.handshake_exc, InvalidMessage) and not self.transport.is_closing():
                self.transport.write(reply(400, "This is not a request of HTTP/1.1 without a body.\n").serialize())
        super().send_data()


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
        *,
        names: Iterable[str] = (),
        origins: Iterable[str] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._plugins = plugins
        self._store = store
        self._host = host
        self._port = port
        self._token = token
        self._listeners = listeners
        self._gate = Gate(host, names, origins)
        self._tls = tls
        self._connections: dict[Connection, str] = {}
        self._ids = count(1)

    async def __aenter__(self) -> "Server":
        self.hub = Hub(self._plugins, self._store, listening=self._listeners)
        self._site = Site(self.hub, self._gate, self._token, "wss" if self._tls else "ws")
        self._show()
        try:
            await self.hub.open()
            self._listening = await self._listen()
        except BaseException:
            await self.hub.close()
            raise
        self._pulse = asyncio.create_task(self.hub.metrics.watch_the_loop())
        self._watchdog = Watchdog(self._plugins)
        self._watchdog.start()
        self._kinds = asyncio.create_task(watch_what_is_installed(self._plugins, self.hub.notices))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening, leave what runs as it is recorded, and close every connection (1001)."""
        self.hub.draining = True
        self._pulse.cancel()
        self._kinds.cancel()
        self._watchdog.stop()
        self._listening.close(close_connections=False)
        for connection in self._connections:
            connection.hush()
        await self.hub.close()
        leaving = [one.leave(CloseCode.GOING_AWAY, "the server stops", LAST_WORDS) for one in self._connections]
        await asyncio.gather(*leaving, return_exceptions=True)
        await self._listening.wait_closed()

    async def drain(self) -> None:
        """Let nobody in and begin nothing new, while tasks that run may end, for as long as the limits say."""
        self.hub.draining = True
        self._listening.close(close_connections=False)
        await self.hub.engine.triggers.rest()
        await self.hub.engine.drain(self.limits.drain)

    @property
    def port(self) -> int:
        """The port it listens on."""
        found: int = self._listening.sockets[0].getsockname()[1]
        return found

    @property
    def addresses(self) -> Sequence[str]:
        """Where its page is, as `http://127.0.0.1:8765/`."""
        scheme = "https" if self._tls else "http"
        return [_address(scheme, *socket.getsockname()[:2]) for socket in self._listening.sockets]

    async def _listen(self) -> SocketServer:
        return await serve(
            self._converse,
            self._host or None,
            self._port,
            process_request=self._answer,
            select_subprotocol=_choose,
            max_size=self.limits.message + BEYOND,
            compression=None,
            server_header=None,
            create_connection=type("Socket", (Socket,), {"most": self.limits.clients + SPARE, "silent": {}}),
            logger=_quiet(),
            ssl=self._tls,
            ssl_handshake_timeout=HANDSHAKE if self._tls else None,
        )

    async def _converse(self, socket: ServerConnection) -> None:
        hub, loop = self.hub, asyncio.get_running_loop()
        client, address, began = f"c{next(self._ids)}", _peer(socket), loop.time()

        def over(connection: Connection) -> None:
            sent, dropped = connection.guest.outbox.taken, connection.guest.outbox.dropped
            seconds = round(loop.time() - began, 3)
            code = connection.ending or socket.close_code
            hub.metrics.closed(code, sent, dropped)
            facts = {"code": code, "seconds": seconds, "sent": sent, "dropped": dropped or None}
            hub.lines.tell("connection.closed", address, client=client, address=address, **facts)

        connection = Connection(socket, hub, self.limits, self._token, over)
        self._connections[connection] = address
        hub.metrics.opened()
        hub.lines.tell("connection.opened", address, client=client, address=address)
        try:
            await connection.converse()
        finally:
            del self._connections[connection]

    async def _answer(self, socket: ServerConnection, request: Request) -> Response | None:
        response = await self._site.answer(request)
        address = _peer(socket)
        if response is None and self._full(address):
            response = reply(503, "There are too many clients; try again later.\n")
        if response is not None and response.status_code >= 400:
            status, path = response.status_code, request.path.partition("?")[0][:200]
            self.hub.metrics.turned_away(status)
            self.hub.lines.tell("request.refused", address, address=address, status=status, path=path)
        return response

    def _full(self, address: str) -> bool:
        """Whether there are as many clients as there may be, in all or from one address."""
        if len(self._connections) >= self.limits.clients:
            return True
        return sum(other == address for other in self._connections.values()) >= self.limits.address

    def _show(self) -> None:
        """The figures of the moment about connections."""
        show, each = self.hub.metrics.show, self._connections
        show("blockloom_connections", lambda: sum(one.ending is None for one in each))
        show("blockloom_subscriptions", lambda: sum(one.guest.subscriptions for one in each))
        show("blockloom_messages_waiting", lambda: sum(len(one.guest.outbox) for one in each))


def _choose(socket: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """The subprotocol, where the client offers it; a client need not."""
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None


def _peer(socket: ServerConnection) -> str:
    """The address of a client, without its port."""
    peer = socket.remote_address
    return str(peer[0]) if peer else "unknown"


def _address(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"


def _quiet() -> Any:
    """A logger for the library that leaves out what clients do."""
    logger = logging.getLogger(f"{__name__}.sockets")
    logger.setLevel(logging.ERROR)
    return logger
