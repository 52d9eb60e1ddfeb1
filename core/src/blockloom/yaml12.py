"""YAML 1.2 into plain values: the core schema, no tags, no repeated keys, no aliases that multiply."""

import math
import re
from typing import Any, Final, NamedTuple

import yaml

from .values import MAX_DEPTH, MAX_DIGITS
from .words import Text, both, tell

MAX_REPEATED: Final = 500_000
"""Values that aliases may add to a text; 100 characters of a text count as one more."""


class YamlError(ValueError):
    """A text that is not the YAML that is read here; lines and columns count from 1."""

    def __init__(self, why: Text, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {tell(why, 'en')}")
        self.why, self.line, self.column = why, line, column


class YamlTooDeep(YamlError):
    """A text that nests deeper than any document may."""


_PLAIN: Final = (
    (re.compile(r"null|Null|NULL|~|"), lambda text: None),
    (re.compile(r"true|True|TRUE"), lambda text: True),
    (re.compile(r"false|False|FALSE"), lambda text: False),
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"0o[0-7]+"), lambda text: int(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: int(text[2:], 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), lambda text: math.nan),
)
"""How YAML 1.2's core schema reads a plain scalar; anything else is text."""

_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Only its events are used: what they mean is decided here, not by the YAML 1.1 of the library.

Its nodes are not: the library composes them by recursion in C, which a deep text overflows.
"""


def parse(text: str) -> Any:
    """The value in a YAML text; raises YamlError."""
    try:
        loader = _Loader(text)
    except (yaml.YAMLError, UnicodeError) as error:
        raise YamlError(str(error).splitlines()[0], 1, 1) from None
    try:
        return _Builder(loader.get_event).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = " ".join(part for part in (error.context, error.problem) if part)
        raise YamlError(why, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1) from None
    except yaml.YAMLError as error:
        raise YamlError(str(error).splitlines()[0], 1, 1) from None
    finally:
        loader.dispose()


class _Anchored(NamedTuple):
    """A value that aliases may repeat, how deeply it nests, and how many values it is."""

    value: Any
    height: int
    weight: int


class _Builder:
    """Makes values of events, and counts what aliases repeat, so that they cannot multiply without end."""

    def __init__(self, next_event: Any) -> None:
        self._next = next_event
        self._anchors: dict[str, _Anchored | None] = {}
        self._repeated = 0
        self._weight = 0
        self._lowest = 0

    def document(self) -> Any:
        """The value of the one document of a text; None where there is none."""
        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return None
        value = self._value(self._next(), 0)
        self._next()
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise _at(event, both("a second document begins; only one is read", "又开始了一个文档；只读取一个"))
        return value

    def _value(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self._repeat(event, depth)
        if event.tag is not None:
            tag = event.tag
            raise _at(
                event, both(f"the tag {tag} is not read: a document has no tags", f"不读取标签 {tag}：文档没有标签")
            )
        if event.anchor is None:
            return self._plain(event, depth)
        # While it is being made, an alias to it would lead back to itself.
        self._anchors[event.anchor] = None
        weight, lowest = self._weight, self._lowest
        self._lowest = depth
        value = self._plain(event, depth)
        self._anchors[event.anchor] = _Anchored(value, self._lowest - depth, self._weight - weight)
        self._lowest = max(self._lowest, lowest)
        return value

    def _plain(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            self._weight += 1 + len(event.value) // 100
            return _scalar(event)
        self._weight += 1
        self._go_down(event, depth + 1)
        return self._sequence(depth) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(depth)

    def _go_down(self, event: Any, depth: int) -> None:
        self._lowest = max(self._lowest, depth)
        if depth > MAX_DEPTH:
            raise YamlTooDeep("too deep", event.start_mark.line + 1, event.start_mark.column + 1)

    def _repeat(self, event: Any, depth: int) -> Any:
        if event.anchor not in self._anchors:
            name = event.anchor
            raise _at(event, both(f"the alias {name!r} repeats nothing", f"别名 {name!r} 没有可重复的内容"))
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise _at(event, both("an alias leads back to itself", "别名引用了自身"))
        self._go_down(event, depth + anchored.height)
        self._weight += anchored.weight
        self._repeated += anchored.weight
        if self._repeated > MAX_REPEATED:
            english = f"aliases add more than {MAX_REPEATED} values to this text"
            raise _at(event, both(english, f"别名给文本增加了超过 {MAX_REPEATED} 个值"))
        return anchored.value

    def _sequence(self, depth: int) -> list[Any]:
        items = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._value(event, depth + 1))
        return items

    def _mapping(self, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            if isinstance(event, yaml.ScalarEvent):
                key = event.value
            if not isinstance(key, str):
                raise _at(event, both("a key must be text", "键应为文本"))
            if key in mapping:
                raise _at(event, both(f"the key {key!r} is repeated", f"键 {key!r} 重复"))
            mapping[key] = self._value(self._next(), depth + 1)
        return mapping


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.style:
        return text
    for pattern, make in _PLAIN:
        if pattern.fullmatch(text):
            return _number(event, make)
    return text


def _number(event: Any, make: Any) -> Any:
    if len(event.value) > MAX_DIGITS:
        raise _at(event, both(f"a number of more than {MAX_DIGITS} digits", f"数超过 {MAX_DIGITS} 位"))
    value = make(event.value)
    if isinstance(value, float) and not math.isfinite(value):
        raise _at(event, both(f"{event.value} is not a finite number", f"{event.value} 不是有限的数"))
    return value


def _at(event: Any, why: Text) -> YamlError:
    return YamlError(why, event.start_mark.line + 1, event.start_mark.column + 1)
