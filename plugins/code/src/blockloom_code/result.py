"""A result held against what may leave a block: JSON of a bounded size."""

import json
import math
from typing import Any, Final

from .limits import MAX_DEPTH, MAX_DIGITS, MAX_VALUES, MIB

_HINTS: Final = {
    "set": "use sorted(…) or list(…)",
    "frozenset": "use sorted(…) or list(…)",
    "bytes": "use .decode() or .hex()",
    "bytearray": "use .decode() or .hex()",
    "Decimal": "use float(…) or str(…)",
    "Fraction": "use float(…) or str(…)",
    "datetime": "use .isoformat()",
    "date": "use .isoformat()",
    "time": "use .isoformat()",
    "timedelta": "use .total_seconds()",
    "UUID": "use str(…)",
    "function": "call it",
    "builtin_function_or_method": "call it",
    "method": "call it",
    "Match": "use .group(0) or .groups()",
}
_LISTS: Final = "use list(…)"
_PLAIN: Final = frozenset({type(None), bool})
# Below this no integer can have too many digits: 3 bits are less than one digit.
_SAFE_BITS: Final = MAX_DIGITS * 3


class ResultRefused(Exception):
    """A result that may not leave the block."""


def encode(value: Any, limit: int) -> bytes:
    """`value` as JSON; raises ResultRefused."""
    _Walk(limit).check(value, "", 0)
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ResultRefused(f"the result is not JSON: {error}") from None
    data = text.encode()
    if len(data) > limit:
        raise ResultRefused(_too_large(limit))
    return data


class _Walk:
    """One walk through a result; what is shared counts each time, as it does in JSON."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.characters = 0
        self.values = 0

    def check(self, value: Any, path: str, depth: int) -> None:
        self.values += 1
        if self.values > MAX_VALUES:
            raise ResultRefused(f"the result has more than {MAX_VALUES} values")
        kind = type(value)
        if kind in _PLAIN:
            return
        if isinstance(value, str):
            self._text(value, path)
        elif isinstance(value, int):
            _integer(value, path)
        elif isinstance(value, float):
            if not math.isfinite(value):
                raise ResultRefused(f"{_at(path)}{value} is not a finite number")
        elif isinstance(value, list | tuple | dict):
            self._container(value, path, depth)
        else:
            raise ResultRefused(_foreign(value, path))

    def _container(self, value: Any, path: str, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise ResultRefused(f"the result is more than {MAX_DEPTH} levels deep, or holds itself")
        if isinstance(value, dict):
            for key, item in dict.items(value):
                if not isinstance(key, str):
                    raise ResultRefused(f"{_at(path)}a mapping has the key {key!r:.80}; keys must be text")
                self._text(key, path)
                self.check(item, f"{path}.{key:.40}" if len(path) < 200 else path, depth + 1)
            return
        for index, item in enumerate(list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value)):
            kind = type(item)
            if kind is float or kind is int or kind is str or kind in _PLAIN:
                self._scalar(item, kind, path, index)
            else:
                self.check(item, f"{path}[{index}]" if len(path) < 200 else path, depth + 1)

    def _scalar(self, item: Any, kind: type, path: str, index: int) -> None:
        # The short way for long lists of plain values: the path is only made when it is needed.
        self.values += 1
        if self.values > MAX_VALUES or (
            (kind is float and not math.isfinite(item)) or (kind is int and item.bit_length() > _SAFE_BITS)
        ):
            self.values -= 1
            self.check(item, f"{path}[{index}]", 0)
        elif kind is str:
            self._text(item, path)

    def _text(self, value: str, path: str) -> None:
        self.characters += len(value)
        if self.characters > self.limit:
            raise ResultRefused(_too_large(self.limit))
        if not value.isascii():
            try:
                str.encode(value)
            except UnicodeEncodeError:
                raise ResultRefused(f"{_at(path)}a text holds half a surrogate pair and is not Unicode") from None


def _integer(value: int, path: str) -> None:
    if value.bit_length() > _SAFE_BITS and abs(value) >= 10**MAX_DIGITS:
        raise ResultRefused(f"{_at(path)}an integer has more than {MAX_DIGITS} digits")


def _foreign(value: Any, path: str) -> str:
    name = type(value).__name__
    hint = _HINTS.get(name) or (_LISTS if hasattr(type(value), "__iter__") else "")
    return f"{_at(path)}a value of the Python type '{name:.60}' is not JSON" + (f": {hint}" if hint else "")


def _at(path: str) -> str:
    return f"at result{path}: " if path else ""


def _too_large(limit: int) -> str:
    return f"the result is larger than {limit / MIB:g} MiB"
