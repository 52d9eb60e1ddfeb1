"""The triggers that stand in a graph's document."""

from collections.abc import Mapping
from typing import Any, Final

from ..problem import pointer
from ..trigger import TriggerType
from ..words import both
from .shape import Draft, identify
from .types import ask, check_model, find_type, problems_of

A_TRIGGER: Final = both("a trigger", "触发器")


def check_triggers(draft: Draft) -> None:
    """Check each trigger's id, type and settings."""
    seen: set[str] = set()
    for place, trigger in enumerate(draft.field(draft.graph, "triggers", list)):
        path = ("triggers", place)
        if not isinstance(trigger, Mapping):
            draft.misshapen(trigger, dict, A_TRIGGER, *path)
            continue
        id = identify(draft, trigger, both("trigger", "触发器"), seen, *path) or f"#{place}"
        draft.field(trigger, "inputs", dict, *path)
        type = find_type(draft, "trigger", trigger.get("type"), *path)
        if type is None:
            continue
        _check_config(draft, type, trigger, id, *path)


def _check_config(draft: Draft, type: TriggerType, trigger: Mapping[str, Any], id: str, *path: str | int) -> None:
    value = draft.field(trigger, "config", dict, *path)
    if trigger.get("config") not in (None, value):
        return
    facts = {"id": id, "type": type.name}
    config = check_model(draft, "bad-trigger", type.Config, value, *path, "config", **facts)
    if config is not None:
        found = ask(draft, "bad-trigger", lambda: problems_of(type.check(config)), list, *path, "config", **facts)
        draft.problems += (flaw.under(pointer(*path, "config")) for flaw in found or ())
