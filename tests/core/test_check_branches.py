"""Inputs that some branch leaves without a value: found where they are, and nowhere else, and true in a run."""

from collections.abc import Mapping
from typing import Any

import pytest
from blockloom import Plugins, Reason, Registry, TaskState
from blockloom.check import check, prepare
from blockloom.check.branches import Gap, find_gaps
from blockloom.check.flow import order_of
from blockloom.plan import Plan
from drawn_graphs import drawn, played
from naive_branches import Decision, Way, agrees, ways
from naive_branches import played as played_naively
from random_graphs import random_case
from scripted_types import Witness, scripted


def registry() -> Registry:
    made = Plugins.load(disable=()).registry
    for kind in scripted(Witness())[:2]:
        made.add("task", kind)
    return made


REGISTRY = registry()
WHEN = "The required input 'x' of the task 't' has no value when "


def either(name: str = "value", **more: Any) -> dict[str, Any]:
    return {"type": "if", "config": {"condition": name}, **more}


def switch(mode: str) -> dict[str, Any]:
    cases = [{"port": "one", "when": "value"}, {"port": "two", "when": "value"}]
    return {"type": "switch", "config": {"cases": cases, "mode": mode}}


def warned(graph: Mapping[str, Any], language: str = "en") -> list[str]:
    problems = check(graph, REGISTRY)
    assert {problem.code for problem in problems} <= {"maybe-missing"}
    assert all(problem.severity == "warning" for problem in problems)
    return [problem.to_json(language)["message"] for problem in problems]


