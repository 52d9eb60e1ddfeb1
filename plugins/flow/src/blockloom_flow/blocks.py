"""A task that evaluates its blocks."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from blockloom import BlockSpec, PortSet, TaskContext, TaskType

from .ends import ANYTHING, CATEGORY


class Blocks(TaskType):
    """Evaluates its blocks, in the order of their links, then of the list."""

    name = "blocks"
    title: ClassVar = {"en": "Blocks", "zh": "块"}
    description: ClassVar = {
        "en": "Evaluates its blocks in order. Each block sees the inputs and the blocks before it.",
        "zh": "按顺序求值它的块。每个块能看到输入和它之前的块。",
    }
    icon = "▤"
    category: ClassVar = CATEGORY
    effects = "pure"

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """Any inputs; an output a block, and `result`, the block evaluated last."""
        return PortSet(outputs=dict.fromkeys([*(block.id for block in blocks), "result"], ANYTHING), open_inputs=True)

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        """The value of every block."""
        values = await task.evaluate_blocks()
        return values | {"result": values[task.sequence[-1].block.id] if task.sequence else None}
