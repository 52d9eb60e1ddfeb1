"""Graphs drawn in a few words, and a run of one told in as few."""

from collections.abc import Mapping
from typing import Any

from blockloom import RunView, TaskState
from blockloom.testing import run_graph
from scripted_types import Witness, scripted

SCRIPT = ("needs", "takes", "gives", "branches", "taken", "fails", "lasts")
TYPES = ("start", "end", "merge")


def drawn(lines: str, **tasks: Mapping[str, Any]) -> dict[str, Any]:
    """A graph of lines such as `a.out -> b.p`, separated by semicolons or new lines.

    A task is described by a keyword: what a document says of it, or settings of the scripted types. One whose name
    begins with start, end or merge is of that type; any other is scripted and has the ports that its lines name.
    The tasks stand in the order of the keywords, then of the lines.
    """
    connections = [dict(zip(("from", "to"), map(str.strip, line.split("->")), strict=True)) for line in split(lines)]
    names = [end.partition(".")[0] for line in connections for end in line.values()]
    ids = dict.fromkeys([*tasks, *names])
    made = [described(id, dict(tasks.get(id, {})), connections) for id in ids]
    return {"blockloom": 1, "tasks": made, "connections": connections}


def split(lines: str) -> list[str]:
    return [line.strip() for line in lines.replace("\n", ";").split(";") if line.strip()]


def described(id: str, said: dict[str, Any], connections: list[dict[str, str]]) -> dict[str, Any]:
    known = next((type for type in TYPES if id.startswith(type)), None)
    script = {key: said.pop(key) for key in SCRIPT if key in said}
    kind = said.pop("type", known or ("sim.work" if "lasts" in script else "sim.step"))
    if kind in ("sim.step", "sim.work"):
        branches, needs = script.get("branches", []), script.get("needs", [])
        script.setdefault("gives", [p for p in ports(id, connections, "from") if p not in (*branches, "error")])
        script.setdefault(
            "takes", [p for p in [*ports(id, connections, "to"), *said.get("inputs", {})] if p not in needs]
        )
        said["config"] = script
    return {"id": id, "type": kind, **said}


def ports(id: str, connections: list[dict[str, str]], end: str) -> list[str]:
    ends = (line[end].partition(".") for line in connections)
    return list(dict.fromkeys(port for name, _, port in ends if name == id and port))


def played(
    graph: Mapping[str, Any],
    inputs: Mapping[str, Any] | None = None,
    *types: type[Any],
    max_concurrency: int | None = None,
    seed: int = 0,
) -> RunView:
    """The finished run of a graph, in a simulation, with the scripted types."""
    return run_graph(graph, inputs, *scripted(Witness()), *types, max_concurrency=max_concurrency, seed=seed)


def told(run: RunView) -> dict[str, str]:
    """The state of each task, or the reason why it is canceled."""
    return {
        id: str(record.reason) if record.state is TaskState.CANCELED else record.state.value
        for id, record in run.tasks.items()
    }


def happened(run: RunView, type: str) -> list[str | None]:
    """The tasks of all events of one type, in order."""
    return [event.task for event in run.events if event.type == type]


def given(run: RunView, task: str) -> dict[str, Any]:
    """What a task of a live run was given."""
    inner: Any = run
    return dict(inner.run.given[inner.run.plan.index[task]])
