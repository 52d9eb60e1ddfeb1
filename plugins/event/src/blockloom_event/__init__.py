"""The event triggers of blockloom."""

from collections.abc import Iterable
from typing import Annotated, Any

import blockloom
from blockloom import Embedded, Expression, Published, TriggerType, hookimpl
from pydantic import Field

from .webhook import Webhook

__all__ = ["Event", "Webhook", "blockloom_trigger_types"]


class Event(TriggerType):
    """Fires when an event of its name is published, if its filter holds."""

    name = "event"
    title = {"en": "Event", "zh": "事件"}
    description = {
        "en": "Fires when an event of this name is published and the filter, an expression over payload, holds.",
        "zh": "当发布了此名称的事件且过滤条件（关于 payload 的表达式）成立时触发。",
    }
    icon = "⚡"
    category = {"en": "Events", "zh": "事件"}
    examples = ({"name": "order.paid", "filter": "payload['total'] > 100"},)

    class Config(blockloom.Config):
        """`name` is the event's; `filter` is one expression over `payload`."""

        name: Annotated[str, Field(min_length=1, max_length=200)]
        filter: Expression | None = None

    def matches(self, config: Any, event: Published) -> bool:
        """Whether the event bears the name."""
        return bool(event.name == config.name)

    def embedded(self, config: Any) -> Iterable[Embedded]:
        """The filter, if there is one."""
        return [] if config.filter is None else [Embedded(("filter",), "code", {"source": config.filter.strip()})]


@hookimpl
def blockloom_trigger_types() -> list[type[TriggerType]]:
    """The types of this plugin."""
    return [Event, Webhook]
