"""The commands `runs …`: past and present runs, as the store tells them. Plugins may add theirs to the group."""

import asyncio
from datetime import datetime
from typing import Any, Final

import click

from ..events import moment
from ..live import RunView
from ..plugins import Plugins
from ..records import TaskRecord
from ..states import RUN_ENDS, RunState, TaskState
from ..store import RunHead
from .archive import archive, read_run, store_option
from .installed import Installed
from .refusals import refusing
from .result import output_of, why_of
from .speech import note, one_line, paint, say, show, show_json
from .table import table
from .transferring import delete, export, import_

COLORS: Final = {"COMPLETED": "green", "FAILED": "red", "CANCELED": "yellow", "STOPPED": "yellow"}

json_option = click.option(
    "--json", "as_json", is_flag=True, help=say("Print one JSON document.", "输出一个 JSON 文档。")
)


@click.group(
    invoke_without_command=True,
    help=say(
        "List the runs that are kept, the newest first, or look at one; a server may be running meanwhile."
        "\n\nExit status: 0, 2 there is no such run, 3 the store cannot be used, 4 another process has it.",
        "列出保存的运行（最新的在前），或查看其中一个；服务器可以同时运行。"
        "\n\n退出状态：0；2 没有该运行；3 存储不可用；4 存储被其他进程占用。",
    ),
)
@click.option(
    "--state",
    type=click.Choice([state.value for state in RunState], case_sensitive=False),
    multiple=True,
    help=say("Only runs in this state; may be given again.", "只列出处于该状态的运行；可重复给出。"),
)
@click.option("--workflow", metavar="ID", help=say("Only runs of this workflow.", "只列出该工作流的运行。"))
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help=say("How many, at most.", "最多列出多少个。"),
)
@json_option
@store_option
@click.pass_context
def runs(
    ctx: click.Context, state: tuple[str, ...], workflow: str | None, limit: int, as_json: bool, store: str | None
) -> None:
    """List the runs, unless something else is to be done with them."""
    if ctx.invoked_subcommand is not None:
        return
    states = {RunState(each) for each in state} or None
    with refusing(as_json, ""):
        found = asyncio.run(_list(ctx.ensure_object(Installed).plugins, store, workflow, states, limit))
    if as_json:
        show_json({"runs": [_head_json(head) for head in found]})
        return
    for line in table([_head_row(head) for head in found]) if found else ():
        show(line)
    if not found:
        note(say("There is no such run.", "没有符合条件的运行。"))
    elif len(found) == limit:
        note(
            say(f"These are the newest {limit}; --limit shows more.", f"以上是最新的 {limit} 个；--limit 可显示更多。")
        )


@runs.command("show", help=say("Show one run: its tasks, and what came of it.", "查看一个运行：各任务及其结果。"))
@click.argument("id")
@json_option
@store_option
@click.pass_obj
def show_run(installed: Installed, id: str, as_json: bool, store: str | None) -> None:
    """Show one run."""
    with refusing(as_json, ""):
        view = asyncio.run(read_run(id, store, installed.plugins))
    if as_json:
        show_json(view.to_json())
        return
    show(f"{view.id}  {_state(view.state)}{_since(view)}")
    for line in table([_task_row(id, record) for id, record in view.tasks.items()]) if view.tasks else ():
        show("  " + line)
    if view.error:
        note(paint(say("Error: ", "错误："), fg="red", bold=True) + _error(view.error))
    for name, value in view.outputs.items():
        show(output_of(name, value))


@runs.command(
    help=say(
        "Say why TASK of a run waits, ran, was canceled, failed or ran again; one in a body is named each[2].double."
        " Without TASK, say it of every task that is in no body.",
        "说明运行中的 TASK 为何等待、运行、取消、失败或重新运行；循环体内的任务写作 each[2].double。"
        "不给出 TASK 时，说明循环体之外的每个任务。",
    )
)
@click.argument("id")
@click.argument("task", required=False)
@json_option
@store_option
@click.pass_obj
def explain(installed: Installed, id: str, task: str | None, as_json: bool, store: str | None) -> None:
    """Explain one task of a run, or all that are in no body."""
    with refusing(as_json, ""):
        view = asyncio.run(read_run(id, store, installed.plugins))
        names = [task] if task else [name for name in view.tasks if "." not in name]
        told = [view.explain(name) for name in names]
    if as_json:
        show_json(told[0].to_json() if task else {"tasks": {each.task: each.to_json() for each in told}})
        return
    for each in told:
        show(f"{each.task}  {_state(each.state)}")
        for cause in each.because:
            show("  " + one_line(cause.message, 1000))


for _command in (delete, export, import_):
    runs.add_command(_command)


async def _list(
    plugins: Plugins, url: str | None, workflow: str | None, states: set[RunState] | None, limit: int
) -> list[RunHead]:
    async with archive(url, plugins) as kept:
        return await kept.list(workflow, states, limit)


def _head_json(head: RunHead) -> dict[str, Any]:
    return {
        "run": head.id,
        "state": head.state.value,
        "name": head.name,
        "workflow": head.workflow,
        "created": moment(head.created),
        "changed": None if head.changed is None else moment(head.changed),
    }


def _head_row(head: RunHead) -> list[str]:
    took = "" if head.changed is None or head.state not in RUN_ENDS else f"{head.changed - head.created:.2f} s"
    return [head.id, _local(head.created), _state(head.state), took, one_line(head.name or head.workflow or "", 60)]


def _task_row(id: str, record: TaskRecord) -> list[str]:
    took = ""
    if record.started is not None and record.finished is not None:
        took = f"{record.finished - record.started:.3f} s"
    why = why_of(record) if record.state in (TaskState.FAILED, TaskState.CANCELED) else ""
    return [one_line(id, 80), _state(record.state), took, why]


def _since(view: RunView) -> str:
    if not view.events:
        return say(", not begun", "，尚未开始")
    began = view.events[0].time
    told = say(f", began {_local(began)}", f"，开始于 {_local(began)}")
    if view.state in RUN_ENDS:
        took = view.events[-1].time - began
        told += say(f", took {took:.2f} s", f"，用时 {took:.2f} 秒")
    return told


def _error(error: Any) -> str:
    where = say(f" (task {error['task']})", f"（任务 {error['task']}）") if error.get("task") else ""
    return one_line(f"{error.get('type')}: {error.get('message')}", 1000) + where


def _state(state: RunState | TaskState) -> str:
    return paint(state.value, fg=COLORS.get(state.value))


def _local(time: float) -> str:
    return datetime.fromtimestamp(time).strftime("%Y-%m-%d %H:%M:%S")
