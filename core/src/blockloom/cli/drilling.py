"""The command `drill`: whether a graph survives its process, wherever that ends."""

import asyncio
import sys
from contextlib import redirect_stdout

import click

from ..drill import Flaw, Report, drill
from ..words import both, tell
from .given import input_options, inputs_of
from .installed import Installed
from .reading import named, read_graph, read_pairs
from .refusals import refusing
from .speech import paint, say, show, show_json

_WHAT = {
    "lost": both("lost", "丢失"),
    "doubled": both("doubled", "重复"),
    "changed": both("changed", "改变"),
    "hangs": both("does not end", "没有结束"),
}


@click.command(
    "drill",
    help=say(
        "Run GRAPH once, then again for each of its events, the process killed right after that event is on record; "
        "carry each of those runs on, and report what is lost, doubled or changed. Its tasks really run, many "
        "times.\n\nExit status: 0 where all came to the same, 1 where something did not, 2 where the graph or the "
        "inputs are wrong.",
        "先运行一次 GRAPH，再针对它的每个事件各运行一次：该事件一经记录就杀死进程，然后接着运行，"
        "并报告丢失、重复或改变的内容。其中的任务会真的运行许多次。\n\n"
        "退出状态：0 结果都相同，1 有不同，2 图或输入有误。",
    ),
)
@click.argument("graph")
@input_options
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=100,
    metavar="N",
    help=say("Kills at most, evenly apart; 100 if not given.", "最多杀死多少次，均匀分布；默认 100。"),
)
@click.option("--json", "as_json", is_flag=True, help=say("Print one JSON document.", "输出一个 JSON 文档。"))
@click.pass_context
def drill_command(
    ctx: click.Context, graph: str, pairs: tuple[str, ...], file: str | None, most: int, as_json: bool
) -> None:
    """Kill a graph after each of its events, and see what becomes of it."""
    given = read_pairs(pairs)
    with refusing(as_json, named(graph)):
        document = read_graph(graph)
    inputs = inputs_of(file, given, as_json)
    with refusing(as_json, named(graph)), redirect_stdout(sys.stderr):
        report = asyncio.run(drill(document, inputs, ctx.ensure_object(Installed).plugins, most))
    if as_json:
        show_json(_told(report))
    else:
        _show(named(graph), report)
    ctx.exit(1 if report.flaws else 0)


def _told(report: Report) -> dict[str, object]:
    flaws = [flaw.to_json() for flaw in report.flaws]
    return {"state": report.state.value, "events": report.events, "kills": report.kills, "flaws": flaws}


def _show(name: str, report: Report) -> None:
    for flaw in report.flaws:
        show(_line(flaw))
    counts = {what: sum(flaw.what == what for flaw in report.flaws) for what in _WHAT}
    told = ", ".join(f"{count} {tell(_WHAT[what])}" for what, count in counts.items())
    show(
        say(
            f"{name}: {report.state.value} after {report.events} events; killed {report.kills} times: {told}",
            f"{name}：{report.events} 个事件后为 {report.state.value}；被杀死 {report.kills} 次：{told}",
        )
    )


def _line(flaw: Flaw) -> str:
    after = f"{flaw.after.seq} {flaw.after.type}" + (f" {flaw.after.task}" if flaw.after.task else "")
    return f"{paint(tell(_WHAT[flaw.what]), bold=True)} ({say('killed after', '杀死于')} {after}): {flaw.told}"
