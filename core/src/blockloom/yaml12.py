"""YAML 1.2 into plain values: the core schema, no tags, no repeated keys, no aliases that multiply."""

import math
import re
from typing import Any, Final

import yaml

MAX_NODES: Final = 4_000_000
"""Values that a text may hold once its aliases are followed."""


class YamlError(ValueError):
    """A text that is not the YAML that is read here; lines and columns count from 1."""

    def __init__(self, why: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {why}")
        self.why, self.line, self.column = why, line, column


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

_BASE: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _Loader(_BASE):  # type: ignore[misc]
    """Composes nodes; what they mean is decided here, not by the YAML 1.1 of the library."""


def parse(text: str) -> Any:
    """The value in a YAML text; raises YamlError."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return None if node is None else _Builder().build(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = " ".join(part for part in (error.context, error.problem) if part)
        raise YamlError(why, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1) from None
    except yaml.YAMLError as error:
        raise YamlError(str(error).splitlines()[0], 1, 1) from None
    finally:
        loader.dispose()


class _Builder:
    """Makes values of nodes and counts them, so that aliases cannot multiply without end."""

    def __init__(self) -> None:
        self._left = MAX_NODES
        self._open: set[int] = set()

    def build(self, node: Any) -> Any:
        """The value of one node and all beneath it."""
        self._left -= 1
        if self._left < 0:
            raise _at(node, f"aliases make more than {MAX_NODES} values of this text")
        if id(node) in self._open:
            raise _at(node, "an alias leads back to itself")
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        self._open.add(id(node))
        value = self._sequence(node) if isinstance(node, yaml.SequenceNode) else self._mapping(node)
        self._open.discard(id(node))
        return value

    def _sequence(self, node: Any) -> list[Any]:
        _no_tag(node, "tag:yaml.org,2002:seq")
        return [self.build(item) for item in node.value]

    def _mapping(self, node: Any) -> dict[str, Any]:
        _no_tag(node, "tag:yaml.org,2002:map")
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.build(key_node)
            if not isinstance(key, str):
                key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                raise _at(key_node, "a key must be text")
            if key in mapping:
                raise _at(key_node, f"the key {key!r} is repeated")
            mapping[key] = self.build(value_node)
        return mapping


def _scalar(node: Any) -> Any:
    _no_tag(node, "tag:yaml.org,2002:str")
    if node.style:
        return node.value
    for pattern, make in _PLAIN:
        if pattern.fullmatch(node.value):
            value = make(node.value)
            if isinstance(value, float) and not math.isfinite(value):
                raise _at(node, f"{node.value} is not a finite number")
            return value
    return node.value


def _no_tag(node: Any, implied: str) -> None:
    if node.tag not in (implied, "!", None):
        raise _at(node, f"the tag {node.tag} is not read: a document has no tags")


def _at(node: Any, why: str) -> YamlError:
    return YamlError(why, node.start_mark.line + 1, node.start_mark.column + 1)