NEEDY = {"needs": ["x"]}
SAFE: dict[str, dict[str, Any]] = {
    "from a start, ordered by a branch": drawn("start.x -> c.value; c.true -> t; start.x -> t.x", c=either(), t=NEEDY),
    "from the branch that orders it": drawn("start -> c; c.true -> t; c.true -> t.x", c=either(), t=NEEDY),
    "from before the branch that orders it": drawn("s.o -> c.value; c.true -> t; s.o -> t.x", c=either(), t=NEEDY),
    "from a task on the same branch": drawn("c.true -> a; c.true -> t; a.o -> t.x", c=either(), t=NEEDY),
    "a diamond": drawn("c.true -> a; c.false -> b; a.o -> t.x; b.o -> t.x", c=either(), t=NEEDY),
    "a diamond, then a line": drawn(
        "c.true -> a; c.false -> b; a.o -> m.p; b.o -> m.q; m.o -> t.x; c -> t", c=either(), t=NEEDY
    ),
    "all must come": drawn("c.true -> t.y; d.true -> t.x", c=either(), d=either(), t={**NEEDY, "join": "all"}),
    "a literal for the case": drawn("c.true -> t.x; c -> t", c=either(), t={**NEEDY, "inputs": {"x": 1}}),
    "every case of a switch": drawn("s.one -> t.x; s.two -> t.x; s.default -> t.x; s -> t", s=switch("first"), t=NEEDY),
    "every case of all": drawn("s.one -> t.x; s.two -> t.x; s.default -> t.x; s -> t", s=switch("all"), t=NEEDY),
    "no case beside the default": drawn(
        "s.one -> t; s.default -> t; s.one -> t.x", s=switch("all"), t={**NEEDY, "join": "all"}
    ),
    "a failure fails the run": drawn("a.o -> t.x; b.o -> t", t=NEEDY),
    "a failure has a value of its own": drawn("a.o -> t.x; a.error -> h; h.o -> t.x; start -> a; start -> t", t=NEEDY),
    "the first of several, each with it": drawn("a.o -> t.x; b.o -> t.x", t={**NEEDY, "join": "first"}),
    "the first, after what feeds it": drawn("a.o -> t.x; a.o -> b.p; b.o -> t.y", t={**NEEDY, "join": "first"}),
    "the first, beside what a start gives": drawn(
        "start.p -> t.x; b.o -> t.y; start -> b", t={**NEEDY, "join": "first"}
    ),
    "the first order, all data": drawn("a -> t; b -> t; c.o -> t.x", t={**NEEDY, "join": "first"}),
}
MAYBE: dict[str, tuple[dict[str, Any], str]] = {
    "another branch": (
        drawn("c.false -> t.x; c -> t", c=either(), t=NEEDY),
        "'c' takes 'true': it is fed by c.false alone.",
    ),
    "a task on another branch": (
        drawn("c.true -> a; a.o -> t.x; c -> t", c=either(), t=NEEDY),
        "'c' takes 'false': it is fed by a.o alone.",
    ),
    "a branch off the one that orders it": (
        drawn("c.true -> t; c.true -> d.value; d.true -> t.x", c=either(), d=either(), t=NEEDY),
        "'d' takes 'false': it is fed by d.true alone.",
    ),
    "one of two": (
        drawn("c.true -> t.x; d.true -> t.x; c -> t; d -> t", c=either(), d=either(), t=NEEDY),
        "'c' takes 'false' and 'd' takes 'false': it is fed by c.true, d.true alone.",
    ),
    "a data line beside another": (
        drawn("c.true -> t.x; d.true -> t.y", c=either(), d=either(), t=NEEDY),
        "'c' takes 'false': it is fed by c.true alone.",
    ),
    "a case of a switch": (
        drawn("s.one -> t.x; s.two -> t", s=switch("first"), t=NEEDY),
        "it goes on: it is fed by s.one alone.",
    ),
    "a case of all": (
        drawn("s.one -> t.x; s.two -> t", s=switch("all"), t=NEEDY),
        "'s' does not take 'one': it is fed by s.one alone.",
    ),
    "the others of a switch": (
        drawn("s.one -> t.x; s.two -> t.x; s -> t", s=switch("first"), t=NEEDY),
        "'s' takes 'default': it is fed by s.one, s.two alone.",
    ),
    "a branch of a stranger": (
        drawn("s.yes -> t.x; s -> t", s={"branches": ["yes"]}, t=NEEDY),
        "'s' does not take 'yes': it is fed by s.yes alone.",
    ),
    "what others imply": (
        drawn("c.true -> d.value; d.true -> t; c.false -> a; a.o -> t.x", c=either(), d=either(), t=NEEDY),
        "it goes on: it is fed by a.o alone.",
    ),
    "what one implies of others": (
        drawn(
            "c.true -> d.value; d.true -> b; c.false -> a; a.o -> t.x; c -> t; d -> t", c=either(), d=either(), t=NEEDY
        ),
        "'c' takes 'true': it is fed by a.o alone.",
    ),
    "a failure": (
        drawn("a.o -> t.x; a.error -> t", t=NEEDY),
        "it goes on: it is fed by a.o alone.",
    ),
    "a failure beside": (
        drawn("a.o -> t.x; a.error -> h; start -> a; start -> t", t=NEEDY),
        "'a' fails: it is fed by a.o alone.",
    ),
    "no failure": (
        drawn("a.error -> t.x; start -> a; start -> t", t=NEEDY),
        "'a' does not fail: it is fed by a.error alone.",
    ),
    "the first to come": (
        drawn("a.o -> t.x; b.o -> t.y", t={**NEEDY, "join": "first"}),
        "it goes on before a.o has come: it is fed by a.o alone.",
    ),
    "enough before it": (
        drawn("a.o -> t.x; b.o -> t.y; c.true -> t.z", c=either(), t={**NEEDY, "join": {"count": 2}}),
        "'c' takes 'true' and it goes on before a.o has come: it is fed by a.o alone.",
    ),
}


@pytest.mark.parametrize("name", SAFE)
def test_what_always_has_a_value_is_not_reported(name: str) -> None:
    assert warned(SAFE[name]) == []


@pytest.mark.parametrize("name", MAYBE)
def test_what_may_have_none_is_reported_with_the_branch(name: str) -> None:
    graph, branch = MAYBE[name]
    assert warned(graph) == [WHEN + branch]


def test_the_sentence_in_chinese() -> None:
    graph = drawn("c.true -> t.x; c -> t; d.true -> t.x; d -> t", c=either(), d=either(), t=NEEDY)
    (message,) = warned(graph, "zh")
    assert (
        message
        == "当 'c' 走 'false' 且 'd' 走 'false' 时，任务 't' 的必需输入 'x' 没有值：只有 'c.true, d.true' 连接到它。"
    )


