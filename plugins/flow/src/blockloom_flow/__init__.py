"""The flow tasks: where a graph starts and ends, what it computes, and which way it goes."""

from blockloom import TaskType, hookimpl

from .blocks import Blocks
from .bodies import ForEach, Loop, Workflow
from .branch import If, Switch
from .ending import Cancel, Stop
from .ends import End, Start
from .face import (
    BlocksTask,
    CancelTask,
    EndTask,
    ForEachTask,
    IfTask,
    LoopTask,
    MergeTask,
    StartTask,
    StopTask,
    SwitchTask,
    TriggerTask,
    WaitTask,
    WorkflowTask,
)
from .merge import Merge
from .setting import SetTrigger
from .waiting import Wait

__all__ = [
    "BlocksTask",
    "CancelTask",
    "EndTask",
    "ForEachTask",
    "IfTask",
    "LoopTask",
    "MergeTask",
    "StartTask",
    "StopTask",
    "SwitchTask",
    "TriggerTask",
    "WaitTask",
    "WorkflowTask",
]


@hookimpl
def blockloom_task_types() -> list[type[TaskType]]:
    """The types of this plugin."""
    return [Start, End, Blocks, If, Switch, Merge, ForEach, Loop, Workflow, Wait, SetTrigger, Stop, Cancel]
