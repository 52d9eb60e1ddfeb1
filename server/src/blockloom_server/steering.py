"""The commands `runs stop`, `pause`, `resume` and `retry`: told to the server that has the run, if there is one."""

import asyncio
from typing import TYPE_CHECKING, Any

import click
from blockloom.cli.archive import archive, store_option
from blockloom.cli.continuing import GoOn, continue_here
from blockloom.cli.installed import Installed
from blockloom.cli.refusals import refusing
from blockloom.engine import Engine
from blockloom.errors import WrongState
from blockloom.live import RunView
from blockloom.plugins import Plugins
from blockloom.states import RunState

from .asking import Absent, ask
from .speech import say
from .whereabouts import address_of

if TYPE_CHECKING:
    from .client import Client

_token = click.option(
    "--token",
    envvar="BLOCKLOOM_TOKEN",
    show_envvar=True,
    help=say("The server's token; on this machine it is found by itself.", "服务器的令牌；在本机上会自动找到。"),
)
_json = click.option("--json", "as_json", is_flag=True, help=say("Print one JSON document.", "输出一个 JSON 文档。"))


@click.group(help=say("Past and present runs.", "过去和现在的运行。"))
def runs() -> None:
    """What the server adds to the group of the core."""


@runs.command(help=say("End a run that a server has; what is done stays.", "结束服务器上的运行；已完成的保留。"))
@click.argument("id")
@store_option
@_token
@click.pass_obj
def stop(installed: Installed, id: str, store: str | None, token: str | None) -> None:
    """End a run."""
    _tell(installed.plugins, "run.stop", id, store, token)


@runs.command(help=say("Let a run that a server has start nothing new.", "让服务器上的运行不再启动新任务。"))
@click.argument("id")
@store_option
@_token
@click.pass_obj
def pause(installed: Installed, id: str, store: str | None, token: str | None) -> None:
    """Let a run start nothing new."""
    _tell(installed.plugins, "run.pause", id, store, token)


@runs.command(
    help=say(
        "Let a run go on that was paused or cut off: on the server that has it, else here, to its end.",
        "继续被暂停或中断的运行：若有服务器则在服务器上，否则在此处运行到结束。",
    )
)
@click.argument("id")
@store_option
@_token
@_json
@click.pass_context
def resume(ctx: click.Context, id: str, store: str | None, token: str | None, as_json: bool) -> None:
    """Let a run go on."""
    _tell_or_do(ctx, "run.resume", id, store, token, _resume(id), as_json)


@runs.command(
    help=say(
        "Let a failed run go on from what failed: on the server that has it, else here, to its end.",
        "从失败处继续失败的运行：若有服务器则在服务器上，否则在此处运行到结束。",
    )
)
@click.argument("id")
@store_option
@_token
@_json
@click.pass_context
def retry(ctx: click.Context, id: str, store: str | None, token: str | None, as_json: bool) -> None:
    """Try again what failed."""
    _tell_or_do(ctx, "run.retry", id, store, token, lambda engine: engine.retry(id), as_json)


def _resume(id: str) -> GoOn:
    async def resume(engine: Engine) -> RunView:
        view = await engine.carry_on(id)
        if view.state is RunState.PAUSED:
            await view.resume()
        return view

    return resume


def _tell_or_do(
    ctx: click.Context, method: str, id: str, url: str | None, token: str | None, go_on: GoOn, as_json: bool
) -> None:
    plugins = ctx.ensure_object(Installed).plugins
    with refusing(as_json, ""):
        told = _call(plugins, method, id, url, token)
    if told is None:
        continue_here(ctx, id, url, plugins, go_on, as_json)
    else:
        _say(told, as_json)


def _tell(plugins: Plugins, method: str, id: str, url: str | None, token: str | None) -> None:
    with refusing(False, ""):
        told = _call(plugins, method, id, url, token)
        if told is None:
            why = say("no server has it; 'runs resume' lets it go on", "没有服务器拥有它；runs resume 可使其继续")
            raise WrongState("run", id, say("not under way", "未在进行"), why)
    _say(told, False)


def _say(told: dict[str, Any], as_json: bool) -> None:
    from blockloom.codec import write_json

    if as_json:
        click.echo(write_json(told).encode(), nl=False)
    else:
        click.echo(f"{told['run']}  {told['state']}")


def _call(plugins: Plugins, method: str, id: str, url: str | None, token: str | None) -> dict[str, Any] | None:
    """What a server told of a run after a call; None if there is no server that has it."""
    if (address := asyncio.run(_server_of(plugins, id, url))) is None:
        return None
    try:
        return ask(address, token, lambda client: _steer(client, method, id))
    except Absent:  # it was killed, and could not say that it is gone
        return None


async def _server_of(plugins: Plugins, id: str, url: str | None) -> str | None:
    async with archive(url, plugins) as kept:
        return await address_of(kept.stores[await kept.holding(id)])


async def _steer(client: "Client", method: str, id: str) -> dict[str, Any]:
    await client.call(method, run=id)
    told = await client.call("run.get", run=id)
    return {"run": told["run"], "state": told["state"]}
