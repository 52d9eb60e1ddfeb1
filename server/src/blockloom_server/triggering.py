"""The commands `triggers list`, `triggers fire` and `triggers next`."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import click
from blockloom.cli.installed import Installed
from blockloom.cli.reading import named, read_graph
from blockloom.cli.refusals import refusing
from blockloom.cli.speech import show, show_json
from blockloom.cli.table import table

from .asking import NotDone, ask, read_payload, server_options
from .speech import say

Rows = Sequence[Mapping[str, Any]]


@click.group(
    help=say(
        "Triggers that stand by themselves: list them, fire one, see what comes next.",
        "独立设置的触发器：列出、手动触发、查看接下来的触发时刻。",
    )
)
def triggers() -> None:
    """The group of what can be done with triggers."""


@triggers.command("list", help=say("List the triggers of a running server.", "列出正在运行的服务器上的触发器。"))
@server_options
def list_(server: str, token: str | None, as_json: bool) -> None:
    """List triggers, each with when it fires, what it does, and how it is."""
    found = ask(server, token, lambda client: client.call("trigger.list"))
    if as_json:
        show_json(found)
        return
    if not found["triggers"]:
        show(say("There are no triggers.", "没有触发器。"))
        return
    for line in table([_row(trigger) for trigger in found["triggers"]]):
        show(line)


@triggers.command(
    help=say(
        "Fire the trigger TRIGGER of a running server now, whatever its type. Status 1 where its run could not begin.",
        "立即触发正在运行的服务器上的触发器 TRIGGER，不论其类型。若无法开始运行，退出状态为 1。",
    )
)
@click.argument("trigger")
@click.option("--data", metavar="JSON", help=say("The payload.", "payload 的内容。"))
@click.option("--key", help=say("The same key again is the same firing.", "相同的 key 表示同一次触发。"))
@server_options
def fire(trigger: str, data: str | None, key: str | None, server: str, token: str | None, as_json: bool) -> None:
    """Fire a trigger, and tell which run it has started."""
    given = {"trigger": trigger, "payload": read_payload(data)} | ({} if key is None else {"key": key})
    fired = ask(server, token, lambda client: client.call("trigger.fire", **given))
    run, error = fired.get("run"), fired.get("error")
    if as_json:
        show_json(fired)
    elif run is not None:
        show(say(f"It has fired: run {run}.", f"已触发：运行 {run}。"))
    elif error is None:
        show(say(f"It has fired: {fired['state']}.", f"已触发：{fired['state']}。"))
    if run is None and error is not None:
        raise NotDone(say(f"Its run could not begin: {error['message']}", f"无法开始运行：{error['message']}"))


@triggers.command(
    "next",
    help=say(
        "List the moments at which triggers will fire: of the graph FILE from now on, or of a running server.",
        "列出触发器接下来的触发时刻：图文件 FILE 中的（从现在起），或正在运行的服务器上的。",
    ),
)
@click.argument("file", required=False)
@click.option("--trigger", metavar="ID", help=say("Only of this trigger.", "只看这个触发器。"))
@click.option("--count", type=click.IntRange(1, 1000), default=10, show_default=True, help=say("How many.", "数量。"))
@server_options
@click.pass_context
def next_(
    ctx: click.Context,
    file: str | None,
    trigger: str | None,
    count: int,
    server: str,
    token: str | None,
    as_json: bool,
) -> None:
    """List what comes next, the earliest first."""
    if file is not None:
        with refusing(as_json, named(file)):
            found = _coming(read_graph(file), ctx.ensure_object(Installed), trigger, count)
    else:
        wanted = {"count": count} | ({} if trigger is None else {"trigger": trigger})
        found = ask(server, token, lambda client: client.call("trigger.next", **wanted))["upcoming"]
    if as_json:
        show_json({"upcoming": found})
    elif not found:
        show(say("Nothing fires by time.", "没有按时间触发的触发器。"))
    else:
        for line in table([(row["time"], row["trigger"]) for row in found]):
            show(line)


def _coming(graph: Mapping[str, Any], installed: Installed, only: str | None, count: int) -> Rows:
    """The moments of the triggers in a graph; raises InvalidGraph where one is not sound, and UsageError."""
    from blockloom.check import check
    from blockloom.errors import InvalidGraph
    from blockloom.problem import errors
    from blockloom.triggers import coming

    registry = installed.plugins.registry
    if found := errors(check(graph, registry)):
        raise InvalidGraph(found)
    moments = coming(graph, registry, time.time(), count)
    if only is not None and only not in moments:
        there = ", ".join(moments) or "–"
        raise click.UsageError(
            say(f"There is no trigger {only!r}; there are: {there}.", f"没有触发器 {only!r}；已有：{there}。")
        )
    rows = [(moment, id) for id, some in moments.items() if only in (None, id) for moment in some]
    return [{"trigger": id, "time": moment} for moment, id in sorted(rows)[:count]]


def _row(trigger: Mapping[str, Any]) -> tuple[str, ...]:
    action, workflow = trigger.get("action"), trigger.get("workflow") or trigger.get("holder")
    does = str(action.get("type")) if isinstance(action, Mapping) else say(f"runs {workflow}", f"运行 {workflow}")
    if trigger.get("problem"):
        how = say(f"problem: {trigger['problem']}", f"问题：{trigger['problem']}")
    elif not trigger["enabled"]:
        how = say("disabled", "已停用")
    else:
        how = trigger.get("address") or trigger.get("next") or ""
    return trigger["id"], str(trigger.get("type")), does, how
