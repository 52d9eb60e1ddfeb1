"""The flow tasks as classes, for workflows written in Python."""

from collections.abc import Mapping, Sequence
from typing import Any

from blockloom import Task, TaskSpec


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
