"""The shape of a document: its version, its lists and mappings, the ids in it."""

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel

from ..codec import FORMAT
from ..errors import BadValue
from ..kind import secrets_in, takes_secrets
from ..plan import Plan, TaskPlan
from ..problem import Problem, pointer
from ..registry import Registry
from ..schema import ALL_TYPES, Schema, checker, flaw_of_schema, possible_types
from ..sentences import problem
from ..spec import BlockSpec, Connection, Port
from ..values import copy_value, is_id, is_name, type_names
from ..words import Text, both

RESERVED_INPUTS: Final = frozenset({"inputs"})
AN_INPUT: Final = both("an input", "输入")
SHOWN: Final = 20
"""Names that a sentence lists."""
GUESSES: Final = 50_000
"""Names that are compared in one check to find those that were probably meant."""

_WORDS: Final[Mapping[type, Text]] = {
    str: both("a text", "文本"),
    list: both("a list", "列表"),
    dict: both("a mapping", "映射"),
}
_TYPES: Final[Mapping[str, Text]] = {
    "null": both("null", "null"),
    "boolean": both("true or false", "true 或 false"),
    "integer": both("a number", "数"),
    "number": both("a number", "数"),
    "string": both("a text", "文本"),
    "array": both("a list", "列表"),
    "object": both("a mapping", "映射"),
}


def listed(names: Collection[str]) -> str:
    """The names for a sentence, the first of them where there are many."""
    shown = ", ".join(list(names)[:SHOWN])
    return f"{shown}, … ({len(names)})" if len(names) > SHOWN else shown


def one_of(schema: Schema) -> Text:
    """What a schema accepts, in short, for a sentence."""
    types = sorted(possible_types(schema))
    return both(" or ".join(types), " 或 ".join(types)) if len(types) < len(ALL_TYPES) else both("any value", "任意值")


