"""The triggers that stand in a graph's document."""

from collections.abc import Mapping

from ..problem import pointer
from .shape import Draft, identify
from .tasks import check_model, find_type


def check_triggers(draft: Draft) -> None:
    """Check each trigger's id, type and settings."""
    seen: set[str] = set()
    for place, trigger in enumerate(draft.field(draft.graph, "triggers", list)):
        path = ("triggers", place)
        if not isinstance(trigger, Mapping):
            draft.add("wrong-shape", *path, name="a trigger", wanted="a mapping", got=repr(trigger)[:40])
            continue
        id = identify(draft, trigger, "trigger", seen, *path) or f"#{place}"
        draft.field(trigger, "inputs", dict, *path)
        type = find_type(draft, "trigger", trigger.get("type"), *path)
        if type is None:
            continue
        value = draft.field(trigger, "config", dict, *path)
        config = check_model(draft, "bad-trigger", type.Config, value, *path, "config", id=id, type=type.name)
        if config is not None:
            draft.problems += (flaw.under(pointer(*path, "config")) for flaw in type.check(config))