def test_a_graph_with_a_warning_runs_and_the_task_is_canceled() -> None:
    graph, _ = MAYBE["a task on another branch"]
    run = played(graph, {})
    assert run.tasks["t"].state is TaskState.CANCELED
    assert run.tasks["t"].reason is Reason.MISSING_INPUT


def test_a_body_is_warned_of_where_it_stands() -> None:
    body, _ = MAYBE["another branch"]
    task = {"id": "f", "type": "foreach", "config": {"body": body}, "inputs": {"items": []}}
    outer = {"id": "g", "type": "foreach", "config": {"body": {"tasks": [task]}}, "inputs": {"items": []}}
    found = check({"blockloom": 1, "tasks": [outer]}, REGISTRY)
    path = "/tasks/0/config/body/tasks/0/config/body/tasks/1"
    assert [(p.code, p.severity, p.path) for p in found] == [("maybe-missing", "warning", path)]
    prepare({"blockloom": 1, "tasks": [outer]}, REGISTRY)


@pytest.mark.parametrize(
    "more",
    [
        {"from": "nobody", "to": "t.x"},
        {"from": "c.true", "to": "nobody"},
        {"from": "t.y", "to": "c.value"},
        {"from": "c..", "to": "t.x"},
    ],
)
def test_what_is_not_whole_is_not_asked_for_branches(more: dict[str, str]) -> None:
    graph, _ = MAYBE["another branch"]
    found = {p.code for p in check({**graph, "connections": [*graph["connections"], more]}, REGISTRY)}
    assert found
    assert "maybe-missing" not in found


def test_what_takes_too_much_work_is_let_be() -> None:
    # Which thirty of sixty branches are taken: that cannot be written down by going through them.
    ports = [f"p{i}" for i in range(60)]
    lines = "; ".join(f"s.{port} -> a.{port}" for port in ports) + "; a.o -> t.x; s -> t; c.true -> u.x; c -> u"
    join = {"count": 30, "cancel_rest": False}
    hard = {"branches": [*ports]}
    graph = drawn(lines, s=hard, a={"join": join}, c=either(), t=NEEDY, u=NEEDY)
    assert [message for message in warned(graph) if "'u'" in message]


LADDER = 3000


def test_long_ladders_are_gone_through() -> None:
    tasks, lines = [], []
    for i in range(LADDER):
        tasks += [{"id": f"c{i}", **either()}, {"id": f"a{i}", "type": "merge"}]
        tasks += [{"id": f"t{i}", "type": "sim.step", "config": NEEDY}]
        lines += [(f"c{i}.true", f"a{i}"), (f"a{i}.result", f"t{i}.x"), (f"c{i}", f"t{i}")]
        lines += [(f"c{i}.true", f"c{i + 1}.value")] if i + 1 < LADDER else []
    connections = [{"from": start, "to": end} for start, end in lines]
    messages = warned({"blockloom": 1, "tasks": tasks, "connections": connections})
    assert len(messages) == LADDER
    assert messages[-1].endswith(f"when 'c{LADDER - 1}' takes 'false': it is fed by a{LADDER - 1}.result alone.")


# Against a search through every way that a run can go.

MANY = 1000
"""Ways beyond which a graph is not searched."""
KNOWN = {"start", "end", "merge", "if", "switch", "sim.step", "sim.work"}


def small(seed: int) -> dict[str, Any]:
    graph: dict[str, Any] = random_case(seed).document
    for task in graph["tasks"]:
        for setting in ("retry", "timeout"):
            task.pop(setting, None)
        if isinstance(task.get("join"), dict):
            task["join"].pop("cancel_rest", None)
        elif task.get("join") == "first":
            task["join"] = {"count": 1}
    return graph


def gaps_of(graph: Mapping[str, Any]) -> tuple[Plan, list[Gap]]:
    plan = prepare(graph, REGISTRY)
    order = order_of(plan.ahead, [task.incoming for task in plan.tasks])
    return plan, find_gaps(plan.tasks, order, frozenset(plan.unreachable))