class Draft:
    """A graph on its way to being a plan: what has been understood so far, and every problem found."""

    def __init__(self, graph: Any, registry: Registry, inspect: "Inspect", is_body: bool = False) -> None:
        self.graph = graph
        self.registry = registry
        self.inspect = inspect
        """Understands a graph that stands inside this one."""
        self.is_body = is_body
        self.problems: list[Problem] = []
        self.tasks: list[TaskPlan] = []
        self.places: list[int] = []
        """For each task, its place in the document's list."""
        self.untyped: set[str] = set()
        """Ids of tasks whose type is not known; their ports are taken as they are drawn."""
        self.connections: list[Connection] = []
        self.inputs: dict[str, Port] = {}
        self.open_inputs = False
        self.begin: list[int] = []
        self.unreachable: list[int] = []
        self.is_whole = True
        """Whether every connection and join is understood, and none leads in a circle."""
        self.kinds: dict[str, Any] = {}
        """What has been found out about the task types of the graph, by name."""
        self.intakes: dict[int, Any] = {}
        """What has been found out about sets of ports, by their identity."""
        self.contents: dict[Any, BlockSpec] = {}
        """The contents in settings that have been found to be fine, by the name of their type and what is in them."""
        self.limits: Mapping[str, float] = {}
        self.secrets: set[str] = set()
        """Where secrets stand in settings that take them, as pointers."""
        self.unread: set[str] = set()
        """Where settings stand that do not fit their type, as pointers."""
        self.meetings: dict[tuple[int, int], bool] = {}
        """Whether some value fits both of two ports, by their identities."""
        self._guesses = GUESSES

    def add(self, key: str, /, *path: str | int, **facts: Any) -> None:
        """Note a problem at the place that `path` leads to."""
        self.problems.append(problem(key, pointer(*path), **facts))

    def field(self, owner: Mapping[str, Any], key: str, kind: type, *path: str | int) -> Any:
        """A field of a mapping if it has the right shape, else an empty one and a problem; None counts as absent."""
        value = owner.get(key)
        if value is None:
            return kind()
        if isinstance(value, kind):
            return value
        self.misshapen(value, kind, key, *path, key)
        return kind()

    def misshapen(self, value: Any, wanted: type, name: Text, /, *path: str | int) -> None:
        """Note that something is a value of another kind than it must be."""
        self.add("wrong-shape", *path, name=name, wanted=_WORDS[wanted], got=_TYPES[type_names[type(value)]])

    def near(self, name: str, names: Collection[str]) -> list[str]:
        """Those of `names` that were probably meant."""
        self._guesses -= len(names)
        if self._guesses < 0 or len(name) > 200:
            return []
        return get_close_matches(name, names)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names that its end tasks are given."""
        return tuple(dict.fromkeys(name for task in self.tasks if task.type.ends for name in task.fixed))

    def plan(self) -> Plan:
        """The plan, once there is no error."""
        return Plan(
            name=self.graph.get("name") or "",
            document=self.graph,
            tasks=tuple(self.tasks),
            connections=tuple(self.connections),
            inputs=self.inputs,
            open_inputs=self.open_inputs,
            begin=tuple(self.begin),
            unreachable=tuple(self.unreachable),
            groups=self.graph.get("groups") or {},
            limits=self.limits,
        )


Inspect = Callable[[Any, Registry, bool], Draft]
"""Checks a graph, which may be a body, and gives what was understood of it."""


def check_shape(draft: Draft) -> bool:
    """Check the envelope and the inputs; False where nothing more can be understood."""
    if not isinstance(draft.graph, Mapping):
        draft.add("not-a-mapping")
        return False
    try:
        draft.graph = copy_value(draft.graph)
    except BadValue as error:
        draft.add("bad-value", why=error.told)
        return False
    if not _check_version(draft):
        return False
    for key in ("name", "title"):
        draft.field(draft.graph, key, str)
    _check_declared_inputs(draft)
    _check_groups(draft)
    return True


def note_secrets(draft: Draft, config: BaseModel | None, *path: str | int) -> None:
    """Note where secrets stand in settings that take them; None stands for settings that do not fit."""
    if config is None:
        draft.unread.add(pointer(*path))
    elif takes_secrets(type(config)):
        draft.secrets |= {pointer(*path, *place) for place in secrets_in(config)}


def identify(draft: Draft, owner: Mapping[str, Any], what: Text, seen: set[str], *path: str | int) -> str | None:
    """The id of a task, block or trigger, checked; None where it cannot be used."""
    id = owner.get("id")
    if id is None:
        draft.add("missing-key", *path, name="id")
    elif not is_id(id):
        draft.add("bad-id", *path, "id", id=id)
    elif id in seen:
        draft.add("duplicate-id", *path, "id", id=id, what=what)
    else:
        seen.add(id)
        return str(id)
    return None


def check_name(draft: Draft, name: str, what: Text, reserved: frozenset[str], *path: str | int) -> bool:
    """Whether code can see `name`; a problem if not."""
    if is_name(name) and name not in reserved:
        return True
    draft.add("bad-name", *path, id=name, what=what, reserved=", ".join(sorted(reserved)))
    return False


def _check_version(draft: Draft) -> bool:
    found = draft.graph.get("blockloom")
    if found is None and draft.is_body:
        return True
    if type(found) is not int or found < 1:
        draft.add("no-version", *(("blockloom",) if "blockloom" in draft.graph else ()))
        return found is None or type(found) is int
    if found > FORMAT:
        draft.add("newer-version", "blockloom", found=found, here=FORMAT)
        return False
    return True


def _check_declared_inputs(draft: Draft) -> None:
    for name, schema in draft.field(draft.graph, "inputs", dict).items():
        check_name(draft, name, AN_INPUT, RESERVED_INPUTS, "inputs", name)
        flaw = flaw_of_schema(schema) if isinstance(schema, Mapping) else both("it is not a mapping", "它不是映射")
        if flaw:
            draft.add("bad-schema", "inputs", name, name=name, why=flaw)
            schema = {}
        elif schema.get("default") is not None and (check := checker(schema)) and (why := check(schema["default"])):
            draft.add("value-mismatch", "inputs", name, "default", name=name, why=why)
        required = "default" not in schema
        draft.inputs[name] = Port(schema=schema, required=required, default=schema.get("default"))


def _check_groups(draft: Draft) -> None:
    for name, limit in draft.field(draft.graph, "groups", dict).items():
        if type(limit) is not int or limit < 1:
            why = both(f"{limit!r} is not a limit", f"{limit!r} 不是有效的上限")
            advice = both("Write a whole number from 1 up.", "请写一个不小于 1 的整数。")
            draft.add("bad-setting", "groups", name, name=name, why=why, advice=advice)
