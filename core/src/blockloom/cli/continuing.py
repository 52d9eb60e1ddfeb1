"""Lets a run that is kept go on in this process, to its end, for commands that do so."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import redirect_stdout

import click

from ..engine import Engine
from ..live import RunView
from ..plugins import Plugins
from ..states import RunState
from .archive import to_write
from .refusals import refusing
from .result import show_result
from .running import see_through
from .speech import show_json

GoOn = Callable[[Engine], Awaitable[RunView]]
"""Has an engine take up a run."""


def continue_here(ctx: click.Context, id: str, url: str | None, plugins: Plugins, go_on: GoOn, as_json: bool) -> None:
    """Let a run go on to its end, show what came of it, and exit as `run` does."""
    with refusing(as_json, ""):
        view = asyncio.run(_continue(id, url, plugins, go_on))
    if as_json:
        show_json(view.to_json())
    else:
        show_result(view)
    ctx.exit(0 if view.state is RunState.COMPLETED else 1)


async def _continue(id: str, url: str | None, plugins: Plugins, go_on: GoOn) -> RunView:
    with redirect_stdout(sys.stderr):
        async with to_write(id, url, plugins) as store, Engine(plugins, store, owns_store=False) as engine:
            return await see_through(await go_on(engine), id)
