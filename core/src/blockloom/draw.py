"""A graph's tasks and connections as a drawing: Mermaid, DOT, or JSON."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from .codec import write_json
from .errors import BadUsage
from .spec import Connection

_SPECIAL: Final = frozenset("#&\"'<>`\\")


def draw(graph: Mapping[str, Any], format: str) -> str:
    """The drawing of a graph as text; raises BadUsage for a format that is not known."""
    if format not in FORMATS:
        raise BadUsage(f"A graph is drawn as {', '.join(FORMATS)}; {format!r} is none of them.")
    return FORMATS[format](graph)


def mermaid(graph: Mapping[str, Any]) -> str:
    """As a Mermaid flowchart; order connections are dotted."""
    tasks = _tasks(graph)
    names = {id: f"t{i}" for i, id in enumerate(tasks)}
    lines = ["flowchart LR"]
    lines += [f'    {names[id]}["{_escape(_label(task))}"]' for id, task in tasks.items()]
    for line in _lines(graph, tasks):
        arrow = "-.->" if line.input is None else "-->"
        text = _text(line)
        label = f'|"{_escape(text)}"|' if text else ""
        lines.append(f"    {names[line.source]} {arrow}{label} {names[line.target]}")
    return "\n".join(lines) + "\n"


def dot(graph: Mapping[str, Any]) -> str:
    """As a Graphviz digraph; order connections are dashed."""
    tasks = _tasks(graph)
    lines = ["digraph {", "    rankdir=LR;", "    node [shape=box];"]
    lines += [f"    {_quote(id)} [label={_quote_label(_label(task))}];" for id, task in tasks.items()]
    for line in _lines(graph, tasks):
        style = ", style=dashed" if line.input is None else ""
        lines.append(f"    {_quote(line.source)} -> {_quote(line.target)} [label={_quote_label(_text(line))}{style}];")
    return "\n".join([*lines, "}"]) + "\n"


FORMATS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {"mermaid": mermaid, "dot": dot, "json": write_json}


def _tasks(graph: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(task["id"]): task for task in _mappings(graph, "tasks") if "id" in task}


def _lines(graph: Mapping[str, Any], tasks: Mapping[str, Any]) -> Iterator[Connection]:
    for line in _mappings(graph, "connections"):
        connection = Connection.parse(str(line.get("from", "")), str(line.get("to", "")))
        if connection.source in tasks and connection.target in tasks:
            yield connection


def _mappings(graph: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    """What can be drawn of a list in a graph that may have problems."""
    items = graph.get(key)
    return (item for item in (items if isinstance(items, list | tuple) else ()) if isinstance(item, Mapping))


def _label(task: Mapping[str, Any]) -> str:
    return f"{task.get('title') or task['id']} ({task.get('type', '?')})"


def _text(line: Connection) -> str:
    """What stands on a line: the ports it joins, as `result → value`."""
    return " → ".join(part for part in (line.port, line.input) if part)


def _escape(text: str) -> str:
    """Text between quotes in Mermaid, on one line; `#` begins an entity there."""
    return "".join(f"#{ord(c)};" if c in _SPECIAL else c for c in " ".join(text.split()) if c.isprintable())


def _quote(text: str) -> str:
    """Text between quotes in DOT."""
    return json.dumps(text, ensure_ascii=False)


def _quote_label(text: str) -> str:
    """Text to be read in DOT, on one line; `&` begins an entity there, and a backslash an escape."""
    return _quote(" ".join(text.split()).replace("&", "&amp;"))
