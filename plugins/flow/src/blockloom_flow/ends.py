"""Where a graph starts and where it ends."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from blockloom import BlockSpec, Port, PortSet, TaskContext, TaskType

CATEGORY = {"en": "Flow", "zh": "流程"}
ANYTHING = Port()
"""A port that carries any value."""


class Start(TaskType):
    """Begins a graph; its outputs are the run's inputs."""

    name = "start"
    title: ClassVar = {"en": "Start", "zh": "开始"}
    description: ClassVar = {
        "en": "Begins the graph. It has an output for each input of the workflow.",
        "zh": "图从这里开始。工作流的每个输入都是它的一个输出。",
    }
    icon = "▶"
    category: ClassVar = CATEGORY
    effects = "pure"
    starts = True

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """Open outputs: a graph decides which there are."""
        return PortSet(open_outputs=True)

    def run(self, task: TaskContext) -> Mapping[str, Any]:
        """The run's inputs."""
        return task.values


class End(TaskType):
    """Ends a graph; what it is given becomes the run's outputs."""

    name = "end"
    title: ClassVar = {"en": "End", "zh": "结束"}
    description: ClassVar = {
        "en": "Ends the graph. Whatever is connected to it is an output of the run.",
        "zh": "图在这里结束。连接到它的都是运行的输出。",
    }
    icon = "■"
    category: ClassVar = CATEGORY
    effects = "pure"
    ends = True

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """Any inputs."""
        return PortSet(open_inputs=True)

    def run(self, task: TaskContext) -> None:
        """Nothing: the run reads what this task was given."""
