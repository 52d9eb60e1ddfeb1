"""The triggers that stand in a graph's document: when they fire, and what they do then."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..schema import checker
from ..spec import TriggerSpec
from ..validation import flaws
from ..values import is_name
from ..words import Text, both
from .held import check_held, check_trigger
from .kinds import UNKNOWN, find_kind
from .shape import RESERVED_INPUTS, Draft, identify, listed, note_secrets
from .types import check_model

A_TRIGGER: Final = both("a trigger", "触发器")
_ADVICE: Final[Mapping[str, Text]] = {
    "inputs": both("Write a mapping from names to values.", "请写成从名称到值的映射。"),
    "action": both(
        'Write {"type": …, "config": {…}} with a task type; `blockloom types` lists them.',
        '请写成 {"type": …, "config": {…}}，类型为任务类型；`blockloom types` 会列出它们。',
    ),
    "workflow": both("Write the id or the name of a workflow.", "请写上工作流的 id 或名称。"),
    "enabled": both("Write true or false.", "请写 true 或 false。"),
    "misfire": both('Write "once", "skip" or "all".', '请写 "once"、"skip" 或 "all"。'),
    "overlap": both('Write "queue", "skip" or "allow".', '请写 "queue"、"skip" 或 "allow"。'),
}


class Action(BaseModel):
    """What a trigger does: a task of any type, with its settings."""

    model_config = ConfigDict(extra="ignore", strict=True)

    type: str
    config: dict[str, Any] | None = None


class TriggerSettings(BaseModel):
    """What any trigger may say, whatever its type."""

    model_config = ConfigDict(extra="ignore", strict=True)

    inputs: dict[str, Any] | None = None
    action: Action | None = None
    workflow: Annotated[str, Field(min_length=1)] | None = None
    enabled: bool | None = None
    misfire: Literal["once", "skip", "all"] | None = None
    overlap: Literal["queue", "skip", "allow"] | None = None


def check_triggers(draft: Draft) -> None:
    """Check each trigger's id, type and settings, and what it does."""
    seen: set[str] = set()
    for place, trigger in enumerate(draft.field(draft.graph, "triggers", list)):
        path = ("triggers", place)
        if not isinstance(trigger, Mapping):
            draft.misshapen(trigger, dict, A_TRIGGER, *path)
            continue
        id = identify(draft, trigger, both("trigger", "触发器"), seen, *path) or f"#{place}"
        check_trigger(draft, TriggerSpec(trigger), *path, id=id)
        _check_act(draft, trigger, id, *path)


def _check_act(draft: Draft, trigger: Mapping[str, Any], id: str, *path: str | int) -> None:
    """Check what a trigger does, with what, and whether it does."""
    given = {key: trigger[key] for key in TriggerSettings.model_fields if key in trigger}
    try:
        TriggerSettings.model_validate(given)
    except ValidationError as error:
        for flaw in flaws(error, given):
            advice = _ADVICE[str(flaw.path[0])]
            draft.add("bad-trigger-field", *path, *flaw.path, id=id, why=flaw.named, advice=advice)
    action, inputs = given.get("action"), given.get("inputs")
    if isinstance(action, Mapping) and isinstance(action.get("type"), str):
        _check_action(draft, action, id, *path, "action")
    if isinstance(inputs, Mapping):
        is_own = draft.is_whole and action is None and given.get("workflow") is None
        for name, value in inputs.items():
            why = _flaw_of_input(draft, name, value, is_own)
            if why is not None:
                there = listed(draft.inputs) or "–"
                own = both(f"The inputs of the workflow are: {there}.", f"该工作流的输入有：{there}。")
                advice = own if is_own else _ADVICE["inputs"]
                draft.add("bad-trigger-field", *path, "inputs", name, id=id, why=why, advice=advice)


def _check_action(draft: Draft, action: Mapping[str, Any], id: str, *path: str | int) -> None:
    """Check the task that a trigger runs, as any task's settings are."""
    kind = find_kind(draft, action["type"], *path)
    given = {} if action.get("config") is None else action["config"]
    if kind is UNKNOWN or not isinstance(given, Mapping):
        return
    facts = {"id": id, "type": kind.type.name}
    config = check_model(draft, "bad-action", kind.type.Config, given, *path, "config", **facts)
    note_secrets(draft, config, *path, "config")
    if config is not None:
        check_held(draft, "bad-action", kind, config, facts, *path, "config")


def _flaw_of_input(draft: Draft, name: str, value: Any, is_own: bool) -> Text | None:
    """What is wrong with an input that a trigger gives; `is_own` where the workflow that it stands in takes it."""
    if not is_name(name) or name in RESERVED_INPUTS:
        return both(f"inputs: {name!r} cannot be the name of an input", f"inputs：{name!r} 不能用作输入的名称")
    if not is_own:
        return None
    port = draft.inputs.get(name)
    if port is None:
        unknown = both(f"inputs: the workflow has no input {name!r}", f"inputs：该工作流没有输入 {name!r}")
        return None if draft.open_inputs else unknown
    flaw = check(value) if (check := checker(port.schema)) else None
    return flaw and both(f"inputs.{name}: {flaw}", f"inputs.{name}：{flaw}")
