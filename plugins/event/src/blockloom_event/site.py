"""The port on which webhooks are posted: HTTP/1.1 by h11, one request a connection."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Any, Final, NoReturn
from urllib.parse import unquote

import h11
from blockloom import BadUsage, BadValue, BlockloomError, Fire, WrongState
from pydantic import BaseModel, ConfigDict, Field

from .guard import Guard, Refused
from .wire import LARGEST_HEAD, Exchange, TooLarge

PATIENCE: Final = 10.0
"""Seconds in which a request must have come."""

MOST_CONNECTIONS: Final = 200
"""Connections at a time; more are turned away."""


class Settings(BaseModel):
    """Where webhooks are posted, and who may: off this machine a token is needed."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8766
    token: str | None = None
    largest: Annotated[int, Field(ge=1)] = 1024 * 1024
    """Bytes of the largest body that is taken."""
    certificate: str | None = None
    """A file; with one it is https."""
    key: str | None = None
    """The certificate's key, if it is in another file."""


class Site:
    """Listens on one port for the webhooks of an engine, by their paths."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._guard = Guard(settings.host, settings.token)
        self._webhooks: dict[str, Fire] = {}
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen; raises OSError where the address cannot be had, BadUsage where the certificate cannot be used."""
        settings, secret = self._settings, None
        if settings.certificate is not None:
            secret = _secret(settings.certificate, settings.key)
        in_time = None if secret is None else PATIENCE
        self._server = await asyncio.start_server(
            self._connected,
            settings.host,
            settings.port,
            limit=LARGEST_HEAD,
            ssl=secret,
            ssl_handshake_timeout=in_time,
        )

    async def close(self) -> None:
        """Listen no more; what is being answered is cut off."""
        self._server.close()
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections)
        await self._server.wait_closed()

    @property
    def address(self) -> str:
        """Where it is, as `http://127.0.0.1:8766`."""
        host, port = self._server.sockets[0].getsockname()[:2]
        scheme = "http" if self._settings.certificate is None else "https"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    def add(self, path: str, fire: Fire) -> None:
        """Let posts to a path fire; raises BadUsage where another trigger has it."""
        if path in self._webhooks:
            raise BadUsage(f"The path {path} belongs to the trigger {self._webhooks[path].trigger!r} already.")
        self._webhooks[path] = fire

    def remove(self, path: str) -> None:
        """Take a path away."""
        del self._webhooks[path]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        exchange = Exchange(reader, writer)
        try:
            with suppress(ConnectionError):
                await exchange.answer(*await self._answered(exchange))
        finally:
            self._connections.discard(task)
            await exchange.close()

    async def _answered(self, exchange: Exchange) -> tuple[int, Mapping[str, Any], Mapping[str, str]]:
        """The status of the answer, its JSON, and more headers."""
        try:
            if len(self._connections) > MOST_CONNECTIONS:
                raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "There are too many connections; try again later.")
            async with asyncio.timeout(PATIENCE):
                request = await exchange.request()
                fire = self._find(request)
                payload = _read(await exchange.body(self._settings.largest))
            return await _fire(fire, payload, Exchange.header(request, b"idempotency-key"))
        except Refused as refused:
            return refused.status, {"error": refused.why}, refused.headers
        except TooLarge:
            why = f"A webhook takes {self._settings.largest} bytes at most."
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": why}, {}
        except TimeoutError:
            return HTTPStatus.REQUEST_TIMEOUT, {"error": "The request did not come in time."}, {}
        except h11.RemoteProtocolError as error:
            return error.error_status_hint, {"error": f"This is not HTTP/1.1: {error}."}, {}

    def _find(self, request: h11.Request) -> Fire:
        """Whose request it is; raises Refused."""
        self._guard.check(request)
        fire = self._webhooks.get(unquote(request.target.decode("ascii").partition("?")[0]))
        if fire is None:
            raise Refused(HTTPStatus.NOT_FOUND, "No webhook is here.")
        if request.method != b"POST":
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "A webhook is posted.", {"Allow": "POST"})
        type = (Exchange.header(request, b"content-type") or "").partition(";")[0].strip().lower()
        if type != "application/json" and not (type.startswith("application/") and type.endswith("+json")):
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A webhook takes JSON: Content-Type: application/json.")
        length = Exchange.header(request, b"content-length")
        if length is not None and int(length) > self._settings.largest:
            raise TooLarge
        return fire


def _secret(certificate: str, key: str | None) -> ssl.SSLContext:
    """What makes the connections secret; raises BadUsage."""
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        made.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        files = certificate if key is None else f"{certificate}, {key}"
        raise BadUsage(f"The certificate of the webhooks cannot be used ({files}): {error}.") from None
    return made


def _read(body: bytes) -> Any:
    """The JSON of a body; raises Refused."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"The body is not JSON: {error}"[:500]) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


async def _fire(fire: Fire, payload: Any, key: str | None) -> tuple[int, Mapping[str, Any], Mapping[str, str]]:
    """Fire, and tell of the firing and its run."""
    try:
        receipt = await fire(payload, key)
    except BadValue as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"The body is not JSON that can be kept: {error.message}") from None
    except WrongState:
        raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "The server is about to stop; try again later.") from None
    except BlockloomError as error:
        raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, error.message) from None
    told = {"firing": receipt.firing, "run": receipt.run, "state": receipt.state}
    if receipt.run is None and receipt.error is not None:
        return HTTPStatus.UNPROCESSABLE_ENTITY, {**told, "error": receipt.error["message"]}, {}
    return HTTPStatus.ACCEPTED, told, {}
