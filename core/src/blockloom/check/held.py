"""What stands in validated settings: bodies, triggers, and contents of block types such as conditions."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..kind import Embedded
from ..problem import errors, pointer
from ..schema import checker
from ..spec import BlockSpec, Graph, StandingSpec, TriggerSpec
from ..trigger import TriggerType, can_be_awaited
from ..validation import flaws
from ..values import is_name
from ..words import Text, both, tell
from .kinds import UNKNOWN, Kind, find_kind
from .shape import RESERVED_INPUTS, Draft, listed, note_secrets
from .types import ask, brought_along, check_embedded, check_model, find_type, problems_of

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


Contents: TypeAlias = dict[tuple[str | int, ...], BlockSpec]
"""The contents that stand in settings, by the path to each."""
Facts: TypeAlias = Mapping[str, Any]
"""What the sentences of problems name: the type, and what has the settings."""


def check_held(draft: Draft, key: str, kind: Kind, config: Any, facts: Facts, *path: str | int) -> Contents:
    """Check the graphs, triggers and contents that stand in validated settings; gives the contents."""
    type = kind.type
    embedded: Contents = {}

    def held(call: Callable[[], list[Any]]) -> list[Any]:
        return ask(draft, key, call, list, *path, **facts) or []

    if kind.has_parts or any(isinstance(value, Graph | TriggerSpec) for value in config.__dict__.values()):
        for place, graph in held(lambda: [(tuple(p), g) for p, g in type.bodies(config)]):
            _check_body(draft, graph, *path, *place)
        for place, trigger in held(lambda: [(tuple(p), t) for p, t in type.triggers(config)]):
            check_trigger(draft, trigger, *path, *place)
            if isinstance(trigger, StandingSpec):
                check_act(draft, trigger.document, type.name, *path, *place, is_own=False)
            elif trigger.type is not None and not can_be_awaited(trigger.type):
                draft.add("trigger-unwaitable", *path, *place, "type", type=trigger.type.name)
    for place, name, content in held(lambda: [Embedded(*e) for e in type.embedded(config)]) if kind.embeds else ():
        if (made := _check_content(draft, key, name, content, facts, *path, *place)) is not None:
            embedded[place] = made
    return embedded


def _check_content(draft: Draft, key: str, name: str, content: Any, facts: Facts, *path: str | int) -> BlockSpec | None:
    """A content that stands in settings, validated; one that was found to be fine is not looked at again."""
    known = None
    if isinstance(content, Mapping) and all(isinstance(value, str) for value in content.values()):
        known = (name, *content.items())
        if known in draft.contents:
            return draft.contents[known]
    block = find_type(draft, "block", name, *path)
    if block is None:
        return None
    before = len(draft.problems)
    made = BlockSpec("", name, check_embedded(draft, key, block, content, *path, **facts))
    if known is not None and len(draft.problems) == before:
        draft.contents[known] = made
    return made


def _check_body(draft: Draft, graph: Graph, *path: str | int) -> None:
    """Check a graph that stands in the settings, and note in it what it takes and gives."""
    inner = draft.inspect(graph.document, draft.registry, True)
    draft.problems += (problem.under(pointer(*path)) for problem in inner.problems)
    draft.secrets |= {pointer(*path) + place for place in inner.secrets}
    draft.unread |= {pointer(*path) + place for place in inner.unread}
    graph.inputs, graph.outputs = inner.inputs, inner.outputs
    if not errors(inner.problems):
        graph.plan = inner.plan()


def check_trigger(draft: Draft, trigger: TriggerSpec, *path: str | int, id: str = "") -> None:
    """Check a trigger's type, settings and conditions, and note them in it."""
    told = trigger.document
    type = find_type(draft, "trigger", told.get("type"), *path)
    value = draft.field(told, "config", dict, *path)
    if type is None or told.get("config") not in (None, value):
        return
    value = brought_along(draft, "trigger", type, told, value, *path)
    if value is None:
        return
    id = id or type.name
    facts = {"id": id, "type": type.name}
    config = check_model(draft, "bad-trigger", type.Config, value, *path, "config", **facts)
    note_secrets(draft, config, *path, "config")
    if config is not None:
        found = ask(draft, "bad-trigger", lambda: problems_of(type.check(config)), list, *path, "config", **facts)
        draft.problems += (flaw.under(pointer(*path, "config")) for flaw in found or ())
        trigger.type, trigger.config = type, config
        trigger.conditions = tuple(_conditions(draft, type, config, facts, *path, "config"))


def _conditions(draft: Draft, type: TriggerType, config: Any, facts: Facts, *path: str | int) -> Iterator[BlockSpec]:
    asked = ask(draft, "bad-trigger", lambda: [Embedded(*e) for e in type.embedded(config)], list, *path, **facts)
    for place, name, content in asked or ():
        made = _check_content(draft, "bad-trigger", name, content, facts, *path, *place)
        if made is not None:
            yield made


def check_act(draft: Draft, trigger: Mapping[str, Any], id: str, *path: str | int, is_own: bool = True) -> None:
    """Check what a trigger does, with what, and whether; `is_own` where it may run the graph that it stands in."""
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
        is_own = is_own and draft.is_whole and action is None and given.get("workflow") is None
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
    given = brought_along(draft, "task", kind.type, action, given, *path)
    if given is None:
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
    if flaw is None:
        return None
    return both(f"inputs.{name}: {tell(flaw, 'en')}", f"inputs.{name}：{tell(flaw, 'zh')}")
