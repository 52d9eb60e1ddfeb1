"""Runs a server from the command line: until a signal ends it."""

import asyncio
import errno
import logging
import os
import signal
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from blockloom.cli.sandbox import hold_sandbox
from blockloom.cli.storing import Chosen, choose
from blockloom.errors import BadUsage
from blockloom.finding import Finding
from blockloom.plugins import Plugins
from blockloom.retention import forget_old
from blockloom.store import Store

from .gate import is_loopback
from .limits import Limits
from .lines import Formatter
from .server import DEFAULT_HOST, DEFAULT_PORT, Server
from .speech import say
from .tokenfile import make_token, place
from .whereabouts import announce, withdraw

AT_MOST: Final = 9.5
"""Seconds from the first signal to the end, whatever does not want to end."""

INTERRUPTED: Final = 130
"""Exit status after a second signal."""


class CannotListen(Exception):
    """The address cannot be listened on, with a sentence that says why."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        where = f"{host}:{port}"
        if error.errno == errno.EADDRINUSE:
            why = say(
                f"{where} is in use by another program; choose another --port (0 is any free one).",
                f"{where} 已被其他程序占用；请换一个 --port（0 表示任意空闲端口）。",
            )
        else:
            reason = error.strerror or str(error)
            why = say(f"It is not possible to listen on {where}: {reason}.", f"无法监听 {where}：{reason}。")
        super().__init__(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a server is started with."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    store_url: str | None = None
    keep: float | None = None
    """Seconds for which runs that are over are kept; without end where it is None."""
    token: str | None = None
    limits: Limits | None = None
    names: Sequence[str] = ()
    origins: Sequence[str] = ()
    certificate: str | None = None
    key: str | None = None
    require_sandbox: str | None = None
    listeners: Mapping[str, Mapping[str, Any]] | None = None


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; raises CannotListen, SandboxMissing, BadUsage, or BlockloomError for the store."""
    token = settings.token
    if token is None and not is_loopback(settings.host):
        token = make_token()
        note(say(f"The token that clients must show is in {place()}.", f"客户端必须出示的令牌保存在 {place()}。"))
    tls = _tls(settings.certificate, settings.key)
    plugins = Plugins.load()
    hold_sandbox(settings.require_sandbox, plugins)
    kept = choose(settings.store_url, plugins)
    server = Server(
        plugins,
        kept.store,
        settings.host,
        settings.port,
        token,
        settings.limits,
        settings.listeners,
        names=settings.names,
        origins=settings.origins,
        tls=tls,
    )
    _log_lines()
    _allow_many_files()
    asyncio.run(_serve(server, kept, settings))


async def _serve(server: Server, kept: Chosen, settings: Settings) -> None:
    stop = stop_at_signal(AT_MOST)
    await kept.gather()
    async with listening(server, settings.host, settings.port), _keeping(kept.store, server, settings):
        note(announcement(server))
        if missing := [finding for finding in await server.hub.sandbox() if finding.state != "ok"]:
            note(warning(missing))
        await stop.wait()
        await server.drain()


@asynccontextmanager
async def _keeping(store: Store, server: Server, settings: Settings) -> AsyncIterator[None]:
    """Say in the store where the server is, for commands beside it, and forget what is old there."""
    await announce(store, server.addresses[0])
    forgetting = asyncio.create_task(forget_old(store, settings.keep)) if settings.keep is not None else None
    try:
        yield
    finally:
        if forgetting is not None:
            forgetting.cancel()
        await withdraw(store)


def note(text: str) -> None:
    """Tell the person who runs the server."""
    print(text, file=sys.stderr, flush=True)


def announcement(server: Server) -> str:
    """One line that says where the server is."""
    pages = server.addresses
    sockets = [f"ws{page.removeprefix('http')}ws" for page in pages]
    return say(
        f"blockloom listens: {' '.join(pages)} (WebSocket: {' '.join(sockets)})",
        f"blockloom 正在监听：{' '.join(pages)}（WebSocket：{' '.join(sockets)}）",
    )


def warning(missing: Sequence[Finding]) -> str:
    """One line that says which layers of the sandbox are missing."""
    names = ", ".join(finding.name for finding in missing)
    return say(
        f"Warning: the sandbox is not complete: {names}. See 'blockloom doctor'.",
        f"警告：沙箱不完整：{names}。见 blockloom doctor。",
    )


@asynccontextmanager
async def listening(server: Server, host: str, port: int) -> AsyncIterator[Server]:
    """A server that listens; raises CannotListen."""
    try:
        await server.__aenter__()
    except OSError as error:
        raise CannotListen(host, port, error) from None
    try:
        yield server
    finally:
        await server.__aexit__(None, None, None)


def stop_at_signal(at_most: float | None = None) -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets; a second signal ends the process at once, as does the end of the time.

    What is not done by then is as it is recorded: a kill does no harm.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stopping() -> None:
        stop.set()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)
            signal.signal(each, lambda number, frame: _end(INTERRUPTED))
        if at_most is not None:
            timer = threading.Timer(at_most, _end, [0])
            timer.daemon = True
            timer.start()

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopping)
    return stop


def _end(status: int) -> NoReturn:
    """End the process, whatever it is doing."""
    logging.shutdown()
    os._exit(status)


def _tls(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    """What makes the connections secret; raises BadUsage."""
    if certificate is None:
        return None
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        made.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        files = certificate if key is None else f"{certificate}, {key}"
        why = say(f"The certificate cannot be used ({files}): {error}.", f"证书无法使用（{files}）：{error}。")
        raise BadUsage(why) from None
    return made


def _log_lines() -> None:
    """Write the log to stderr, a line of JSON for everything that happened."""
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("blockloom_server").setLevel(logging.INFO)


def _allow_many_files() -> None:
    """Let the process have as many connections open as the system lets it."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
