"""A check as a whole: everything at once, whatever it is given, in few steps, and nothing run."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from blockloom import InvalidGraph, Plugins, Problem
from blockloom.check import check, prepare
from hypothesis import given, settings
from hypothesis import strategies as st

REGISTRY = Plugins.load(disable=()).registry
SCORE = "hits = [w for w in words if w in ('down', 'lost')]\nlen(hits) / max(len(words), 1)"

TRIAGE: dict[str, Any] = {
    "blockloom": 1,
    "name": "ticket-triage",
    "title": "Ticket triage",
    "inputs": {"ticket": {"type": "string"}, "limit": {"type": "number", "default": 0.5}},
    "groups": {"openai": 4},
    "requires": {"blockloom-flow": ">=0.1"},
    "tasks": [
        {"id": "start", "type": "start"},
        {
            "id": "score",
            "type": "blocks",
            "retry": {"attempts": 3, "delay": "1s"},
            "timeout": "10m",
            "cache": {"ttl": "1d"},
            "blocks": [
                {"id": "words", "type": "code", "content": {"source": "ticket.lower().split()"}},
                {"id": "urgency", "type": "code", "content": {"source": SCORE}},
            ],
            "links": [{"from": "words", "to": "urgency"}],
        },
        {"id": "check", "type": "if", "config": {"condition": "value > limit"}, "inputs": {"other": [1]}},
        {"id": "way", "type": "switch", "config": {"cases": [{"port": "a", "when": "value"}]}, "join": "all"},
        {
            "id": "page",
            "type": "blocks",
            "blocks": [{"id": "say", "type": "text", "content": {"text": "{{ ticket }}"}}],
        },
        {"id": "end", "type": "end", "join": {"count": 1, "cancel_rest": True}},
    ],
    "connections": [
        {"from": "start.ticket", "to": "score.ticket"},
        {"from": "score.result", "to": "check.value"},
        {"from": "start.limit", "to": "check.limit"},
        {"from": "check.true", "to": "page"},
        {"from": "check", "to": "way"},
        {"from": "start.ticket", "to": "page.ticket"},
        {"from": "page.result", "to": "end.action"},
        {"from": "score.result", "to": "end.score"},
    ],
    "triggers": [
        {
            "id": "nightly",
            "type": "cron",
            "config": {"expression": "0 9 * * *"},
            "inputs": {"ticket": "x"},
            "enabled": True,
            "misfire": "all",
            "overlap": "skip",
        },
        {
            "id": "hourly",
            "type": "every",
            "config": {"interval": "1h"},
            "action": {"type": "if", "config": {"condition": "payload"}},
            "workflow": "other",
        },
    ],
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


PLACES = places(TRIAGE)[1:]
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([10**400, -(10**400), 2**70, 1e308, float("nan"), b"x", {1}, {1: 2}, (1,), object])
    | st.sampled_from(["", ".", "a.b", "start", "score", "check", "start.ticket", "if", "code", "\ud800", "评"])
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "config", "from", "to", "en", "count", "ttl", "x"]), inner)
    ),
    max_leaves=6,
)


def put(graph: Any, place: tuple[Any, ...], value: Any) -> None:
    """Set what stands at a place, if that is still there."""
    for step in place[:-1]:
        if not isinstance(graph, dict | list) or step not in (graph if isinstance(graph, dict) else range(len(graph))):
            return
        graph = graph[step]
    if isinstance(graph, dict) or (isinstance(graph, list) and place[-1] in range(len(graph))):
        graph[place[-1]] = value


def fine(problems: list[Problem]) -> None:
    """They can be told, and errors come first."""
    for language in ("en", "zh"):
        json.dumps([problem.to_json(language) for problem in problems])
    severities = [problem.severity for problem in problems]
    assert severities == sorted(severities)


def test_the_sample_has_no_problem() -> None:
    assert check(TRIAGE, REGISTRY) == []
    plan = prepare(TRIAGE, REGISTRY)
    assert [task.id for task in plan.tasks] == ["start", "score", "check", "way", "page", "end"]
    assert plan.begin == (0,)
    assert plan.inputs["limit"].default == 0.5


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(PLACES), JUNK), min_size=1, max_size=4))
def test_a_check_never_raises_whatever_stands_in_the_graph(changes: list[tuple[Any, Any]]) -> None:
    graph = copy.deepcopy(TRIAGE)
    for place, value in changes:
        put(graph, place, value)
    fine(check(graph, REGISTRY))


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_check_never_raises_where_one_field_is_odd(place: tuple[Any, ...]) -> None:
    odd: list[Any] = [None, [], {}, "", 0, [None], "x.y.z"]
    for value in odd:
        graph = copy.deepcopy(TRIAGE)
        put(graph, place, value)
        fine(check(graph, REGISTRY))


@given(JUNK)
def test_a_check_never_raises_for_something_else(value: Any) -> None:
    fine(check(value, REGISTRY))


OPTIONAL = {
    (): ["name", "title", "inputs", "groups", "requires", "tasks", "connections", "triggers"],
    ("tasks", 1): ["title", "config", "inputs", "blocks", "links", "join", "retry", "timeout", "group", "cache", "ui"],
    ("triggers", 0): ["inputs", "action", "workflow", "enabled", "misfire", "overlap"],
}


@pytest.mark.parametrize(("owner", "field"), [(owner, field) for owner, fields in OPTIONAL.items() for field in fields])
def test_null_is_as_good_as_absent(owner: tuple[Any, ...], field: str) -> None:
    nulled, without = copy.deepcopy(TRIAGE), copy.deepcopy(TRIAGE)
    put(nulled, (*owner, field), None)
    part: Any = without
    for step in owner:
        part = part[step]
    part.pop(field, None)
    assert [(p.code, p.path) for p in check(nulled, REGISTRY)] == [(p.code, p.path) for p in check(without, REGISTRY)]


def test_a_check_changes_nothing() -> None:
    graph = copy.deepcopy(TRIAGE)
    prepare(graph, REGISTRY)
    check(graph, REGISTRY)
    assert graph == TRIAGE


TWENTY: dict[str, Any] = {
    "blockloom": 1,
    "title": 5,
    "inputs": {"class": {}, "x": {"type": "text"}},
    "groups": {"g": -1},
    "tasks": [
        "not a task",
        {"type": "merge"},
        {"id": "a", "type": "margo"},
        {"id": "a", "type": "merge"},
        {"id": "b", "type": "if", "config": {"condition": "1 +"}, "timeout": "soon"},
        {
            "id": "c",
            "type": "blocks",
            "blocks": [
                {"id": "t", "type": "text", "content": {}},
                {"id": "u", "type": "code", "content": {"source": "if"}},
                {"id": "result", "type": "text", "content": {"text": ""}},
            ],
            "links": [{"from": "t", "to": "nobody"}],
            "join": {"count": 9},
        },
        {"id": "d", "type": "merge"},
        {"id": "e", "type": "merge"},
    ],
    "connections": [
        {"from": "d", "to": "e"},
        {"from": "e", "to": "d"},
        {"from": "c.nothing", "to": "e.x"},
        {"from": "f", "to": "d"},
        {"from": "d.", "to": "e"},
        {"from": "d"},
    ],
    "triggers": [{"id": "t", "type": "after", "config": {"delay": "soon"}}],
}


def test_twenty_mistakes_are_twenty_problems() -> None:
    found = [(p.code, p.path) for p in check(TWENTY, REGISTRY)]
    assert sorted(found) == sorted(
        [
            ("bad-format", "/title"),
            ("bad-format", "/inputs/class"),
            ("bad-format", "/inputs/x"),
            ("bad-config", "/groups/g"),
            ("bad-format", "/tasks/0"),
            ("bad-format", "/tasks/1"),
            ("unknown-type", "/tasks/2/type"),
            ("duplicate-id", "/tasks/3/id"),
            ("bad-config", "/tasks/4/config/condition"),
            ("bad-config", "/tasks/4/timeout"),
            ("bad-content", "/tasks/5/blocks/0/content/text"),
            ("bad-content", "/tasks/5/blocks/1/content/source"),
            ("bad-format", "/tasks/5/blocks/2/id"),
            ("unknown-block", "/tasks/5/links/0/to"),
            ("bad-join", "/tasks/5/join"),
            ("cycle", "/tasks/6"),
            ("unknown-port", "/connections/2/from"),
            ("unknown-task", "/connections/3/from"),
            ("bad-format", "/connections/4/from"),
            ("bad-format", "/connections/5"),
            ("bad-trigger", "/triggers/0/config/delay"),
        ]
    )


def test_a_graph_with_errors_does_not_run_and_says_all() -> None:
    with pytest.raises(InvalidGraph) as caught:
        prepare(TWENTY, REGISTRY)
    assert list(caught.value.problems) == check(TWENTY, REGISTRY)


def test_one_problem_a_knot() -> None:
    rings = [{"from": f"t{i}", "to": f"t{i // 3 * 3 + (i + 1) % 3}"} for i in range(9)]
    found = check({"blockloom": 1, "tasks": merges(9), "connections": rings}, REGISTRY)
    assert [(p.path, p.to_json("en")["message"].partition(": ")[2]) for p in found] == [
        ("/tasks/0", "t0 → t1 → t2 → t0."),
        ("/tasks/3", "t3 → t4 → t5 → t3."),
        ("/tasks/6", "t6 → t7 → t8 → t6."),
    ]


def merges(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"id": f"t{i}", "type": "merge", **more} for i in range(count)]


MANY = 20_000


def lines(start: str, end: str, many: int = MANY) -> list[dict[str, str]]:
    """Lines in whose ends `{i}` is the number and `{j}` the next, the last followed by the first."""
    return [{"from": start.format(i=i, j=(i + 1) % many), "to": end.format(i=i, j=(i + 1) % many)} for i in range(many)]


MUCH: dict[str, tuple[Any, int]] = {
    "chain": ({"tasks": merges(MANY), "connections": lines("t{i}", "t{j}.x")[:-1]}, 0),
    "ring": ({"tasks": merges(MANY), "connections": lines("t{i}", "t{j}.x")}, 1),
    "fan out": ({"tasks": merges(MANY), "connections": lines("t0", "t{j}.x")[:-1]}, 0),
    "fan in": ({"tasks": merges(MANY), "connections": lines("t{j}", "t0.x")[:-1]}, 0),
    "unknown tasks": ({"tasks": merges(MANY), "connections": lines("t{i}", "x{i}")}, MANY),
    "unknown ports": ({"tasks": merges(2001), "connections": lines("t{i}.no", "t2000.x", 2000)}, 2000),
    "unknown types": ({"tasks": [{"id": f"t{i}", "type": f"type{i}"} for i in range(2000)]}, 2000),
    "same ids": ({"tasks": merges(1) * 2000}, 1999),
    "unreachable": ({"tasks": [{"id": "s", "type": "start"}, *merges(2000)]}, 2000),
}


@pytest.mark.parametrize("name", MUCH)
def test_much_is_checked_in_time(name: str) -> None:
    # A check that were quadratic would not come to an end within the time of a test.
    graph, problems = MUCH[name]
    assert len(check({"blockloom": 1, **graph}, REGISTRY)) == problems


def test_what_is_said_of_many_names_is_short() -> None:
    many = [{"id": f"b{i}", "type": "text", "content": {"text": ""}} for i in range(1000)]
    links = [{"from": f"x{i}", "to": "b0"} for i in range(1000)]
    tasks = [{"id": "a", "type": "blocks", "blocks": many, "links": links}, {"id": "b", "type": "merge"}]
    lines = [{"from": f"a.x{i}", "to": "b"} for i in range(1000)]
    found = check({"blockloom": 1, "tasks": tasks, "connections": lines}, REGISTRY)
    assert len(found) == 2000
    assert all(len(p.message) + len(p.hint) < 500 for p in found)


def test_a_check_imports_and_runs_nothing_that_a_graph_names(tmp_path: Path) -> None:
    (tmp_path / "trap.py").write_text("open('sprung', 'w').close()")
    graph = {
        "blockloom": 1,
        "requires": {"trap": ">=1"},
        "inputs": {"trap": {"$ref": "file:trap.py"}},
        "tasks": [
            {"id": "a", "type": "trap:Trap"},
            {"id": "b", "type": "trap.Trap", "config": {"$type": "trap.Trap"}},
            {
                "id": "c",
                "type": "blocks",
                "blocks": [{"id": "x", "type": "code", "content": {"source": "import trap"}}],
            },
            {"id": "d", "type": "if", "config": {"condition": "__import__('trap')"}},
        ],
        "triggers": [{"id": "t", "type": "trap"}],
    }
    (tmp_path / "graph.json").write_text(json.dumps(graph))
    program = "import sys; from blockloom import *; from blockloom.check import *; from blockloom.codec import *\n"
    program += "found = check(read_file('graph.json'), Plugins.load().registry)\n"
    program += "print(len(found), 'trap' in sys.modules)"
    run = [sys.executable, "-c", program]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split()[1] == "False"
    assert int(done.stdout.split()[0]) >= 6
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("requires", "shown"),
    [
        ({"acme-llm": ">=1"}, 'pip install "acme-llm>=1"'),
        ({"acme-llm": ""}, 'pip install "acme-llm"'),
        ({"acme-llm": None, "blockloom-text": ">=0", "acme-x": "<2,>=1"}, 'pip install "acme-llm" "acme-x<2,>=1"'),
        ({"x; rm -rf ~": ""}, "`blockloom types`"),
        ({"x": '" ; rm -rf ~ #'}, "`blockloom types`"),
        ({"x": "@ https://example.com/x.whl"}, "`blockloom types`"),
        (["blockloom-llm"], "`blockloom types`"),
        ({}, "`blockloom types`"),
    ],
)
def test_an_unknown_type_is_told_with_what_to_install(requires: Any, shown: str) -> None:
    (problem,) = check({"blockloom": 1, "requires": requires, "tasks": [{"id": "a", "type": "vendor.thing"}]}, REGISTRY)
    assert problem.code == "unknown-type"
    for language in ("en", "zh"):
        assert shown in problem.to_json(language)["hint"]
        assert "rm -rf" not in problem.to_json(language)["hint"]


def test_the_ports_of_an_unknown_type_are_taken_as_drawn() -> None:
    tasks = [{"id": "a", "type": "vendor.thing"}, {"id": "b", "type": "merge"}]
    lines = [{"from": "a.anything", "to": "b.x"}, {"from": "b.result", "to": "a.what-ever"}]
    found = check({"blockloom": 1, "tasks": tasks, "connections": lines[:1]}, REGISTRY)
    assert [p.code for p in found] == ["unknown-type"]
    found = check({"blockloom": 1, "tasks": tasks, "connections": lines[1:]}, REGISTRY)
    assert [p.code for p in found] == ["unknown-type"]
