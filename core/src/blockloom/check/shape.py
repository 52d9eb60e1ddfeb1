"""The shape of a document: its version, its lists and mappings, the ids in it."""

from collections.abc import Mapping
from typing import Any, Final

from ..codec import FORMAT
from ..errors import BadValue
from ..plan import Plan, TaskPlan
from ..problem import Problem, pointer
from ..registry import Registry
from ..schema import flaw_of_schema
from ..sentences import problem
from ..spec import Connection, Port
from ..values import copy_value, is_id, is_name, type_names

RESERVED_INPUTS: Final = frozenset({"inputs"})
_WORDS: Final[dict[type, str]] = {str: "a text", list: "a list", dict: "a mapping"}


class Draft:
    """A graph on its way to being a plan: what has been understood so far, and every problem found."""

    def __init__(self, graph: Any, registry: Registry) -> None:
        self.graph = graph
        self.registry = registry
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
        self.add(
            "wrong-shape", *path, key, name=key, wanted=_WORDS[kind], got=type_names.get(type(value), "something else")
        )
        return kind()

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
        )


def check_shape(draft: Draft) -> bool:
    """Check the envelope and the inputs; False where nothing more can be understood."""
    if not isinstance(draft.graph, Mapping):
        draft.add("not-a-mapping")
        return False
    try:
        draft.graph = copy_value(draft.graph)
    except BadValue as error:
        draft.add("bad-value", why=str(error))
        return False
    if not _check_version(draft):
        return False
    for key in ("name", "title"):
        draft.field(draft.graph, key, str)
    _check_declared_inputs(draft)
    _check_groups(draft)
    return True


def identify(draft: Draft, owner: Mapping[str, Any], what: str, seen: set[str], *path: str | int) -> str | None:
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


def check_name(draft: Draft, name: str, what: str, reserved: frozenset[str], *path: str | int) -> bool:
    """Whether code can see `name`; a problem if not."""
    if is_name(name) and name not in reserved:
        return True
    draft.add("bad-name", *path, id=name, what=what, reserved=", ".join(sorted(reserved)))
    return False


def _check_version(draft: Draft) -> bool:
    found = draft.graph.get("blockloom")
    if type(found) is not int or found < 1:
        draft.add("no-version", *(("blockloom",) if "blockloom" in draft.graph else ()))
        return found is None or type(found) is int
    if found > FORMAT:
        draft.add("newer-version", "blockloom", found=found, here=FORMAT)
        return False
    return True


def _check_declared_inputs(draft: Draft) -> None:
    for name, schema in draft.field(draft.graph, "inputs", dict).items():
        check_name(draft, name, "an input", RESERVED_INPUTS, "inputs", name)
        flaw = flaw_of_schema(schema) if isinstance(schema, Mapping) else "it is not a mapping"
        if flaw:
            draft.add("bad-schema", "inputs", name, name=name, why=flaw)
            schema = {}
        required = "default" not in schema
        draft.inputs[name] = Port(schema=schema, required=required, default=schema.get("default"))


def _check_groups(draft: Draft) -> None:
    for name, limit in draft.field(draft.graph, "groups", dict).items():
        if type(limit) is not int or limit < 1:
            advice = {"advice": "Write a whole number from 1 up.", "advice_zh": "请写一个不小于 1 的整数。"}
            draft.add("bad-setting", "groups", name, name=name, why=f"{limit!r} is not a limit", **advice)
