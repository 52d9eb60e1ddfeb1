"""A task that waits for a time or an event."""

from collections.abc import Mapping, Sequence
from typing import Any

import blockloom
from blockloom import BlockSpec, Port, PortSet, TaskContext, TaskType, TriggerSpec

from .ends import CATEGORY

_TIME = Port(schema={"type": "string", "format": "date-time"})
_PORTS = PortSet(outputs={"payload": Port(), "time": _TIME}, open_inputs=True)


class Wait(TaskType):
    """Goes on when its trigger fires."""

    name = "wait"
    title = {"en": "Wait", "zh": "等待"}
    description = {
        "en": "Waits until a trigger fires: a time, a delay, or an event. Meanwhile it takes no place.",
        "zh": "等待触发器触发：某个时间、一段延时或一个事件。等待时不占用并发名额。",
    }
    icon = "⏳"
    category = CATEGORY
    examples = ({"trigger": {"type": "after", "config": {"delay": "10m"}}},)
    effects = "pure"

    class Config(blockloom.Config):
        """`trigger` is `{type, config}`; with `fresh`, only events from now on count."""

        trigger: TriggerSpec
        fresh: bool = False

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """Any inputs, which only order it; what the event carried, and when it fired."""
        return _PORTS

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        """What the firing carried."""
        fired = await task.wait(task.config.trigger, task.config.fresh)
        return {"payload": fired.payload, "time": fired.time.isoformat().replace("+00:00", "Z")}
