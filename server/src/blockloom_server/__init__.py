"""The WebSocket server of blockloom; importing it only registers its commands."""

from typing import Any

from blockloom.hookspecs import hookimpl

__all__ = ["blockloom_commands"]


@hookimpl
def blockloom_commands() -> list[Any]:
    """The commands `serve`, `emit`, `triggers`, `schema protocol`, and those of `runs` that reach a server."""
    from .commands import schema, serve
    from .emitting import emit
    from .steering import runs
    from .triggering import triggers

    return [serve, emit, triggers, schema, runs]
