"""The command `run`: one run of a graph, from its start to its end."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import redirect_stdout
from typing import Any, NamedTuple

import click

from ..engine import Engine
from ..errors import InvalidInputs
from ..events import Event
from ..live import RunView
from ..plugins import Plugins
from ..states import RunState
from .given import input_options, inputs_of
from .installed import Installed
from .interrupts import Interrupts
from .progress import Progress, progress
from .reading import STDIN, explain_pairs, named, read_graph, read_pairs
from .refusals import refusing
from .result import show_result
from .sandbox import hold_sandbox, sandbox_option
from .speech import say, show_json
from .storing import choose

PATIENCE = 2.0
"""Seconds that the progress has to show the last events once the run is over."""


class Job(NamedTuple):
    """What is to be run, and how."""

    graph: Mapping[str, Any]
    inputs: Mapping[str, Any]
    store: str | None
    max_concurrency: int | None
    name: str
    limits: Mapping[str, Any]


@click.command(
    help=say(
        "Run GRAPH to its end and print its outputs. GRAPH is a file of JSON or YAML (.yaml, .yml), or - for JSON on "
        "stdin. Progress goes to stderr. Ctrl-C stops the run; a second Ctrl-C leaves at once (status 130)."
        "\n\nExit status: 0 completed, 1 failed or stopped, 2 the graph, the inputs or the usage is wrong, "
        "3 the store cannot be used, 4 another process has it."
        "\n\nWith --json, stdout is one document: {run, state, outputs, tasks, error?}, also when the run failed; or "
        '{"problems": […]} where the graph or the inputs are wrong. Wrong usage prints nothing there.',
        "将 GRAPH 运行到结束并输出结果。GRAPH 是 JSON 或 YAML（.yaml、.yml）文件，或用 - 从标准输入读取 JSON。"
        "进度写到标准错误。Ctrl-C 停止运行；再按一次立即退出（状态 130）。"
        "\n\n退出状态：0 已完成，1 失败或停止，2 图、输入或用法有误，3 存储不可用，4 存储被其他进程占用。"
        "\n\n使用 --json 时标准输出只有一个文档：{run, state, outputs, tasks, error?}，失败时也一样；"
        '图或输入有误时为 {"problems": […]}。用法有误时不输出。',
    )
)
@click.argument("graph")
@input_options
@click.option("--json", "as_json", is_flag=True, help=say("Print one JSON document.", "输出一个 JSON 文档。"))
@click.option(
    "--store",
    metavar="URL",
    help=say(
        "Where the run is kept: sqlite:///PATH, memory: (nothing is kept), …; else in your data folder.",
        "运行记录的存放处：sqlite:///PATH、memory:（不保存）等；默认在你的数据文件夹中。",
    ),
)
@click.option(
    "--max-concurrency",
    type=click.IntRange(min=1),
    metavar="N",
    help=say("Tasks that run at once, at most.", "最多同时运行的任务数。"),
)
@click.option(
    "--limit",
    "limits",
    metavar="NAME=VALUE",
    multiple=True,
    help=say(
        "What the calls of the run may come to: calls=N, tokens=N or seconds=DURATION.",
        "运行中调用的总上限：calls=次数、tokens=数量 或 seconds=时长。",
    ),
)
@sandbox_option()
@click.pass_context
def run(
    ctx: click.Context,
    graph: str,
    pairs: tuple[str, ...],
    file: str | None,
    as_json: bool,
    store: str | None,
    max_concurrency: int | None,
    limits: tuple[str, ...],
    require_sandbox: str | None,
) -> None:
    """Run a graph and print what came of it."""
    if graph == file == STDIN:
        raise click.UsageError(say("Only one of GRAPH and --inputs can be -.", "GRAPH 和 --inputs 不能都是 -。"), ctx)
    given = read_pairs(pairs)
    hold_sandbox(require_sandbox, ctx.ensure_object(Installed).plugins)
    with refusing(as_json, named(graph)):
        document = read_graph(graph)
    inputs = inputs_of(file, given, as_json)
    with refusing(as_json, named(graph)):
        name = str(document.get("name") or named(graph))
        job = Job(document, inputs, store, max_concurrency, name, read_pairs(limits, "--limit"))
        try:
            view = asyncio.run(_drive(job, ctx.ensure_object(Installed).plugins))
        except InvalidInputs as error:
            raise explain_pairs(error, given) from None
    if as_json:
        show_json(view.to_json())
    else:
        show_result(view)
    ctx.exit(0 if view.state is RunState.COMPLETED else 1)


async def _drive(job: Job, plugins: Plugins) -> RunView:
    """The run, once it is over; whatever its tasks print goes to stderr, for stdout is the result's."""
    with redirect_stdout(sys.stderr):
        kept = choose(job.store, plugins, beside=True)
        async with Engine(plugins, kept.store) as engine:
            await kept.gather()
            live = await engine.start(job.graph, job.inputs, max_concurrency=job.max_concurrency, limits=job.limits)
            return await see_through(live, job.name)


async def see_through(live: RunView, name: str) -> RunView:
    """Show how a run goes on, to its end; Ctrl-C stops it."""
    with progress(name, live.tasks) as shown, Interrupts(live.stop, shown.say):
        watcher = asyncio.create_task(_watch(live.follow(), shown))
        try:
            await live.wait()
            await asyncio.wait([watcher], timeout=PATIENCE)
        finally:
            watcher.cancel()
    return live


async def _watch(batches: AsyncIterator[list[Event]], shown: Progress) -> None:
    async for batch in batches:
        shown.take(batch)
