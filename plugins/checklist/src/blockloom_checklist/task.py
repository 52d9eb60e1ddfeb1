"""The checklist task: waits until people have ticked enough."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import blockloom
from blockloom import BlockSpec, Port, PortSet, TaskContext, TaskType
from pydantic import Field

_ITEM = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "text": {"type": "string"}, "done": {"type": "boolean"}},
}


class ChecklistTask(TaskType):
    """Goes on when people have ticked all items of its checklists, or enough of them."""

    name = "checklist"
    title: ClassVar = {"en": "Checklist", "zh": "清单"}
    description: ClassVar = {
        "en": "Waits until people have ticked all items of its checklist blocks, or a quorum of them.",
        "zh": "等待人们勾选其清单块中的所有事项，或达到指定数量。",
    }
    icon = "✅"
    category: ClassVar = {"en": "People", "zh": "人工"}
    examples = ({}, {"quorum": 2})
    effects = "human"

    class Config(blockloom.Config):
        """`quorum` is how many items are enough; without it, all are needed."""

        quorum: int | None = Field(None, ge=1, strict=True)

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """Any inputs, which its blocks see; the items as they are in the end, and whether all of them are done."""
        outputs = {
            "items": Port(schema={"type": "array", "items": _ITEM}),
            "done": Port(schema={"type": "boolean"}),
        }
        return PortSet(outputs=outputs, open_inputs=True)

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        """Ask until enough is ticked."""
        lists = {block.id: [item.model_dump() for item in block.content.items] for block in checklists(task)}
        items = [item for list in lists.values() for item in list]
        enough = len(items) if task.config.quorum is None else min(task.config.quorum, len(items))
        while sum(item["done"] for item in items) < enough:
            answer = await task.ask(form(lists, enough))
            answered = items if answer.block is None else lists[answer.block]
            for item in answered:
                item["done"] = answer.value.get(item["id"], item["done"])
        return {"items": items, "done": all(item["done"] for item in items)}


def checklists(task: TaskContext) -> list[BlockSpec]:
    """The blocks of a task that are checklists."""
    return [block for block in task.blocks if block.type == "checklist"]


def form(lists: Mapping[str, Sequence[Mapping[str, Any]]], enough: int) -> dict[str, Any]:
    """What people are shown: the items by block, how many are enough, and what an answer looks like."""
    items = [item for list in lists.values() for item in list]
    blocks = {id: {"items": list, "schema": ticks(list)} for id, list in lists.items()}
    return {"enough": enough, "schema": ticks(items), "blocks": blocks}


def ticks(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The schema of an answer: `{item: true or false}`."""
    properties = {item["id"]: {"type": "boolean"} for item in items}
    return {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}
