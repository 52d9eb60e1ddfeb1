"""A result held against what may leave a block: JSON of a bounded size."""

import json
import math
from typing import Any, Final

from .limits import MAX_DEPTH, MAX_DIGITS, MAX_VALUES, MIB

_HINTS: Final = {
    "set": "sorted(…) or list(…)",
    "frozenset": "sorted(…) or list(…)",
    "bytes": ".decode() or .hex()",
    "bytearray": ".decode() or .hex()",
    "Decimal": "float(…) or str(…)",
    "Fraction": "float(…) or str(…)",
    "datetime": ".isoformat()",
    "date": ".isoformat()",
    "time": ".isoformat()",
    "timedelta": ".total_seconds()",
    "UUID": "str(…)",
    "function": "its value: f(…)",
    "builtin_function_or_method": "its value: f(…)",
    "method": "its value: f(…)",
    "Match": ".group(0) or .groups()",
}
_LISTS: Final = "list(…)"
_PLAIN: Final = frozenset({type(None), bool})
# Below this no integer can have too many digits: 3 bits are less than one digit.
_SAFE_BITS: Final = MAX_DIGITS * 3


class ResultRefused(Exception):
    """A result that may not leave the block; `words` say why, and where in it."""

    def __init__(self, english: str, chinese: str, path: str = "") -> None:
        at = {"en": f"at result{path}: ", "zh": f"result{path} 处："} if path else {"en": "", "zh": ""}
        self.words = {"en": at["en"] + english, "zh": at["zh"] + chinese}
        super().__init__(self.words["en"])


def encode(value: Any, limit: int) -> bytes:
    """`value` as JSON; raises ResultRefused."""
    _Walk(limit).check(value, "", 0)
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ResultRefused(f"the result is not JSON: {error}", f"结果不是 JSON：{error}") from None
    data = text.encode()
    if len(data) > limit:
        raise _too_large(limit)
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
            raise ResultRefused(f"the result has more than {MAX_VALUES} values", f"结果的值超过 {MAX_VALUES} 个")
        kind = type(value)
        if kind in _PLAIN:
            return
        if isinstance(value, str):
            self._text(value, path)
        elif isinstance(value, int):
            _integer(value, path)
        elif isinstance(value, float):
            if not math.isfinite(value):
                raise ResultRefused(f"{value} is not a finite number", f"{value} 不是有限的数", path)
        elif isinstance(value, list | tuple | dict):
            self._container(value, path, depth)
        else:
            raise _foreign(value, path)

    def _container(self, value: Any, path: str, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise ResultRefused(
                f"the result is more than {MAX_DEPTH} levels deep, or holds itself",
                f"结果嵌套超过 {MAX_DEPTH} 层，或包含自身",
            )
        if isinstance(value, dict):
            for key, item in dict.items(value):
                if not isinstance(key, str):
                    raise ResultRefused(
                        f"a mapping has the key {key!r:.80}; keys must be text",
                        f"映射有键 {key!r:.80}；键必须是文本",
                        path,
                    )
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
            raise _too_large(self.limit)
        if not value.isascii():
            try:
                str.encode(value)
            except UnicodeEncodeError:
                raise ResultRefused(
                    "a text holds half a surrogate pair and is not Unicode", "文本含有半个代理对，不是 Unicode", path
                ) from None


def _integer(value: int, path: str) -> None:
    if value.bit_length() > _SAFE_BITS and abs(value) >= 10**MAX_DIGITS:
        raise ResultRefused(f"an integer has more than {MAX_DIGITS} digits", f"整数超过 {MAX_DIGITS} 位", path)


def _foreign(value: Any, path: str) -> ResultRefused:
    name = f"{type(value).__name__:.60}"
    hint = _HINTS.get(name) or (_LISTS if hasattr(type(value), "__iter__") else "")
    english = f"a value of the Python type '{name}' is not JSON" + (f": use {hint}" if hint else "")
    return ResultRefused(english, f"Python 类型 {name} 的值不是 JSON" + (f"：请用 {hint}" if hint else ""), path)


def _too_large(limit: int) -> ResultRefused:
    return ResultRefused(f"the result is larger than {limit / MIB:g} MiB", f"结果大于 {limit / MIB:g} MiB")
