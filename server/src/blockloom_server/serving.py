"""Runs a server from the command line: until a signal ends it."""

import asyncio
import errno
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from blockloom.cli.sandbox import hold_sandbox
from blockloom.cli.storing import Chosen, choose
from blockloom.finding import Finding
from blockloom.plugins import Plugins

from .limits import Limits
from .server import Server
from .speech import say


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


def run(
    host: str,
    port: int,
    store_url: str | None,
    token: str | None,
    max_message: int,
    require_sandbox: str | None = None,
    listeners: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; raises CannotListen, SandboxMissing, or BlockloomError for the store."""
    plugins = Plugins.load()
    hold_sandbox(require_sandbox, plugins)
    kept = choose(store_url, plugins)
    server = Server(plugins, kept.store, host, port, token, Limits(message=max_message), listeners)
    asyncio.run(_serve(server, kept, host, port))


async def _serve(server: Server, kept: Chosen, host: str, port: int) -> None:
    stop = stop_at_signal()
    await kept.gather()
    async with listening(server, host, port):
        print(announcement(server), file=sys.stderr, flush=True)
        if missing := [finding for finding in await server.hub.sandbox() if finding.state != "ok"]:
            print(warning(missing), file=sys.stderr, flush=True)
        await stop.wait()


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


def stop_at_signal() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets; a second signal ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)

    def stopping() -> None:
        stop.set()
        for each in signals:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)

    for each in signals:
        loop.add_signal_handler(each, stopping)
    return stop
