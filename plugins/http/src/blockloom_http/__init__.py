"""The http task: calls an interface, and only one that the outside world can reach."""

from collections.abc import Sequence

from blockloom import TaskType, hookimpl

from .face import HttpTask
from .task import Http

__all__ = ["HttpTask", "blockloom_task_types"]


@hookimpl
def blockloom_task_types() -> Sequence[type[TaskType]]:
    """The one task type of this plugin."""
    return [Http]
