"""JSON values, ids and durations: what may travel between tasks, and what a name may be."""

import keyword
import math
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from .errors import BadValue

type_names: Final = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}

MAX_DEPTH: Final = 200
"""Levels of nesting that a value or a document may have."""

MAX_DIGITS: Final = 4300
"""Digits that an integer may have: what Python itself reads and writes."""

_SCALARS: Final = frozenset({type(None), bool})
_MANY: Final = 100
_BEYOND: Final = 10**MAX_DIGITS
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")
_LETTERS: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd", "Nl"})
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def copy_value(value: Any) -> Any:
    """A copy of `value` in plain JSON types: tuples become lists, subclasses their base.

    Raises BadValue, with a path such as `items[3].name`, for anything that JSON cannot say.
    """
    if type(value) in _SCALARS:
        return value
    try:
        return _copy(value, 0)
    except BadValue:
        return _copy_odd(value, "", 0)


def _copy(value: Any, depth: int) -> Any:
    """A copy of what is plain, as almost everything is; BadValue where something is not, or may not be."""
    kind = type(value)
    if kind in _SCALARS or (kind is str and value.isascii()) or (kind is int and value.bit_length() < 64):
        return value
    if kind is dict and depth < MAX_DEPTH:
        if len(value) > _MANY and set(map(type, value)) == {str} and _all_alike(value) and _all_alike(value.values()):
            return dict(value)
        made = {}
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                key = _copy_key(key)
            made[key] = item if type(item) is str and item.isascii() else _copy(item, depth + 1)
        return made
    if (kind is list or kind is tuple) and depth < MAX_DEPTH:
        if len(value) > _MANY and _all_alike(value):
            return list(value)
        return [item if type(item) is str and item.isascii() else _copy(item, depth + 1) for item in value]
    if kind is float and math.isfinite(value):
        return value
    if kind is str:
        return _text(value, "")
    raise BadValue("it is not plain")


def _all_alike(items: Collection[Any]) -> bool:
    """Whether many items are plain and of one kind, found without a step of Python for each."""
    kinds = set(map(type, items))
    plain = _ALIKE.get(kinds.pop()) if len(kinds) == 1 else None
    return plain is not None and plain(items)


_ALIKE: Final[Mapping[type, Callable[[Collection[Any]], bool]]] = {
    int: lambda items: min(items).bit_length() < 64 and max(items).bit_length() < 64,
    float: lambda items: all(map(math.isfinite, items)),
    str: lambda items: all(map(str.isascii, items)),
}


def _copy_key(key: Any) -> str:
    if type(key) is str:
        return _text(key, "")
    raise BadValue("it is not plain")


def _copy_odd(value: Any, path: str, depth: int) -> Any:
    """The same for anything at all, with the path to what JSON cannot say."""
    # A subclass, such as a member of an Enum, may have its own idea of str(), int() and float().
    if value is None or type(value) is bool:
        return value
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int):
        if -_BEYOND < value < _BEYOND:
            return int.__int__(value)
        raise BadValue(f"the integer has more than {MAX_DIGITS} digits", path, f"整数超过 {MAX_DIGITS} 位")
    if isinstance(value, float):
        if math.isfinite(value):
            return float.__float__(value)
        shown = float.__repr__(value)
        raise BadValue(f"{shown} is not a finite number", path, f"{shown} 不是有限的数")
    if depth >= MAX_DEPTH and isinstance(value, dict | list | tuple):
        raise BadValue(
            f"more than {MAX_DEPTH} levels deep, or a circle", path[:80], f"嵌套超过 {MAX_DEPTH} 层，或形成循环"
        )
    if isinstance(value, dict):
        items = value.items()
        return {_key(k, path): _copy_odd(v, f"{path}.{k}" if path else str(k), depth + 1) for k, v in items}
    if isinstance(value, list | tuple):
        return [_copy_odd(v, f"{path}[{i}]", depth + 1) for i, v in enumerate(value)]
    kind = type(value).__name__
    raise BadValue(f"a value of the Python type {kind} is not JSON", path, f"Python 类型 {kind} 的值不是 JSON")


def _text(value: str, path: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            why = "the text holds half a surrogate pair and cannot be written as UTF-8"
            raise BadValue(why, path, "文本含有半个代理对，无法写成 UTF-8") from None
    return str.__str__(value)


def _key(key: Any, path: str) -> str:
    if not isinstance(key, str):
        raise BadValue(f"a mapping has the key {key!r}; keys must be text", path, f"映射的键 {key!r} 不是文本")
    return _text(key, path)


def duration(value: Any) -> float:
    """Seconds, from a number or from text such as "500ms", "1.5s", "10m", "2h", "1d"."""
    seconds = math.nan
    if isinstance(value, str) and len(value) < 40 and (found := _DURATION.fullmatch(value.strip())):
        seconds = float(found[1]) * _SECONDS[found[2]]
    elif isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**63:
        seconds = float(value)
    if 0 <= seconds < math.inf:
        return seconds
    ways = '"500ms", "1.5s", "10m", "2h", "1d"'
    chinese = f"{value!r:.100} 不是时长：请写秒数，或 {ways.replace(', ', '、')}"
    raise BadValue(f"{value!r} is not a duration: write seconds, or {ways}", zh=chinese)


def retry_after(said: str) -> float:
    """Seconds that a `Retry-After` header demands, which are given or lead to a date; 0 where it cannot be read."""
    try:
        seconds = float(said)
    except ValueError:
        try:
            moment = parsedate_to_datetime(said)
        except ValueError:
            return 0.0
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else 0.0


def is_id(text: Any) -> bool:
    """Whether `text` can be an id: letters of any script (NFC), digits, `_` and `-`, 1 to 200, no dot."""
    if not isinstance(text, str) or not 0 < len(text) <= 200:
        return False
    if text.isascii():
        return bool(_PLAIN_ID.fullmatch(text))
    letters = all(unicodedata.category(c) in _LETTERS or c in "_-" for c in text)
    return letters and unicodedata.is_normalized("NFC", text)


def is_name(text: Any) -> bool:
    """Whether `text` is an id that code can see as a name (blocks, inputs)."""
    return is_id(text) and text.isidentifier() and not keyword.iskeyword(text)


def new_id(prefix: str = "") -> str:
    """A fresh id: sortable by time of making, unique, safe in a file name."""
    import secrets
    import time

    return f"{prefix}{time.time_ns() // 1_000_000:011x}{secrets.token_hex(5)}"
