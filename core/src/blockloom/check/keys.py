"""Secrets in a graph: they stand only where a type takes one, and never as what they are."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import to_json

from ..keys import kind_of_key, may_hold_key, some_text
from ..problem import Problem, pointer
from ..sentences import problem
from .shape import Draft

_SIGN = b'"$secret"'


def exposed_keys(graph: Any) -> list[Problem]:
    """A problem for every text in a document that looks like a key."""
    if not some_text(graph, may_hold_key):
        return []
    return [
        problem("exposed-key", pointer(*path), what=kind)
        for path, part in _parts(graph)
        if isinstance(part, str) and (kind := kind_of_key(part)) is not None
    ]


def check_keys(draft: Draft) -> None:
    """Find what looks like a key, and secrets that stand where no type takes one."""
    written = to_json(draft.graph)
    if may_hold_key(written.decode()):
        draft.problems += exposed_keys(draft.graph)
    if _SIGN not in written:
        return
    known = {found.path for found in draft.problems}
    for steps, part in _parts(draft.graph):
        path = pointer(*steps)
        if not isinstance(part, Mapping) or "$secret" not in part or path in draft.secrets:
            continue
        if any(path.startswith(f"{unread}/") for unread in draft.unread):
            # Where the settings do not fit, nobody knows where they take one, but for the place that is complained of.
            if path not in known:
                continue
            draft.problems = [found for found in draft.problems if found.path != path]
        draft.add("misplaced-secret", *steps)


def _parts(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every text, mapping and list in a document with the way to it; keys count as texts where their value is."""
    yield path, value
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield (*path, key), key
            yield from _parts(item, (*path, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _parts(item, (*path, place))
