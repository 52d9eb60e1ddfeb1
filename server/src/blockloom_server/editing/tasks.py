"""Changes to the tasks and connections of a graph."""

from collections.abc import Iterator, Mapping
from typing import Any

from blockloom.check import check
from blockloom.errors import BadUsage, UnknownPart
from blockloom.problem import errors
from blockloom.registry import Registry
from blockloom.requires import stamped
from blockloom.spec import Connection

from .parts import Part, check_new, merged, parts, place_of, replaced

WHERE = "The workflow"


def task_of(graph: Part, id: str) -> Part:
    """One task; raises UnknownPart."""
    tasks = parts(graph, "tasks")
    found: Part = tasks[place_of(tasks, id, "task", WHERE)]
    return found


def add_task(graph: Part, task: Part) -> Part:
    """With a task more, at the end."""
    tasks = parts(graph, "tasks")
    check_new(tasks, task, "task", WHERE)
    return {**graph, "tasks": [*tasks, task]}


def put_task(graph: Part, id: str, task: Part) -> Part:
    """With another task in the place of one; its lines follow it to a new id."""
    tasks = parts(graph, "tasks")
    place = place_of(tasks, id, "task", WHERE)
    others = replaced(tasks, place)
    check_new(others, task, "task", WHERE)
    made = {**graph, "tasks": replaced(tasks, place, task)}
    return made if task["id"] == id else _renamed(made, {id: task["id"]})


def update_task(graph: Part, id: str, changes: Part) -> Part:
    """With fields of a task changed; null takes a field away."""
    return put_task(graph, id, merged(task_of(graph, id), changes))


def set_type(graph: Part, id: str, type: str, config: Part | None, registry: Registry) -> Part:
    """With a task of another type, and settings for the version of it that is installed."""
    changes = stamped({"type": type, "config": config}, "task", type, registry)
    return update_task(graph, id, {"version": None, **changes})


def remove_task(graph: Part, id: str) -> Part:
    """Without a task and its connections."""
    tasks = parts(graph, "tasks")
    place = place_of(tasks, id, "task", WHERE)
    lines = [line for line in parts(graph, "connections") if id not in _ends(line)]
    made = {**graph, "tasks": replaced(tasks, place)}
    return {**made, "connections": lines} if "connections" in graph else made


def move_task(graph: Part, id: str, index: int) -> Part:
    """With a task at another place of the list, counted from 0."""
    tasks = parts(graph, "tasks")
    place = place_of(tasks, id, "task", WHERE)
    if not 0 <= index < len(tasks):
        raise BadUsage(f"The workflow has {len(tasks)} tasks: there is no place {index}.")
    others = replaced(tasks, place)
    return {**graph, "tasks": [*others[:index], tasks[place], *others[index:]]}


def swap_tasks(graph: Part, a: str, b: str, registry: Registry) -> Part:
    """With two tasks in each other's place of the flow; raises BadUsage where their ports do not allow it."""
    tasks = parts(graph, "tasks")
    one, other = place_of(tasks, a, "task", WHERE), place_of(tasks, b, "task", WHERE)
    tasks[one], tasks[other] = tasks[other], tasks[one]
    swapped = _renamed({**graph, "tasks": tasks}, {a: b, b: a})
    before = {(problem.code, problem.message) for problem in check(graph, registry)}
    worse = [p for p in errors(check(swapped, registry)) if (p.code, p.message) not in before]
    if worse:
        raise BadUsage(f"{a!r} and {b!r} cannot be swapped: " + " ".join(problem.message for problem in worse))
    return swapped


def connect(graph: Part, start: str, end: str) -> Part:
    """With a connection more, at the end."""
    line = Connection.parse(start, end)
    tasks, lines = parts(graph, "tasks"), parts(graph, "connections")
    for id in (line.source, line.target):
        place_of(tasks, id, "task", WHERE)
    if any(_line(other) == line for other in lines):
        raise BadUsage(f"{line.start} is connected to {line.end} already.")
    return {**graph, "connections": [*lines, line.to_json()]}


def disconnect(graph: Part, start: str, end: str) -> Part:
    """Without a connection; raises UnknownPart where there is none."""
    line = Connection.parse(start, end)
    lines = parts(graph, "connections")
    left = [other for other in lines if _line(other) != line]
    if len(left) == len(lines):
        there = [f"{c.start} → {c.end}" for c in map(_line, lines[:50]) if c is not None]
        raise UnknownPart("connection", f"{line.start} → {line.end}", WHERE, there)
    return {**graph, "connections": left}


def _line(told: Any) -> Connection | None:
    """A connection of a document; None for what is none."""
    if isinstance(told, Mapping) and isinstance(told.get("from"), str) and isinstance(told.get("to"), str):
        return Connection.parse(told["from"], told["to"])
    return None


def _ends(told: Any) -> Iterator[str]:
    if (line := _line(told)) is not None:
        yield from (line.source, line.target)


def _renamed(graph: Part, names: Mapping[str, str]) -> Part:
    """The graph with its lines leading from and to other tasks."""
    if "connections" not in graph:
        return graph
    return {**graph, "connections": [_moved(line, names) for line in parts(graph, "connections")]}


def _moved(told: Any, names: Mapping[str, str]) -> Any:
    line = _line(told)
    if line is None or not names.keys() & {line.source, line.target}:
        return told
    source, target = names.get(line.source, line.source), names.get(line.target, line.target)
    return {**told, **line._replace(source=source, target=target).to_json()}
