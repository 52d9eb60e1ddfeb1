"""Answers that must fit a schema: how a server is asked for them, and whether what it answers fits."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from blockloom import TaskFailed

MODES: Final = ("json_schema", "json_object", "text")
"""How a server is asked, the strictest first."""

_FENCE: Final = re.compile(r"\s*```[a-zA-Z]*\s*\n(.*?)\n?\s*```\s*", re.S)


def format_of(mode: str, schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is sent as `response_format`."""
    if mode == "json_schema":
        made = {"name": "answer", "schema": dict(schema), "strict": _is_strict(schema)}
        return {"type": "json_schema", "json_schema": made}
    return {"type": "json_object"} if mode == "json_object" else None


def demand_of(mode: str, schema: Mapping[str, Any]) -> str:
    """What the system text says besides."""
    if mode == "json_schema":
        return ""
    written = json.dumps(schema, ensure_ascii=False)
    return f"Answer with one JSON value that fits this JSON Schema, and with nothing else:\n{written}"


def is_of_the_format(error: TaskFailed) -> bool:
    """Whether a server refused the format rather than the question."""
    said = error.message.lower()
    hints = ("response_format", "json_schema", "json_object", "schema", "grammar")
    return error.type == "refused" and any(hint in said for hint in hints)


def read_answer(text: str, schema: Mapping[str, Any]) -> tuple[Any, str | None]:
    """The value of an answer, and what is wrong with it or None."""
    import jsonschema
    from referencing import Registry

    fenced = _FENCE.fullmatch(text)
    try:
        value = json.loads(fenced[1] if fenced else text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return None, f"it is not JSON: {error}"
    validator = jsonschema.Draft202012Validator(dict(schema), registry=Registry())
    flaw = jsonschema.exceptions.best_match(validator.iter_errors(value))
    if flaw is None:
        return value, None
    place = flaw.json_path.removeprefix("$").removeprefix(".")
    return None, f"{place}: {flaw.message}" if place else flaw.message


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")


def _is_strict(schema: Any) -> bool:
    """Whether every object in a schema lists all it may have as required, which is what strict servers demand."""
    if isinstance(schema, list):
        return all(map(_is_strict, schema))
    if not isinstance(schema, Mapping):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        closed = schema.get("additionalProperties") is False
        if not closed or set(schema.get("required") or ()) != set(schema.get("properties") or ()):
            return False
    return all(map(_is_strict, schema.values()))