Played = tuple[Way, set[str], set[tuple[str, str]]]
"""A way, the tasks that run on it, and what has no value."""


def few(graph: Mapping[str, Any]) -> list[Way]:
    """Every way that a graph may go; none where there are too many, or its tasks are of kinds that do more."""
    found: list[Way] = []
    if not {task["type"] for task in graph["tasks"]} <= KNOWN:
        return found
    for way in ways(graph):
        found.append(way)
        if len(found) > MANY:
            return []
    return found


def decisions(plan: Plan, gap: Gap) -> list[Decision]:
    return [(plan.ids[task], port, taken) for task, port, taken in gap.when]


@pytest.mark.parametrize("start", range(0, 400, 20))
def test_the_gaps_are_those_of_an_exhaustive_search(start: int) -> None:
    for seed in range(start, start + 20):
        graph = small(seed)
        every = [(way, *played_naively(graph, way)) for way in few(graph)]
        if not every:
            continue
        plan, gaps = gaps_of(graph)
        found = {(plan.ids[gap.task], gap.port) for gap in gaps if not gap.late}
        assert found == set().union(*(missing for _, _, missing in every)), seed
        for gap in gaps:
            id, when = plan.ids[gap.task], decisions(plan, gap)
            told = followed(every, id, when)
            assert told, (seed, gap)
            assert gap.late or all((id, gap.port) in missing for missing in told), (seed, gap)
            for one in () if gap.late else when:
                told = followed(every, id, [other for other in when if other != one])
                assert any((id, gap.port) not in missing for missing in told), (seed, gap, "can be left out", one)


def followed(every: list[Played], id: str, when: list[Decision]) -> list[set[tuple[str, str]]]:
    """What has no value on each way on which a task goes on and decisions are made."""
    on_it = [played for played in every if id in played[1] | {task for task, _ in played[2]}]
    return [missing for way, running, missing in on_it if agrees(way, running, when)]


# Against the engine.


def scripted_way(graph: dict[str, Any], way: Way, slow: set[str]) -> dict[str, Any] | None:
    """The graph with tasks that go this way; None where one would have to fail that never does."""
    tasks = []
    for task in graph["tasks"]:
        fails, taken = way[task["id"]]
        config = dict(task.get("config") or {})
        if task["type"] == "if":
            config["condition"] = "1 / 0" if fails else str("true" in taken)
        elif task["type"] == "switch":
            config["cases"] = [{**c, "when": "1 / 0" if fails else str(c["port"] in taken)} for c in config["cases"]]
        elif task["type"].startswith("sim."):
            config |= {"taken": sorted(taken), "fails": int(fails), "lasts": 1000.0 if task["id"] in slow else 0.1}
        elif fails or task["id"] in slow:
            return None
        kind = "sim.work" if task["type"] == "sim.step" else task["type"]
        tasks.append({**task, "type": kind, "config": config})
    return {**graph, "tasks": tasks}


def test_in_a_run_the_task_is_canceled_as_reported() -> None:
    tried = 0
    for seed in range(400):
        graph = small(seed)
        every = [(way, *played_naively(graph, way)) for way in few(graph)]
        plan, gaps = gaps_of(graph) if every else (None, [])
        for gap in gaps:
            assert plan is not None
            id, when = plan.ids[gap.task], decisions(plan, gap)
            slow = {plan.ids[feed.source] for feed in gap.feeds} if gap.late else set[str]()
            told = [each for each in every if id in each[1] | {task for task, _ in each[2]} and agrees(*each[:2], when)]
            script = next((made for way, *_ in told if (made := scripted_way(graph, way, slow))), None)
            if script is None or (
                gap.late and any(t["id"] in slow and t["type"] != "sim.work" for t in script["tasks"])
            ):
                continue
            tried += 1
            record = played(script, random_case(seed).inputs, seed=seed).tasks[id]
            assert (record.state, record.reason) == (TaskState.CANCELED, Reason.MISSING_INPUT), (seed, gap)
    assert tried > 10
