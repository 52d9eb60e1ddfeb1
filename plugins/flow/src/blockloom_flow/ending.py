"""Tasks that end a graph, or other tasks of it."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Literal

import blockloom
from blockloom import PortSet, Problem, RunState, TaskContext, TaskType
from pydantic import Field

from .ends import CATEGORY

GUESSES = 10
"""Names for which the ones that were probably meant are looked up."""
_ITSELF = {"en": "A task cannot cancel itself.", "zh": "任务不能取消自己。"}
_OTHERS = {"en": "Name other tasks of this graph.", "zh": "请写出本图中的其他任务。"}


class Stop(TaskType):
    """Ends the graph: what has not finished is canceled."""

    name = "stop"
    title: ClassVar = {"en": "Stop", "zh": "停止"}
    description: ClassVar = {
        "en": "Ends the run; in a body it ends that body, whose outputs so far stand.",
        "zh": "结束运行；在子图中则结束该子图，已有的输出保留。",
    }
    icon = "⏹"
    category: ClassVar = CATEGORY
    effects = "pure"

    class Config(blockloom.Config):
        """`state` is the state that the run ends in."""

        state: Literal["stopped", "completed", "failed"] = "stopped"

    def ports(self, config: Any, blocks: Any) -> PortSet:
        """Any inputs, which only order it."""
        return PortSet(open_inputs=True)

    def run(self, task: TaskContext) -> None:
        """Ask for the end; it comes when this task has completed."""
        task.stop(RunState(task.config.state.upper()))


class Cancel(TaskType):
    """Cancels other tasks of its graph that have not finished."""

    name = "cancel"
    title: ClassVar = {"en": "Cancel", "zh": "取消"}
    description: ClassVar = {
        "en": "Cancels tasks of this graph, those that have not finished.",
        "zh": "取消本图中尚未完成的任务。",
    }
    icon = "✕"
    category: ClassVar = CATEGORY
    effects = "pure"

    class Config(blockloom.Config):
        """`tasks` are the ids of tasks of the same graph."""

        tasks: Annotated[list[str], Field(min_length=1)]

    def ports(self, config: Any, blocks: Any) -> PortSet:
        """Any inputs, which only order it."""
        return PortSet(open_inputs=True)

    def check(self, config: Any, id: str, tasks: Collection[str]) -> Iterable[Problem]:
        """Tasks that are not there, and the task itself."""
        for place, name in enumerate(config.tasks):
            path = f"/tasks/{place}"
            if name == id:
                yield Problem(code="bad-config", path=path, text=_ITSELF, advice=_OTHERS)
            elif name not in tasks:
                near = get_close_matches(name, tasks) if place < GUESSES and len(name) <= 200 else []
                english = f"There is no task {name!r}." + (f" Did you mean {near[0]!r}?" if near else "")
                chinese = f"没有任务 {name!r}。" + (f"你是想写 {near[0]!r} 吗？" if near else "")
                yield Problem(code="unknown-task", path=path, text={"en": english, "zh": chinese}, advice=_OTHERS)

    def run(self, task: TaskContext) -> None:
        """Cancel them."""
        task.cancel(task.config.tasks)
