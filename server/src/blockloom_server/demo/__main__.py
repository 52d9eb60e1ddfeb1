"""Runs the demo: `python -m blockloom_server.demo [--port N] [--once]`."""

import asyncio
import io
import sys

import click
from blockloom import MemoryStore
from blockloom.plugins import Plugins

from ..server import DEFAULT_HOST, DEFAULT_PORT, Server
from ..serving import CannotListen, announcement, listening, stop_at_signal
from . import examples, frontend


@click.command(help="Start a server with the examples, run one of them over its WebSocket, and keep serving.")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True)
@click.option("--once", is_flag=True, help="End after the run.")
def demo(port: int, once: bool) -> None:
    """Run the demo."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    plugins = Plugins.load()
    try:
        completed = asyncio.run(_demo(Server(plugins, MemoryStore(), DEFAULT_HOST, port), port, once))
    except CannotListen as error:
        if not port:
            raise click.ClickException(str(error)) from None
        tell(f"{error}\nA free port is taken instead.")
        completed = asyncio.run(_demo(Server(plugins, MemoryStore(), DEFAULT_HOST, 0), 0, once))
    sys.exit(0 if completed else 1)


def tell(text: str) -> None:
    """Show something at once, also where stdout is no terminal."""
    print(text, flush=True)


async def _demo(server: Server, port: int, once: bool) -> bool:
    """Serve and show; whether the run completed."""
    stop = stop_at_signal()
    async with listening(server, DEFAULT_HOST, port):
        for graph in examples.graphs():
            await server.hub.create(graph)
        stopped = asyncio.create_task(stop.wait())
        shown = asyncio.create_task(frontend.show(f"ws://{DEFAULT_HOST}:{server.port}/ws", tell))
        await asyncio.wait({stopped, shown}, return_when=asyncio.FIRST_COMPLETED)
        if not shown.done():
            shown.cancel()
            return True
        completed = shown.result()
        tell(f"\n{announcement(server)}")
        if not once:
            tell("Ctrl-C ends it.")
            await stopped
        stopped.cancel()
    return completed


if __name__ == "__main__":
    demo(prog_name="python -m blockloom_server.demo")
