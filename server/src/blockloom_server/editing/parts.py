"""The parts of a document that may still be a draft: found by id, replaced without touching the old document."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from blockloom.errors import BadUsage, UnknownPart
from blockloom.values import is_id

Part: TypeAlias = dict[str, Any]
"""A graph, a task, a block or a connection, as it stands in a document."""


def parts(owner: Mapping[str, Any], key: str) -> list[Any]:
    """A copy of a list of parts, empty where there is none; raises BadUsage where it is something else."""
    value = owner.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadUsage(f"The {key} of this graph are not a list: send the whole graph with workflow.update.")
    return list(value)


def place_of(listed: Sequence[Any], id: str, what: str, where: str) -> int:
    """Where in a list the part with this id stands; raises UnknownPart."""
    for place, part in enumerate(listed):
        if isinstance(part, Mapping) and part.get("id") == id:
            return place
    there = [str(part.get("id")) for part in listed[:50] if isinstance(part, Mapping)]
    raise UnknownPart(what, id, where, there)


def check_new(listed: Sequence[Any], part: Mapping[str, Any], what: str, where: str) -> None:
    """Refuse a part that has no usable id, or one that is used already; raises BadUsage."""
    id = part.get("id")
    if not is_id(id):
        raise BadUsage(f"A {what} needs an id: letters, digits, _ and -, 1 to 200 of them; it has {id!r:.100}.")
    if any(isinstance(other, Mapping) and other.get("id") == id for other in listed):
        raise BadUsage(f"{where} has a {what} {id!r} already.")


def replaced(listed: Sequence[Any], place: int, *parts: Any) -> list[Any]:
    """A list with other parts at one place, or with none."""
    return [*listed[:place], *parts, *listed[place + 1 :]]


def merged(part: Mapping[str, Any], changes: Mapping[str, Any]) -> Part:
    """A part with fields changed; null takes a field away."""
    return {key: value for key, value in {**part, **changes}.items() if key not in changes or value is not None}
