"""The protocol as a page for people, made of the same descriptions as everything else."""

from collections.abc import Iterable, Mapping
from importlib.resources import files
from itertools import groupby
from string import Template
from typing import Any, Final

from .faults import CODES
from .limits import Limits
from .method import Table
from .metrics import Metrics
from .openrpc import describe

CLOSES: Final[Mapping[int, str]] = {
    1001: "The server stops.",
    1002: "The WebSocket protocol was broken.",
    1007: "A text was not UTF-8.",
    1009: "A message was larger than the limit by more than 4 MiB, or came in more than 4,096 fragments.",
    1011: "The server made a mistake, or the client answered no ping for 20 s.",
    4401: "A wrong token, or none in time.",
    4408: "The client read nothing of what waited for it. It learns of that if it reads on within 30 s; `subscribe` "
    "with `after` carries on.",
}
"""How the server closes a connection."""


def write(table: Table) -> str:
    """The page, in Markdown."""
    found = describe(table)
    document = _with_enums(found, found["components"]["schemas"])
    limits = Limits()
    facts = {
        "hello": f"{limits.hello:g}",
        "patience": f"{limits.patience:g}",
        "drain": f"{limits.drain:g}",
        "limits": _rows(("limit", "default", "what it is"), _limits(limits)),
        "errors": _rows(("code", "meaning"), ((f"`{code.number}`", code.meaning) for code in CODES)),
        "closes": _rows(("code", "why"), ((str(code), why) for code, why in CLOSES.items())),
        "figures": _rows(("figure", "what it is"), ((f"`{n}`", text) for n, text in Metrics().described().items())),
        "methods": "\n\n".join(_groups(document)),
        "shapes": "\n\n".join(_shape(name, document["components"]["schemas"][name]) for name in _shared(document)),
    }
    template = Template(files(__package__).joinpath("handbook.md").read_text(encoding="utf-8"))
    return template.substitute(facts).rstrip() + "\n"


def _with_enums(value: Any, schemas: Mapping[str, Any]) -> Any:
    """A document in which the values that a text may have stand where the text does."""
    if isinstance(value, list):
        return [_with_enums(inner, schemas) for inner in value]
    if not isinstance(value, dict):
        return value
    schema = schemas.get(str(value.get("$ref", "")).rpartition("/")[2], {})
    return schema if "enum" in schema else {key: _with_enums(inner, schemas) for key, inner in value.items()}


def _limits(limits: Limits) -> Iterable[tuple[str, ...]]:
    for name, field in Limits.model_fields.items():
        yield f"`{name}`", str(getattr(limits, name)).removesuffix(".0"), field.description or ""


def _groups(document: Mapping[str, Any]) -> Iterable[str]:
    """The methods, those with one first word together."""
    for word, methods in groupby(document["methods"], lambda method: str(method["name"]).partition(".")[0]):
        yield f"### {word.capitalize()}"
        for method in methods:
            yield from _method(method, document)


def _method(method: Mapping[str, Any], document: Mapping[str, Any]) -> Iterable[str]:
    yield f"#### `{method['name']}`"
    told = method["description"].replace("\n", " ")
    notes = [("x-waits", "It may take its time."), ("x-reads", "It only reads.")]
    yield " ".join([told, *(text for mark, text in notes if method.get(mark))])
    if method["params"]:
        yield _rows(
            ("param", "type", ""), (_member(p["name"], p["schema"], p["required"], p) for p in method["params"])
        )
    name = method["result"]["schema"]["$ref"].rpartition("/")[2]
    result = document["components"]["schemas"][name]
    if result.get("properties"):
        yield _rows(("result", "type", ""), _members(result))
    codes = ", ".join(
        f"`{error['code']}`" for error in method["errors"] if error["code"] not in (-32602, -32603, -32001)
    )
    if codes:
        yield f"Refused with {codes}."


def _shared(document: Mapping[str, Any]) -> list[str]:
    """The names of the shapes that stand inside others."""
    parts = [part["schema"] for method in document["methods"] for part in method["params"]]
    parts += [schema.get("properties", {}) for schema in document["components"]["schemas"].values()]
    return sorted(set(_named(parts)))


def _named(value: Any) -> Iterable[str]:
    """The shapes that something refers to."""
    inners = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    if isinstance(value, Mapping) and isinstance(value.get("$ref"), str):
        yield value["$ref"].rpartition("/")[2]
    for inner in inners:
        yield from _named(inner)


def _shape(name: str, schema: Mapping[str, Any]) -> str:
    return f"### {name}\n\n{schema['description']}\n\n" + _rows(("member", "type", ""), _members(schema))


def _members(schema: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    required = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        yield _member(name, part, name in required, part)


def _member(name: str, schema: Mapping[str, Any], required: bool, about: Mapping[str, Any]) -> tuple[str, str, str]:
    return f"`{name}`" + ("" if required else "?"), _type(schema), about.get("description", "")


def _type(schema: Mapping[str, Any]) -> str:
    """A JSON Schema in a few words."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(part) for part in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if isinstance(inner := schema.get("additionalProperties"), Mapping) and inner:
        return f"mapping of {_type(inner)}"
    kinds = {"object": "mapping", "string": "text", "null": "null"}
    return kinds.get(str(schema.get("type", "any")), str(schema.get("type", "any")))


def _rows(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines).replace(
        "|  |", "| |"
    )
