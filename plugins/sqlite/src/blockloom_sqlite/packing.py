"""Values as JSON and back; what is large stands apart, by its hash."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, TypeAlias

from blockloom import BadValue, Event
from pydantic_core import PydanticSerializationError, from_json, to_json

LARGE: Final = 64 * 1024
"""Bytes of JSON above which a value stands apart."""

TOGETHER: Final = 500
"""Events that stand in one row, at most."""

Apart: TypeAlias = dict[bytes, str]
"""The JSON of what stands apart, by its hash."""

Row: TypeAlias = tuple[int, int, float, str]
"""The numbers of the first and the last of some events, the time of the last, and their JSON."""


def encode(value: Any) -> bytes:
    """A value as JSON; raises BadValue for half a surrogate pair, and for what is no JSON."""
    try:
        return to_json(value, fallback=_mapping)
    except PydanticSerializationError as error:
        raise BadValue(f"a value cannot be kept: {error}") from None


def decode(text: str | bytes) -> Any:
    """The value that `encode` wrote."""
    try:
        return from_json(text, cache_strings="keys")
    except ValueError:
        return json.loads(text)  # deeper than the fast reader goes: the values of an event stand some levels down


def by_hash(value: Any) -> tuple[bytes, str]:
    """A value to be kept apart: its hash, and its JSON."""
    text = encode(value)
    return sha256(text).digest(), text.decode()


def pack(parts: Iterable[Any], data: Mapping[str, Any], apart: Apart) -> bytes:
    """A list of `parts` and `data` as JSON; what is large in `data` is put into `apart`, and a list says where."""
    text = encode((*parts, data))
    if len(text) <= LARGE:
        return text
    places: list[tuple[tuple[str, ...], str]] = []
    thin = _thin(data, (), apart, places)
    return encode((*parts, thin, places))


def unpack(parts: list[Any], where: int, values: Mapping[str, Any]) -> Any:
    """The data at the index `where` of what `pack` wrote, once read, with `values` by their hash put back."""
    data = parts[where]
    for path, hash in parts[where + 1] if len(parts) > where + 1 else ():
        holder = data
        for name in path[:-1]:
            holder = holder[name]
        holder[path[-1]] = values[hash]
    return data


def hashes(parts: list[Any], where: int) -> Iterator[str]:
    """The hashes of the values that `unpack` needs."""
    return (hash for _, hash in parts[where + 1]) if len(parts) > where + 1 else iter(())


def pack_events(events: Sequence[Event], apart: Apart) -> Iterator[Row]:
    """Events that follow each other as rows of the journal, each written at once where nothing in it can be large."""
    for start in range(0, len(events), TOGETHER):
        some = events[start : start + TOGETHER]
        rows = [(time, type, task, data) for _, time, type, task, data in some]
        text = encode(rows)
        if len(text) > LARGE:
            text = b"[%b]" % b",".join(pack(about, data, apart) for *about, data in rows)
        yield some[0].seq, some[-1].seq, some[-1].time, text.decode()


def unpack_events(first: int, rows: list[list[Any]], values: Mapping[str, Any]) -> list[Event]:
    """Events as they were, from the rows once read."""
    return [Event(first + at, row[0], row[1], row[2], unpack(row, 3, values)) for at, row in enumerate(rows)]


def _thin(
    value: Mapping[str, Any], path: tuple[str, ...], apart: Apart, places: list[tuple[tuple[str, ...], str]]
) -> dict[str, Any]:
    """A mapping, and mappings in it, without what is large; one level of the data of an event is the values' names."""
    kept = {}
    for name, part in value.items():
        kept[name] = part
        if not path and isinstance(part, Mapping):
            kept[name] = _thin(part, (name,), apart, places)
        elif isinstance(part, str | list | Mapping) and len(text := encode(part)) > LARGE:
            hash = sha256(text).digest()
            apart[hash] = text.decode()
            places.append(((*path, name), hash.hex()))
            kept[name] = None
    return kept


def _mapping(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise BadValue(f"a value of the Python type {type(value).__name__} is not JSON")
