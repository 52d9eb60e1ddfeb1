"""JSON Schema at the ports: what a declared type accepts, and whether two can ever meet."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from pydantic import TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from .values import type_names

Schema: TypeAlias = Mapping[str, Any]
"""A JSON Schema fragment; `{}` accepts any value."""

Check: TypeAlias = Callable[[Any], str | None]
"""Says what is wrong with a value, or None."""

ALL_TYPES: Final = frozenset(type_names.values())
_NOTES: Final = frozenset({"title", "description", "default", "examples", "deprecated", "$comment"})


def schema_of(annotation: Any) -> Schema:
    """The JSON Schema of a Python annotation; `{}` where it has none."""
    if annotation is Any:
        return {}
    try:
        return TypeAdapter(annotation).json_schema()
    except (PydanticSchemaGenerationError, PydanticUserError):
        return {}


def possible_types(schema: Any, root: Any = None) -> frozenset[str]:
    """The JSON types that a value of this schema may have; more than it has is fine, less is not."""
    root = schema if root is None else root
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
        found &= frozenset(_type_of(v) for v in schema["enum"])
    if "const" in schema:
        found &= frozenset({_type_of(schema["const"])})
    for choice in ("anyOf", "oneOf"):
        if isinstance(schema.get(choice), list):
            found &= frozenset().union(*(possible_types(s, root) for s in schema[choice]))
    if isinstance(target := schema.get("$ref"), str) and (definition := _resolve(target, root)) is not None:
        found &= possible_types(definition, root)
    return found


def can_meet(offered: Schema, wanted: Schema) -> bool:
    """Whether some value could satisfy both schemas; says yes wherever it is not sure."""
    return bool(_with_whole(possible_types(offered)) & _with_whole(possible_types(wanted)))


def checker(schema: Schema) -> Check | None:
    """A function that checks values against `schema`; None where every value is fine."""
    says = {key: part for key, part in schema.items() if key not in _NOTES}
    if not says:
        return None
    if set(says) == {"type"} and isinstance(says["type"], str) and says["type"] in _SIMPLE:
        return _SIMPLE[says["type"]]
    return _full_check(dict(schema))


def flaw_of_schema(schema: Any) -> str | None:
    """What is wrong with a schema itself, or None."""
    import jsonschema

    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        return error.message
    return None


def _full_check(schema: dict[str, Any]) -> Check:
    import jsonschema

    validator = jsonschema.Draft202012Validator(schema)

    def check(value: Any) -> str | None:
        error = jsonschema.exceptions.best_match(validator.iter_errors(value))
        if error is None:
            return None
        place = error.json_path.removeprefix("$").removeprefix(".")
        return f"{place}: {error.message}"[:500] if place else error.message[:500]

    return check


def _simple(name: str, fits: Callable[[Any], bool]) -> Check:
    def check(value: Any) -> str | None:
        return None if fits(value) else f"expected {name}, got {_type_of(value)}"

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


def _with_whole(types: frozenset[str]) -> frozenset[str]:
    """A number may be whole, and then it is an integer too."""
    return types | {"integer"} if "number" in types else types


def _resolve(target: str, root: Any) -> Any:
    for step in target.removeprefix("#/").split("/"):
        if not isinstance(root, Mapping) or step not in root:
            return None
        root = root[step]
    return root
