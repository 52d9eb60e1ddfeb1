"""A task that brings branches together."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from blockloom import BlockSpec, Port, PortSet, TaskContext, TaskType

from .ends import CATEGORY

_PORTS = PortSet(outputs={"values": Port(schema={"type": "array"}), "result": Port()}, open_inputs=True)


class Merge(TaskType):
    """Gathers the values that have arrived, in the order of the connections."""

    name = "merge"
    title: ClassVar = {"en": "Merge", "zh": "合并"}
    description: ClassVar = {
        "en": "Gathers what has arrived: values holds all of it in the order of the connections, result the first.",
        "zh": "收集到达的值：values 按连接顺序包含全部，result 是第一个。",
    }
    icon = "⋈"
    category: ClassVar = CATEGORY
    effects = "pure"

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """Any inputs."""
        return _PORTS

    def run(self, task: TaskContext) -> Mapping[str, Any]:
        """All values, and the first of them."""
        values = [value for _, value in task.arrived]
        return {"values": values, "result": values[0] if values else None}
