"""The triggers that stand in a graph's document."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..kind import Embedded
from ..problem import pointer
from ..spec import BlockSpec, TriggerSpec
from ..trigger import TriggerType
from ..words import both
from .shape import Draft, identify
from .types import ask, check_embedded, check_model, find_type, problems_of

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
        check_trigger(draft, TriggerSpec(trigger), *path, id=id)


def check_trigger(draft: Draft, trigger: TriggerSpec, *path: str | int, id: str = "") -> None:
    """Check a trigger's type, settings and conditions, and note them in it."""
    told = trigger.document
    type = find_type(draft, "trigger", told.get("type"), *path)
    value = draft.field(told, "config", dict, *path)
    if type is None or told.get("config") not in (None, value):
        return
    id = id or type.name
    facts = {"id": id, "type": type.name}
    config = check_model(draft, "bad-trigger", type.Config, value, *path, "config", **facts)
    if config is not None:
        found = ask(draft, "bad-trigger", lambda: problems_of(type.check(config)), list, *path, "config", **facts)
        draft.problems += (flaw.under(pointer(*path, "config")) for flaw in found or ())
        trigger.type, trigger.config = type, config
        trigger.conditions = tuple(_conditions(draft, type, config, facts, *path, "config"))


def _conditions(
    draft: Draft, type: TriggerType, config: Any, facts: dict[str, str], *path: str | int
) -> Iterator[BlockSpec]:
    asked = ask(draft, "bad-trigger", lambda: [Embedded(*e) for e in type.embedded(config)], list, *path, **facts)
    for place, name, content in asked or ():
        block = find_type(draft, "block", name, *path, *place)
        if block is not None:
            made = check_embedded(draft, "bad-trigger", block, content, *path, *place, **facts)
            yield BlockSpec("", name, made)
