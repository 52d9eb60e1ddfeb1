"""JSON Schema at the ports: what a declared type accepts, and whether two can ever meet."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from pydantic import TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from .values import type_names
from .words import Text, both, join

Schema: TypeAlias = Mapping[str, Any]
"""A JSON Schema fragment; `{}` accepts any value."""

Check: TypeAlias = Callable[[Any], Text | None]
"""Says what is wrong with a value, or None."""

ALL_TYPES: Final = frozenset(type_names.values())
_FAR: Final = 8
"""References that are followed one after the other; each may branch, so that few are many."""
_VALUES: Final = frozenset({"const", "enum", "default", "examples"})
_NOTES: Final = frozenset({"title", "description", "default", "examples", "deprecated", "$comment"})


def schema_of(annotation: Any) -> Schema:
    """The JSON Schema of a Python annotation; `{}` where it has none."""
    if annotation is Any:
        return {}
    try:
        return TypeAdapter(annotation).json_schema()
    except (PydanticSchemaGenerationError, PydanticUserError):
        return {}


def possible_types(schema: Any) -> frozenset[str]:
    """The JSON types that a value of this schema may have; more than it has is fine, less is not."""
    return _possible(schema, schema, [])


def _possible(schema: Any, root: Any, passed: list[str]) -> frozenset[str]:
    """See `possible_types`; `passed` holds the references on the way here, for they may lead in a circle."""
    if len(passed) > _FAR:
        return ALL_TYPES
    if schema is False:
        return frozenset()
    if not isinstance(schema, Mapping):
        return ALL_TYPES
    found = ALL_TYPES
    declared = schema.get("type")
    if isinstance(declared, str | list):
        names = {declared} if isinstance(declared, str) else {n for n in declared if isinstance(n, str)}
        found &= frozenset(names | ({"integer"} if "number" in names else set()))
    if isinstance(schema.get("enum"), list):
        found &= frozenset().union(*(_types_of(v) for v in schema["enum"]))
    if "const" in schema:
        found &= _types_of(schema["const"])
    for choice in ("anyOf", "oneOf"):
        if isinstance(schema.get(choice), list):
            found &= frozenset().union(*(_possible(s, root, passed) for s in schema[choice]))
    target = schema.get("$ref")
    if isinstance(target, str) and target not in passed and (definition := _resolve(target, root)) is not None:
        found &= _possible(definition, root, [*passed, target])
    return found


def can_meet(offered: Schema, wanted: Schema) -> bool:
    """Whether some value could satisfy both schemas; says yes wherever it is not sure."""
    if not _with_whole(possible_types(offered)) & _with_whole(possible_types(wanted)):
        return False
    for one, other in ((offered, wanted), (wanted, offered)):
        values = [one["const"]] if "const" in one else one.get("enum")
        if isinstance(values, list):
            return any(_fits(value, one) and _fits(value, other) for value in values)
    return True


def _fits(value: Any, schema: Schema) -> bool:
    try:
        return (check := checker(schema)) is None or check(value) is None
    except Exception:  # a schema that cannot be used is told of elsewhere
        return True


def checker(schema: Schema) -> Check | None:
    """A function that checks values against `schema`; None where every value is fine."""
    if not schema:
        return None
    says = {key: part for key, part in schema.items() if key not in _NOTES}
    if not says:
        return None
    if set(says) == {"type"} and isinstance(says["type"], str) and says["type"] in _SIMPLE:
        return _SIMPLE[says["type"]]
    return _full_check(dict(schema))


def flaw_of_schema(schema: Any) -> Text | None:
    """What is wrong with a schema itself, or None. Nothing that it refers to is fetched."""
    import jsonschema

    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        return error.message
    except RecursionError:
        return both("it nests too deeply", "嵌套过深")
    for target in _references(schema):
        if not target.startswith("#"):
            advice = both(
                "it may refer only to what is in it, as '#/$defs/name'", "只能引用其自身的内容，如 '#/$defs/name'"
            )
            return join([both(f"it refers to {target!r}", f"它引用了 {target!r}"), advice])
        if target.startswith("#/") and _resolve(target, schema) is None:
            return both(f"it refers to {target!r}, which is not in it", f"它引用了 {target!r}，但其中没有该内容")
        if _circles(target, schema):
            return both(f"{target!r} refers to itself", f"{target!r} 引用了自身")
    return None


def _full_check(schema: dict[str, Any]) -> Check:
    import jsonschema
    from referencing import Registry

    # With a registry of its own it does not look for references on the network.
    validator = jsonschema.Draft202012Validator(schema, registry=Registry())

    def check(value: Any) -> str | None:
        try:
            error = jsonschema.exceptions.best_match(validator.iter_errors(value))
        except Exception as error:
            # A schema that a plugin wrote by hand is not held against the rules of schemas beforehand.
            return f"its type cannot be applied: {error}"[:500]
        if error is None:
            return None
        place = error.json_path.removeprefix("$").removeprefix(".")
        return f"{place}: {error.message}"[:500] if place else error.message[:500]

    return check


def _references(schema: Any) -> Iterator[str]:
    """Every reference in a schema; values that stand in it are not schemas."""
    todo = [schema]
    while todo:
        part = todo.pop()
        if isinstance(part, list):
            todo += part
        elif isinstance(part, Mapping):
            yield from (part[key] for key in ("$ref", "$dynamicRef") if isinstance(part.get(key), str))
            todo += (inner for key, inner in part.items() if key not in _VALUES)


def _circles(target: str, root: Any) -> bool:
    """Whether a reference leads back to itself by references alone: no value could ever be checked against it."""
    passed: set[str] = set()
    while target not in passed:
        passed.add(target)
        definition = root if target == "#" else _resolve(target, root)
        following = definition.get("$ref") if isinstance(definition, Mapping) else None
        if not isinstance(following, str):
            return False
        target = following
    return True


def _simple(name: str, fits: Callable[[Any], bool]) -> Check:
    def check(value: Any) -> Text | None:
        if fits(value):
            return None
        return both(f"expected {name}, got {_type_of(value)}", f"应为 {name}，实为 {_type_of(value)}")

    return check


_SIMPLE: Final[Mapping[str, Check]] = {
    "string": _simple("string", lambda v: type(v) is str),
    "boolean": _simple("boolean", lambda v: type(v) is bool),
    "number": _simple("number", lambda v: type(v) is float or type(v) is int),
    "integer": _simple("integer", lambda v: type(v) is int or (type(v) is float and v.is_integer())),
    "array": _simple("array", lambda v: type(v) is list),
    "object": _simple("object", lambda v: type(v) is dict),
    "null": _simple("null", lambda v: v is None),
}


def _type_of(value: Any) -> str:
    return type_names.get(type(value), "value")


def _types_of(value: Any) -> frozenset[str]:
    """The type of a value; a float that is whole is an integer too."""
    whole = isinstance(value, float) and value.is_integer()
    return frozenset({_type_of(value), "integer"} if whole else {_type_of(value)})


def _with_whole(types: frozenset[str]) -> frozenset[str]:
    """A number may be whole, and then it is an integer too."""
    return types | {"integer"} if "number" in types else types


def _resolve(target: str, root: Any) -> Any:
    """What a reference such as `#/$defs/name` leads to; None where it leads nowhere."""
    for escaped in unquote(target).removeprefix("#/").split("/"):
        step = escaped.replace("~1", "/").replace("~0", "~")
        if isinstance(root, Mapping) and step in root:
            root = root[step]
        elif isinstance(root, list) and step.isdecimal() and int(step) < len(root):
            root = root[int(step)]
        else:
            return None
    return root
