"""The flow tasks as classes, for workflows written in Python."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from blockloom import Task, TaskSpec, Trigger, WorkflowSpec

Body: TypeAlias = WorkflowSpec | Mapping[str, Any]
"""A body as Python writes it."""


class StartTask(Task):
    """A `start` task."""

    def __init__(self) -> None:
        super().__init__(TaskSpec(type="start"))


class EndTask(Task):
    """An `end` task."""

    def __init__(self) -> None:
        super().__init__(TaskSpec(type="end"))


class BlocksTask(Task):
    """A `blocks` task, for blocks that are added one by one."""

    def __init__(self) -> None:
        super().__init__(TaskSpec(type="blocks"))


class IfTask(Task):
    """An `if` task with its condition."""

    def __init__(self, condition: str) -> None:
        super().__init__(TaskSpec(type="if", config={"condition": condition}))


class SwitchTask(Task):
    """A `switch` task with its cases, each `{"port": …, "when": …}`."""

    def __init__(self, cases: Sequence[Mapping[str, Any]], mode: str = "first") -> None:
        super().__init__(TaskSpec(type="switch", config={"cases": [dict(case) for case in cases], "mode": mode}))


class MergeTask(Task):
    """A `merge` task."""

    def __init__(self) -> None:
        super().__init__(TaskSpec(type="merge"))


class ForEachTask(Task):
    """A `foreach` task with its body: a workflow spec, or a graph as a mapping."""

    def __init__(
        self,
        body: Body,
        *,
        concurrency: int | None = None,
        on_error: str = "fail",
        need: int | None = None,
        until: str | None = None,
    ) -> None:
        more = {"concurrency": concurrency, "need": need, "until": until}
        super().__init__(TaskSpec(type="foreach", config={"body": _graph(body), "on_error": on_error} | _given(more)))


class LoopTask(Task):
    """A `loop` task with its body, and `times` or `while_`."""

    def __init__(
        self, body: Body, *, times: int | None = None, while_: str | None = None, max: int | None = None
    ) -> None:
        more = {"times": times, "while": while_, "max": max}
        super().__init__(TaskSpec(type="loop", config={"body": _graph(body)} | _given(more)))


class WorkflowTask(Task):
    """A `workflow` task with its body, or with the id or unique name of a stored workflow."""

    def __init__(self, body: Body | None = None, *, workflow: str | None = None) -> None:
        more = {"body": None if body is None else _graph(body), "workflow": workflow}
        super().__init__(TaskSpec(type="workflow", config=_given(more)))


class WaitTask(Task):
    """A `wait` task with its trigger."""

    def __init__(self, trigger: Trigger, *, fresh: bool = False) -> None:
        told = {"type": trigger.type, "config": trigger.config}
        super().__init__(TaskSpec(type="wait", config={"trigger": told, "fresh": fresh}))


class TriggerTask(Task):
    """A `trigger` task with the trigger that it sets; without one, that comes as its input `trigger`."""

    def __init__(self, trigger: Trigger | None = None) -> None:
        super().__init__(TaskSpec(type="trigger", config=_given({"trigger": trigger and trigger.to_json()})))


class StopTask(Task):
    """A `stop` task; `state` is stopped, completed or failed."""

    def __init__(self, state: str = "stopped") -> None:
        super().__init__(TaskSpec(type="stop", config={"state": state}))


class CancelTask(Task):
    """A `cancel` task with the ids of the tasks to cancel."""

    def __init__(self, tasks: Sequence[str]) -> None:
        super().__init__(TaskSpec(type="cancel", config={"tasks": list(tasks)}))


def _graph(body: Body) -> dict[str, Any]:
    return body.to_json() if isinstance(body, WorkflowSpec) else dict(body)


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}
