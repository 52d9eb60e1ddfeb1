"""What a graph may leave without a value, found by going through every way that a run can go, one after the other."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

Decision = tuple[str, str | None, bool]
"""A task takes a branch or not (`error`: it fails); no branch at all is (task, None, False)."""

Way = Mapping[str, tuple[bool, frozenset[str]]]
"""For each task, whether it fails and which branches it takes."""


def branches(task: Mapping[str, Any]) -> list[str]:
    """The branches among its outputs."""
    config = task.get("config") or {}
    if task["type"] == "switch":
        return [*(case["port"] for case in config["cases"]), "default"]
    return ["true", "false"] if task["type"] == "if" else list(config.get("branches", []))


def turns(task: Mapping[str, Any]) -> list[frozenset[str]]:
    """The sets of branches that it may take."""
    names = branches(task)
    if task["type"] == "if" or (task["type"] == "switch" and task["config"]["mode"] == "first"):
        return [frozenset({name}) for name in names]
    sets = [frozenset(s) for size in range(len(names) + 1) for s in itertools.combinations(names, size)]
    if task["type"] == "switch":
        return [s for s in sets if ("default" in s) == (len(s - {"default"}) == 0)]
    return sets


def ways(graph: Mapping[str, Any]) -> Iterator[Way]:
    """Every way that a run can go: all that any task may do, whether it runs or not."""
    catching = {line["from"].partition(".")[0] for line in graph["connections"] if line["from"].endswith(".error")}
    each = []
    for task in graph["tasks"]:
        fails = (False, True) if task["id"] in catching else (False,)
        each.append([(task["id"], (fail, turn)) for turn in turns(task) for fail in fails])
    return (dict(way) for way in itertools.product(*each))


def played(graph: Mapping[str, Any], way: Way) -> tuple[set[str], set[tuple[str, str]]]:
    """The tasks that run on one way, and those that would go on, each with a required input that has no value."""
    tasks = {task["id"]: task for task in graph["tasks"]}
    lines = [(*ends(line["from"]), *ends(line["to"])) for line in graph["connections"]]
    starts = {id for id, task in tasks.items() if task["type"] == "start"}
    reached = starts or set(tasks)
    for _ in tasks:
        reached = reached | {target for source, _, target, _ in lines if source in reached}
    state: dict[str, str] = {}
    missing: set[tuple[str, str]] = set()
    while len(state) < len(tasks):
        for id, task in tasks.items():
            into = [line for line in lines if line[2] == id]
            if id not in state and all(source in state for source, *_ in into):
                alive = [line for line in into if is_alive(tasks[line[0]], line[1], state[line[0]], way[line[0]])]
                order = [line for line in into if line[3] is None]
                deciding = [line for line in alive if line in (order or into)]
                state[id] = "runs"
                if id not in reached or (into and id not in starts and len(deciding) < need(task, order or into)):
                    state[id] = "canceled"
                lacking = [p for p in needs(task) if p not in task.get("inputs", {}) and p not in {i[3] for i in alive}]
                if state[id] == "runs" and lacking:
                    missing |= {(id, port) for port in lacking}
                    state[id] = "missing"
    return {id for id in tasks if state[id] == "runs"}, missing


def ends(end: str) -> tuple[str, str | None]:
    task, _, port = end.partition(".")
    return task, port or None


def needs(task: Mapping[str, Any]) -> list[str]:
    return list((task.get("config") or {}).get("needs", []))


def need(task: Mapping[str, Any], deciding: list[Any]) -> int:
    join = task.get("join", "any")
    return len(deciding) if join == "all" else join["count"] if isinstance(join, Mapping) else 1


def is_alive(source: Mapping[str, Any], port: str | None, state: str, turn: tuple[bool, frozenset[str]]) -> bool:
    fails, taken = turn
    if state != "runs" or fails or port == "error":
        return state == "runs" and fails and port == "error"
    return port not in branches(source) or port in taken


def agrees(way: Way, running: set[str], when: list[Decision]) -> bool:
    """Whether a way is one of those that the decisions tell of, all made by tasks that run."""
    for task, port, taken in when:
        fails, turn = way[task]
        if task not in running:
            return False
        if port == "error":
            if fails != taken:
                return False
        elif bool(turn) if port is None else (port in turn) != taken:
            return False
    return True
