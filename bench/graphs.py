"""The graphs that are measured: each as a document for the engine and as plain lines for the floor."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

WIDTH: Final = 100
"""Tasks in one layer of the layered graph."""


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


SHAPES: Final[Mapping[str, Callable[[int], Shape]]] = {
    "chain": chain,
    "fan-out": fan,
    "layered": layered,
    "if-ladder": ladder,
}


def document(name: str, shape: Shape) -> dict[str, Any]:
    """The graph as the engine reads it; its steps are of the type `bench.step`."""
    return _ladder_document(shape) if name == "if-ladder" else _step_document(shape)


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
