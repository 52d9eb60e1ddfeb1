"""Connects to nothing but addresses that were found to be allowed: each name is resolved once, checked, and used."""

import asyncio
import os
import socket
from collections.abc import Iterable
from typing import Any

import httpcore2
import httpx2
from blockloom import TaskFailed

from .addresses import VARIABLE, is_outside, read_address, read_exemptions

CONNECTING = 10.0
"""Seconds for one address."""


class Guard(httpcore2.AsyncNetworkBackend):
    """Resolves the names of a client's connections itself, so that no name can mean one thing now and another later."""

    def __init__(self) -> None:
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address of a host that answers; raises TaskFailed where one of them is forbidden."""
        failure: Exception | None = None
        for address in await self._addresses(host, port):
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address=local_address, socket_options=socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError(f"{host} has no address")

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.AsyncNetworkStream:
        """Refuse: no address leads there."""
        raise TaskFailed("forbidden-address", "A socket of this machine cannot be called.", retry=False)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"the name {host!r} is not known ({error})") from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            _refuse_forbidden(host, address, port)
        return addresses


def _refuse_forbidden(host: str, address: str, port: int) -> None:
    read = read_address(address)
    if is_outside(read) or any(exempt.covers(read, port) for exempt in _exemptions()):
        return
    where = host if host == address else f"{host} ({address})"
    raise TaskFailed(
        "forbidden-address",
        f"{where} is an address of this machine or of a private network, which is not called. "
        f"Whoever runs the server may allow it: {VARIABLE}={address}:{port}.",
        retry=False,
    )


def _exemptions() -> Any:
    try:
        return read_exemptions(os.environ.get(VARIABLE, ""))
    except ValueError as error:
        raise TaskFailed(
            "forbidden-address", f"The variable {VARIABLE} cannot be read: {error}.", retry=False
        ) from None


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """The usual transport, whose connections a Guard makes; no proxy stands between."""

    def __init__(self) -> None:
        super().__init__()
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=httpx2.create_ssl_context(),
            max_connections=1000,
            max_keepalive_connections=100,
            keepalive_expiry=15.0,
            network_backend=Guard(),
        )
