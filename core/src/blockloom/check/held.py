"""What stands in validated settings: bodies, triggers, and contents of block types such as conditions."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from ..kind import Embedded
from ..problem import errors, pointer
from ..spec import BlockSpec, Graph, TriggerSpec
from ..trigger import TriggerType
from .kinds import Kind
from .shape import Draft, note_secrets
from .types import ask, check_embedded, check_model, find_type, problems_of

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
