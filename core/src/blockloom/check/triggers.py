"""The triggers that stand in a graph's document."""

from collections.abc import Mapping
from typing import Final

from ..spec import TriggerSpec
from ..words import both
from .held import check_act, check_trigger
from .shape import Draft, identify

A_TRIGGER: Final = both("a trigger", "触发器")


def check_triggers(draft: Draft) -> list[TriggerSpec]:
    """Check each trigger's id, type and settings, and what it does; gives what was understood of them."""
    seen: set[str] = set()
    found = []
    for place, trigger in enumerate(draft.field(draft.graph, "triggers", list)):
        path = ("triggers", place)
        if not isinstance(trigger, Mapping):
            draft.misshapen(trigger, dict, A_TRIGGER, *path)
            continue
        spec = TriggerSpec(trigger)
        id = identify(draft, trigger, both("trigger", "触发器"), seen, *path) or f"#{place}"
        check_trigger(draft, spec, *path, id=id)
        check_act(draft, trigger, id, *path)
        found.append(spec)
    return found
