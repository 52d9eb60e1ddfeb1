"""Documents as text and back: JSON and YAML 1.2 into plain mappings, with nothing lost and nothing run."""

import json
import math
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from .errors import BadFormat, BadValue
from .problem import Problem
from .sentences import problem
from .values import MAX_DEPTH, MAX_DIGITS, copy_value

FORMAT: Final = 1
"""The version of the document's format that this code writes."""

MAX_BYTES: Final = 64 * 1024 * 1024
"""The largest document that is read."""


class _Refused(ValueError):
    """What a parser's hook refuses; carries the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def read_file(path: str | Path) -> dict[str, Any]:
    """The document in a file: YAML if it is named `.yaml` or `.yml`, else JSON.

    Raises BadFormat, also where the file cannot be read.
    """
    return document(read_value(path))


def read_value(path: str | Path) -> Any:
    """Any value in a file, as `read_file` reads a document; raises BadFormat."""
    path = Path(path)
    try:
        # Some files, such as /dev/zero, have no end.
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        refuse("no-file", path=str(path), why=getattr(error, "strerror", None) or str(error))
    return parse_yaml(data) if path.suffix.lower() in (".yaml", ".yml") else parse_json(data)


def read_json(text: str | bytes) -> dict[str, Any]:
    """The document in a JSON text; raises BadFormat for what JSON does not allow, a repeated key included."""
    return document(parse_json(text))


def read_yaml(text: str | bytes) -> dict[str, Any]:
    """The document in a YAML 1.2 text; raises BadFormat."""
    return document(parse_yaml(text))


def parse_yaml(text: str | bytes) -> Any:
    """Any YAML 1.2 value, as strictly as JSON and without tags; raises BadFormat."""
    from .yaml12 import YamlError, YamlTooDeep, parse

    try:
        return parse(_decode(text))
    except YamlTooDeep:
        refuse("too-deep", limit=MAX_DEPTH)
    except YamlError as error:
        refuse("not-yaml", why=error.why, line=error.line, column=error.column)


def parse_json(text: str | bytes, depth: int = MAX_DEPTH) -> Any:
    """Any JSON value, strictly: no repeated key, no NaN, no infinity, no nest beyond `depth`; raises BadFormat."""
    text = _decode(text)
    try:
        value = _STRICT.decode(text)
    except _Refused as error:
        raise BadFormat([error.problem]) from None
    except json.JSONDecodeError as error:
        refuse("not-json", why=error.msg, line=error.lineno, column=error.colno)
    except RecursionError:
        refuse("too-deep", limit=depth)
    except ValueError:  # all that is left: Python does not read such an integer
        refuse("not-json", why=f"an integer has more than {MAX_DIGITS} digits", line=1, column=1)
    # A text without so many brackets cannot nest so deeply, whatever stands in it.
    if text.count("[") + text.count("{") > depth and _depth(value) > depth:
        refuse("too-deep", limit=depth)
    return value


def document(value: Any) -> dict[str, Any]:
    """A document of the present format from a parsed one of any; raises BadFormat where it is none."""
    if not isinstance(value, Mapping):
        refuse("not-a-mapping")
    if _depth(value) > MAX_DEPTH:
        refuse("too-deep", limit=MAX_DEPTH)
    try:
        copied: dict[str, Any] = copy_value(dict(value))
    except BadValue as error:
        refuse("bad-value", why=error.told)
    return copied


def write_json(value: Any) -> str:
    """A document as JSON text for a file: indented, every script as it is."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def refuse(key: str, /, **facts: Any) -> NoReturn:
    """Raise BadFormat with one problem."""
    raise BadFormat([problem(key, "", **facts)])


def _decode(text: str | bytes) -> str:
    if len(text) > MAX_BYTES:
        refuse("too-large", limit=MAX_BYTES)
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse("not-utf8", place=error.start)


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Refused(problem("repeated-key", "", key=key))
            seen.add(key)
    return mapping


def _no_constant(name: str) -> NoReturn:
    raise _Refused(problem("not-finite", "", value=name))


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Refused(problem("not-finite", "", value=text))
    return value


_STRICT: Final = json.JSONDecoder(object_pairs_hook=_mapping, parse_constant=_no_constant, parse_float=_finite)


def _depth(value: Any) -> int:
    """How deeply lists and mappings nest; stops counting just beyond the limit."""
    level, depth = _containers([value]), 0
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = _containers(inner for outer in level for inner in _inside(outer))
    return depth


def _containers(values: Iterable[Any]) -> Collection[Any]:
    # One object may stand in many places, or hold itself: each counts once a level.
    return {id(value): value for value in values if isinstance(value, dict | list | tuple)}.values()


def _inside(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value
