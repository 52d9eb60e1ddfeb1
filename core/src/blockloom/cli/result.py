"""What a run came to, for a person: its outputs, and why some tasks did not complete."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from ..live import RunView
from ..records import TaskRecord
from ..states import Reason, RunState, TaskState
from .speech import complain, count, note, one_line, paint, say, show, show_excerpt

SHORT: Final = 100
"""The longest JSON value that stands on one line."""

EACH: Final = 10
"""Tasks canceled for one reason that are named; the others are counted."""

_REASONS: Final = {
    Reason.BRANCH: ("its branch was not taken", "没有走到它的分支"),
    Reason.MISSING_INPUT: ("a required input had no value", "必需的输入没有值"),
    Reason.UNREACHABLE: ("no start task leads to it", "没有起始任务通向它"),
    Reason.RACED: ("a join after it had enough without it", "其后的汇合已不需要它"),
    Reason.FAILED_RUN: ("the run had failed", "运行已失败"),
    Reason.STOPPED: ("the run was stopped", "运行已停止"),
    Reason.CANCELED: ("it was canceled by name", "被指名取消"),
}
_STATES: Final = {
    TaskState.COMPLETED: ("completed", "个已完成"),
    TaskState.FAILED: ("failed", "个失败"),
    TaskState.CANCELED: ("canceled", "个已取消"),
}


def show_result(run: RunView) -> None:
    """Print how the run ended on stderr, and its outputs on stdout."""
    seconds = run.events[-1].time - run.events[0].time
    if run.state is RunState.COMPLETED:
        note(say(f"Completed in {seconds:.2f} s", f"已完成，用时 {seconds:.2f} 秒") + _counts(run))
    elif run.state is RunState.FAILED:
        error = run.error or {}
        where = say(f"at the task {error.get('task')!r}", f"于任务 {error.get('task')!r}") if error.get("task") else ""
        why = one_line(f"{error.get('type')}: {error.get('message')}", 1000) if error else ""
        complain(say(f"the run failed {where}: {why}", f"运行失败{where}：{why}") + _counts(run))
        show_excerpt(error.get("excerpt", ""), note)
    else:
        complain(say(f"the run was stopped after {seconds:.2f} s", f"运行在 {seconds:.2f} 秒后停止") + _counts(run))
    for line in _shortfalls(run):
        note(line)
    for name, value in run.outputs.items():
        show(output_of(name, value))


def _counts(run: RunView) -> str:
    """As `; 5 tasks: 4 completed, 1 canceled.`"""
    states = Counter(record.state for record in run.tasks.values())
    told = [say(f"{states[s]} {en}", f"{states[s]} {zh}") for s, (en, zh) in _STATES.items() if states[s]]
    tasks = count(len(run.tasks), "task", "个任务")
    return say(f"; {tasks}: {', '.join(told)}.", f"；{tasks}：{'，'.join(told)}。")


def _shortfalls(run: RunView) -> Iterator[str]:
    """The tasks that did not complete, each with why, but for the one that the run failed with."""
    told = (run.error or {}).get("task")
    canceled: Counter[str] = Counter()
    for task, record in run.tasks.items():
        if record.state is TaskState.FAILED and task != told:
            yield f"  {task} {paint('FAILED', fg='red')}: {why_of(record)}"
        elif record.state is TaskState.CANCELED:
            reason = _reason(record.reason)
            canceled[reason] += 1
            if canceled[reason] <= EACH:
                yield f"  {task} {paint('CANCELED', fg='yellow')}: {reason}"
    for reason, number in canceled.items():
        if number > EACH:
            more = say(f"… and {number - EACH} more", f"……另有 {number - EACH} 个")
            yield f"  {more} {paint('CANCELED', fg='yellow')}: {reason}"


def why_of(record: TaskRecord) -> str:
    """Why a task failed or was canceled."""
    if record.state is TaskState.CANCELED:
        return _reason(record.reason)
    error = record.error or {}
    return one_line(f"{error.get('type')}: {error.get('message')}")


def _reason(reason: str | None) -> str:
    known = _REASONS.get(Reason(reason)) if reason in list(Reason) else None
    return f"{reason} ({say(*known)})" if known else str(reason)


def output_of(name: str, value: Any) -> str:
    """An output under its name: text as text, anything else as JSON; what takes several lines is set in."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str) and len(text) > SHORT:
        text = json.dumps(value, ensure_ascii=False, indent=2)
    head = paint(f"{name}:", bold=True)
    if "\n" not in text:
        return f"{head} {text}"
    return "\n".join([head, *("  " + line for line in text.splitlines())])
