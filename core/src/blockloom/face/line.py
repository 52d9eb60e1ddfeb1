"""Connections as a document holds them: with the fields that stand beside their ends."""

from collections.abc import Mapping
from typing import Any

from ..errors import BadUsage
from ..spec import Connection


class Line(Connection):
    """A connection that was read from a document, with what else it said there."""

    beside: Mapping[str, Any] = {}

    @classmethod
    def of(cls, line: Connection, names: Mapping[str, str]) -> "Line":
        """The same line between tasks of other names."""
        source, target = names.get(line.source, line.source), names.get(line.target, line.target)
        made = cls(source, line.port, target, line.input)
        made.beside = line.beside if isinstance(line, Line) else {}
        return made

    def to_json(self) -> dict[str, Any]:
        """As it stands in a document."""
        return {**self.beside, "from": self.start, "to": self.end}


def is_end(text: Any) -> bool:
    """Whether `text` is `task` or `task.port`."""
    return isinstance(text, str) and text.count(".") <= 1 and all(text.split("."))


def read_lines(told: Any) -> tuple[list[Connection], list[tuple[int, Any]]]:
    """The connections in a document's list, and what else is in it, each with its place; raises BadUsage."""
    if not isinstance(told, list):
        raise BadUsage("connections must be a list.")
    lines: list[Connection] = []
    odd: list[tuple[int, Any]] = []
    for place, item in enumerate(told):
        ends = (item.get("from"), item.get("to")) if isinstance(item, dict) else (None, None)
        if all(map(is_end, ends)):
            line = Line(*Connection.parse(str(ends[0]), str(ends[1])))
            line.beside = {key: value for key, value in item.items() if key not in ("from", "to")}
            lines.append(line)
        else:
            odd.append((place, item))
    return lines, odd
