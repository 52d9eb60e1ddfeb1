"""What a document holds comes back unchanged: unknown fields, unknown types, order, drafts."""

import json
from typing import Any

import pytest
from blockloom import BadFormat, BadUsage, Block, Task, TaskSpec, Trigger, Workflow, WorkflowSpec
from hypothesis import given, settings
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.just(0.5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
IDS = st.sampled_from(["a", "b", "c", "start", "check", "run", "tasks", "name", "评分", "x-1"])
TYPES = st.sampled_from(["merge", "if", "start", "vendor.thing", "no such type", ""])
END = st.builds(
    lambda id, port: f"{id}.{port}" if port else id, IDS, st.sampled_from(["", "p", "error", "vendor-port"])
)
UNKNOWN = st.dictionaries(st.sampled_from(["x-note", "colour", "from_", "", "日本", "self", "extra"]), JSON, max_size=2)


@st.composite
def mappings(draw: Any, known: dict[str, st.SearchStrategy[Any]], optional: dict[str, Any]) -> dict[str, Any]:
    made = {key: draw(strategy) for key, strategy in known.items()}
    made |= {key: draw(strategy) for key, strategy in optional.items() if draw(st.booleans())}
    return {**draw(UNKNOWN), **made}


def unique(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({item["id"]: item for item in items}.values())


EMPTY: st.SearchStrategy[Any] = st.sampled_from([None, {}, [], ""])
BLOCKS = st.lists(mappings({"id": IDS, "type": TYPES}, {"content": JSON}), max_size=3).map(unique)
LINKS = st.lists(mappings({}, {"from": JSON | IDS, "to": JSON | IDS}), max_size=4)
TASK = mappings(
    {"id": IDS, "type": TYPES},
    {
        "blocks": BLOCKS | st.sampled_from([None, []]),
        "links": LINKS | st.sampled_from([None, []]),
        **dict.fromkeys(
            ("title", "config", "inputs", "join", "retry", "timeout", "group", "cache", "ui"), JSON | EMPTY
        ),
    },
)
LINE = mappings({"from": END, "to": END}, {})
ODD_LINE = JSON | mappings({}, {"from": JSON | END, "to": JSON | st.sampled_from(["a.", ".b", "a.b.c", "..", ""])})
TRIGGER = mappings({"id": IDS, "type": TYPES}, {"config": JSON, "inputs": JSON, "action": JSON, "enabled": JSON})
GRAPH = mappings(
    {"blockloom": st.just(1)},
    {
        "tasks": st.lists(TASK, max_size=4).map(unique) | st.sampled_from([None, []]),
        "connections": st.lists(LINE | ODD_LINE, max_size=5) | st.sampled_from([None, []]),
        "triggers": st.lists(TRIGGER, max_size=2) | st.sampled_from([None, []]),
        **dict.fromkeys(("name", "title", "inputs", "requires", "groups"), JSON),
    },
)


def bare(told: dict[str, Any], graph: dict[str, Any]) -> dict[str, Any]:
    """A written document without what it was found to require."""
    wanted = {"requires": graph["requires"]} if "requires" in graph else {}
    return {key: value for key, value in told.items() if key != "requires"} | wanted


def absent(told: dict[str, Any], graph: dict[str, Any]) -> dict[str, Any]:
    """Lists that a written document always has, empty if the one that was read had none."""
    return {key: [] for key in ("tasks", "connections") if key not in graph and told.get(key) == []}


@settings(max_examples=200)
@given(GRAPH)
def test_a_workflow_comes_back_unchanged(graph: dict[str, Any]) -> None:
    given = json.loads(json.dumps(graph))
    for kind in (WorkflowSpec, Workflow):
        told = kind.from_json(graph).to_json()
        assert bare(told, graph) == graph | absent(told, graph)
        assert kind.from_json(json.dumps(graph)).to_json() == told
    assert graph == given, "what was read is left alone"


@given(TASK)
def test_a_task_comes_back_unchanged(task: dict[str, Any]) -> None:
    assert Task.from_json(task).to_json() == task
    without = {key: value for key, value in task.items() if key != "id"}
    assert Task.from_json(without).to_json() == without
    assert TaskSpec.from_json(task).to_json() == without


@given(mappings({"type": TYPES}, {"id": IDS, "content": JSON}))
def test_a_block_comes_back_unchanged(block: dict[str, Any]) -> None:
    assert Block.from_json(block).to_json() == block
    assert Block.from_json(json.dumps(block).encode()).to_json() == block


@given(TRIGGER)
def test_a_trigger_comes_back_unchanged(trigger: dict[str, Any]) -> None:
    assert Trigger.from_json(trigger).to_json() == trigger


def test_the_order_of_everything_is_kept() -> None:
    ids = ["z", "a", "m"]
    graph = {
        "blockloom": 1,
        "tasks": [
            {
                "id": id,
                "type": "blocks",
                "blocks": [{"id": b, "type": "text", "content": {"text": b}} for b in ("q", "p", "r")],
                "links": [{"from": "r", "to": "q", "note": 1}, {"from": "q", "to": "p"}, {"from": "r", "to": "p"}],
            }
            for id in ids
        ],
        "connections": [{"from": "z", "to": "m"}, {"from": "a.q", "to": "m.x"}, {"from": "z.r", "to": "m.x"}],
    }
    told = WorkflowSpec.from_json(graph).to_json()
    assert json.dumps([told["tasks"], told["connections"]]) == json.dumps([graph["tasks"], graph["connections"]])


def test_one_line_drawn_twice_keeps_what_each_says() -> None:
    lines = [{"from": "a", "to": "b", "n": 1}, {"from": "b", "to": "a"}, {"from": "a", "to": "b", "n": 2}]
    graph = {"blockloom": 1, "tasks": [{"id": id, "type": "merge"} for id in "ab"], "connections": lines}
    spec = WorkflowSpec.from_json(graph)
    assert spec.to_json()["connections"] == lines
    spec.disconnect("a", "b")
    assert spec.to_json()["connections"] == lines[1:]


def test_what_is_changed_is_all_that_changes() -> None:
    graph: dict[str, Any] = {
        "blockloom": 1,
        "x": 1,
        "tasks": [
            {"id": "a", "type": "vendor.thing", "config": {"deep": [{}]}, "ui": {}, "y": None, "retry": None},
            {"id": "b", "type": "blocks", "blocks": [{"id": "t", "type": "vendor.block", "content": {"c": 1}, "z": 2}]},
        ],
        "connections": ["odd", {"from": "a.some", "to": "b.x", "label": "l"}],
        "triggers": [{"id": "t", "type": "vendor.when", "enabled": False}],
    }
    spec = WorkflowSpec.from_json(graph)
    spec.tasks["b"].blocks["t"].write({"c": 2})
    spec.connect("a", "b")
    graph["tasks"][1]["blocks"][0]["content"] = {"c": 2}
    graph["connections"].append({"from": "a", "to": "b"})
    assert bare(spec.to_json(), graph) == graph


def test_looking_changes_nothing() -> None:
    graph: dict[str, Any] = {"blockloom": 1, "tasks": [{"id": "a", "type": "merge"}], "connections": []}
    spec = WorkflowSpec.from_json(graph)
    task = spec.tasks["a"].spec
    assert (task.config, task.inputs, task.links, spec.check()) == ({}, {}, [], [])
    assert bare(spec.to_json(), graph) == graph


def test_a_field_that_said_nothing_can_be_filled() -> None:
    task = TaskSpec.from_json({"type": "if", "config": None, "blocks": [], "timeout": None})
    task.config["condition"] = "x"
    task.settings["timeout"] = 0
    assert task.to_json() == {"type": "if", "config": {"condition": "x"}, "blocks": [], "timeout": 0}


@pytest.mark.parametrize(
    "graph",
    [
        {"tasks": 5},
        {"tasks": {"a": {}}},
        {"tasks": ["{}"]},
        {"tasks": [{"id": "a"}]},
        {"tasks": [{"type": "x"}]},
        {"tasks": [{"id": None, "type": "x"}]},
        {"tasks": [{"id": [], "type": "x"}]},
        {"tasks": [{"id": "a", "type": 5}]},
        {"tasks": [{"id": "a", "type": "x"}, {"id": "a", "type": "x"}]},
        {"tasks": [{"id": "a", "type": "x", "blocks": 5}]},
        {"tasks": [{"id": "a", "type": "x", "blocks": [{"type": "text"}]}]},
        {"tasks": [{"id": "a", "type": "x", "blocks": [{"id": "b", "type": "y"}] * 2}]},
        {"tasks": [{"id": "a", "type": "x", "links": ["a"]}]},
        {"connections": {"a": "b"}},
        {"connections": 5},
        {"triggers": [{}]},
        {"triggers": "x"},
    ],
    ids=str,
)
def test_what_cannot_be_kept_is_refused_and_not_dropped(graph: Any) -> None:
    with pytest.raises(BadUsage):
        WorkflowSpec.from_json({"blockloom": 1, **graph})


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"a": 1, "a": 2}', b"\xff", [1], None, {"a": {1}}, {1: 2}])
def test_what_is_no_document_is_refused(text: Any) -> None:
    for kind in (Workflow, WorkflowSpec, Task, TaskSpec, Block, Trigger):
        with pytest.raises(BadFormat):
            kind.from_json(text)


def test_a_newer_format_is_refused_by_name() -> None:
    with pytest.raises(BadFormat) as caught:
        WorkflowSpec.from_json({"blockloom": 2, "tasks": "of another shape"})
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == ("unsupported-version", "/blockloom")
    assert "version 2" in problem.to_json()["message"] or "版本" in problem.to_json()["message"]


@pytest.mark.parametrize("version", [None, "1", 0, True, 1.0, -1])
def test_an_odd_version_is_kept_and_reported(version: Any) -> None:
    spec = WorkflowSpec.from_json({"blockloom": version, "tasks": []})
    assert spec.to_json()["blockloom"] == version
    assert [(p.code, p.path) for p in spec.check()] == [("bad-format", "/blockloom")]


def test_a_large_document_is_read_and_written_in_time() -> None:
    tasks = [{"id": f"t{i}", "type": "merge"} for i in range(10_000)]
    lines = [{"from": f"t{i}", "to": f"t{i + 1}.x", "n": i} for i in range(9_999)]
    graph = {"blockloom": 1, "tasks": tasks, "connections": lines}
    assert WorkflowSpec.from_json(graph).to_json() == {**graph, "requires": {"blockloom-flow": ">=0.1"}}
