"""A task that sets a trigger, which outlives the run."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import blockloom
from blockloom import BlockSpec, Port, PortSet, StandingSpec, TaskContext, TaskFailed, TaskType

from .ends import CATEGORY


class SetTrigger(TaskType):
    """Sets a trigger on the server."""

    name = "trigger"
    title: ClassVar = {"en": "Trigger", "zh": "触发器"}
    description: ClassVar = {
        "en": "Sets a trigger that outlives the run: a reminder, a later step, a workflow for an event to come.",
        "zh": "设置一个在本次运行结束后仍然有效的触发器：提醒、稍后的步骤，或等待某个事件的工作流。",
    }
    icon = "⏰"
    category: ClassVar = CATEGORY
    examples = ({"trigger": {"type": "after", "config": {"delay": "1d"}, "workflow": "remind"}},)
    effects = "idempotent"

    class Config(blockloom.Config):
        """`trigger` is `{id?, type, config, inputs?, action?, workflow?, …}`; it may come as an input instead."""

        trigger: StandingSpec | None = None

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """A trigger in place of the one in the settings, and inputs for it; the id of the trigger."""
        return PortSet(
            inputs={"trigger": Port(schema={"type": "object"}, required=config.trigger is None)},
            outputs={"trigger": Port(schema={"type": "string"})},
            open_inputs=True,
        )

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        """The id of the trigger."""
        values = dict(task.values)
        document = values.pop("trigger", None)
        if document is None:
            if task.config.trigger is None:
                raise TaskFailed("bad-trigger", "it was given no trigger to set")
            document = task.config.trigger.document
        given = {**(document.get("inputs") or {}), **values}
        return {"trigger": await task.set_trigger({**document, "inputs": given} if given else document)}
