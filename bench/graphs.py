"""The graphs that are measured: each as a document for the engine and as plain lines for the floor."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

WIDTH: Final = 100
"""Tasks in one layer of the layered graph."""
A_BODY: Final = 3
"""Tasks in the body of a loop and of a foreach: start, step, end."""


class Shape(NamedTuple):
    """A graph of `size` tasks, numbered; `lines` are pairs of numbers."""

    size: int
    lines: list[tuple[int, int]]


def chain(size: int) -> Shape:
    """One task after the other."""
    return Shape(size, [(i, i + 1) for i in range(size - 1)])


def fan(size: int) -> Shape:
    """One task, then all others beside each other, then one that gathers them."""
    last = size - 1
    return Shape(size, [(0, i) for i in range(1, last)] + [(i, last) for i in range(1, last)])


def layered(size: int) -> Shape:
    """Layers of WIDTH tasks; each task leads to the same place and the next place of the layer below."""
    lines = []
    for i in range(size - WIDTH):
        layer, place = divmod(i, WIDTH)
        below = (layer + 1) * WIDTH
        lines += [(i, below + place), (i, below + (place + 1) % WIDTH)]
    return Shape(size, [line for line in lines if line[1] < size])


def ladder(size: int) -> Shape:
    """Decisions in a chain: even tasks decide, each odd task is the branch that is not taken."""
    return Shape(size, [(i, i + 1) for i in range(0, size - 1, 2)] + [(i, i + 2) for i in range(0, size - 2, 2)])


def passes(size: int) -> Shape:
    """A loop: passes of three tasks, one after the other, and the task that holds them."""
    return chain(size // A_BODY * A_BODY + 1)


def items(size: int) -> Shape:
    """A foreach: bodies of three tasks beside each other, and the task that holds them, last."""
    many = size // A_BODY
    inner = [(first + i, first + i + 1) for first in range(0, many * A_BODY, A_BODY) for i in (0, 1)]
    return Shape(many * A_BODY + 1, inner + [(last, many * A_BODY) for last in range(2, many * A_BODY, A_BODY)])


SHAPES: Final[Mapping[str, Callable[[int], Shape]]] = {
    "chain": chain,
    "fan-out": fan,
    "layered": layered,
    "if-ladder": ladder,
    "loop": passes,
    "foreach": items,
}


def document(name: str, shape: Shape) -> dict[str, Any]:
    """The graph as the engine reads it; its steps are of the type `bench.step`."""
    return _DOCUMENTS.get(name, _step_document)(shape)


def completed(name: str, shape: Shape) -> int:
    """How many tasks complete in a run; the others are canceled."""
    return (shape.size + 1) // 2 if name == "if-ladder" else shape.size


def _step_document(shape: Shape) -> dict[str, Any]:
    tasks = [{"id": f"t{i}", "type": "bench.step"} for i in range(shape.size)]
    connections = [{"from": f"t{a}.value", "to": f"t{b}.value"} for a, b in shape.lines]
    return {"blockloom": 1, "tasks": tasks, "connections": connections}


def _ladder_document(shape: Shape) -> dict[str, Any]:
    tasks = [_rung(i) for i in range(shape.size)]
    lines = [(a, b, "false" if b % 2 else "true") for a, b in shape.lines]
    return {
        "blockloom": 1,
        "tasks": tasks,
        "connections": [{"from": f"t{a}.{port}", "to": f"t{b}.value"} for a, b, port in lines],
    }


def _rung(i: int) -> dict[str, Any]:
    if i % 2:
        return {"id": f"t{i}", "type": "bench.step"}
    literals = {} if i else {"inputs": {"value": 1}}
    return {"id": f"t{i}", "type": "if", "config": {"condition": "value > 0"}, **literals}


def _loop_document(shape: Shape) -> dict[str, Any]:
    many = shape.size // A_BODY
    held = {"times": many, "max": many, "body": _body("value")}
    return {"blockloom": 1, "tasks": [{"id": "again", "type": "loop", "config": held, "inputs": {"value": 1}}]}


def _foreach_document(shape: Shape) -> dict[str, Any]:
    given = {"items": [1] * (shape.size // A_BODY)}
    return {
        "blockloom": 1,
        "tasks": [{"id": "each", "type": "foreach", "config": {"body": _body("item")}, "inputs": given}],
    }


def _body(given: str) -> dict[str, Any]:
    """A body with one step between its start and its end."""
    tasks = [{"id": "start", "type": "start"}, {"id": "step", "type": "bench.step"}, {"id": "end", "type": "end"}]
    lines = [{"from": f"start.{given}", "to": "step.value"}, {"from": "step.value", "to": "end.value"}]
    return {"inputs": {given: {}}, "tasks": tasks, "connections": lines}


_DOCUMENTS: Final[Mapping[str, Callable[[Shape], dict[str, Any]]]] = {
    "if-ladder": _ladder_document,
    "loop": _loop_document,
    "foreach": _foreach_document,
}
