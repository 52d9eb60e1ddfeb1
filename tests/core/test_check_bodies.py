"""Graphs that stand in the settings of tasks: they are checked like any, and told with the path that leads there."""

from typing import Any

import pytest
from blockloom import Plugins
from blockloom.check import check
from hypothesis import given
from hypothesis import strategies as st

REGISTRY = Plugins.load(disable=()).registry


def held(body: Any, **inputs: Any) -> dict[str, Any]:
    task = {"id": "f", "type": "foreach", "config": {"body": body}, "inputs": {"items": [], **inputs}}
    return {"blockloom": 1, "tasks": [task]}


def found(graph: Any) -> list[tuple[str, str]]:
    return [(problem.code, problem.path) for problem in check(graph, REGISTRY)]


BODY = "/tasks/0/config/body"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, []),
        ({"blockloom": 1, "tasks": []}, []),
        (None, [("bad-config", BODY)]),
        (5, [("bad-config", BODY)]),
        ([], [("bad-config", BODY)]),
        ({"blockloom": 2}, [("unsupported-version", f"{BODY}/blockloom")]),
        ({"tasks": 5}, [("bad-format", f"{BODY}/tasks")]),
        ({"tasks": [{"id": "a", "type": "nope"}]}, [("unknown-type", f"{BODY}/tasks/0/type")]),
        (
            {"tasks": [{"id": "a", "type": "merge"}], "connections": [{"from": "a", "to": "a"}]},
            [("cycle", f"{BODY}/tasks/0")],
        ),
        (
            {"tasks": [{"id": "g", "type": "foreach", "config": {"body": {"title": 5}}, "inputs": {"items": []}}]},
            [("bad-format", f"{BODY}/tasks/0/config/body/title")],
        ),
    ],
)
def test_a_body_is_checked_where_it_stands(body: Any, expected: list[tuple[str, str]]) -> None:
    assert found(held(body)) == expected


def test_what_a_body_takes_its_holder_must_be_given() -> None:
    body = {"inputs": {"item": {}, "index": {}, "rate": {"type": "number"}, "mode": {"default": 1}}, "tasks": []}
    assert found(held(body)) == [("missing-input", "/tasks/0")]
    assert found(held(body, rate=2)) == []
    assert found(held(body, rate="x")) == [("type-mismatch", "/tasks/0/inputs/rate")]
    assert found(held(body, rate=2, rte=2)) == [("unknown-port", "/tasks/0/inputs/rte")]


@pytest.mark.parametrize(("levels", "problems"), [(45, 0), (60, 1)])
def test_bodies_within_bodies(levels: int, problems: int) -> None:
    graph: Any = {"tasks": []}
    for _ in range(levels):
        graph = held(graph)
    assert len(check(graph, REGISTRY)) == problems


JUNK = st.recursive(
    st.none() | st.integers(-1, 2) | st.sampled_from(["", "a", "f", "merge", "foreach", "item"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "type", "config", "body", "inputs", "tasks", "connections"]), inner)
    ),
    max_leaves=8,
)


@given(JUNK, JUNK, JUNK)
def test_a_check_never_raises_whatever_stands_in_a_body(body: Any, inner: Any, inputs: Any) -> None:
    check(held(body), REGISTRY)
    check(held({"tasks": [{"id": "g", "type": "loop", "config": {"body": inner, "times": 1}}, inner]}), REGISTRY)
    check(held({"inputs": inputs, "tasks": inner}), REGISTRY)


def body(*tasks: Any, lines: Any = (), **more: Any) -> dict[str, Any]:
    return {
        "tasks": list(tasks),
        "connections": [dict(zip(("from", "to"), line, strict=True)) for line in lines],
        **more,
    }


def task(id: str, type: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "type": type, **more}


def feeding(graph: Any, given: Any, type: str = "workflow", **config: Any) -> Any:
    """A graph whose task `h` holds a body and is fed `x` from an input of this type."""
    holder = task("h", type, config={"body": graph, **config})
    lines = [{"from": "start.given", "to": "h.x"}, {"from": "h", "to": "end.all"}]
    tasks = [task("start", "start"), holder, task("end", "end")]
    return {"blockloom": 1, "inputs": {"given": given}, "tasks": tasks, "connections": lines}


@pytest.mark.parametrize(("type", "config"), [("workflow", {}), ("loop", {"times": 1})])
def test_the_inputs_of_a_body_are_the_ports_of_its_holder(type: str, config: Any) -> None:
    number, text = {"type": "number"}, {"type": "string"}
    inner = body(inputs={"x": number})
    assert found(feeding(inner, number, type, **config)) == []
    assert found(feeding(inner, {}, type, **config)) == []
    assert found(feeding(inner, text, type, **config)) == [("type-mismatch", "/connections/0")]
    optional = body(inputs={"x": number, "y": {"default": 1}})
    assert found(feeding(optional, number, type, **config)) == []
    more = body(inputs={"x": number, "y": number})
    assert found(feeding(more, number, type, **config)) == [("missing-input", "/tasks/1")]
    none = body(inputs={"z": {"default": 1}})
    assert found(feeding(none, number, type, **config)) == [("unknown-port", "/connections/0/to")]


@pytest.mark.parametrize(("items", "fits"), [({"type": "array"}, True), ({}, True), ({"type": "string"}, False)])
def test_what_is_gone_through_is_a_list(items: Any, fits: bool) -> None:
    graph = feeding(body(), items, "foreach")
    graph["connections"][0]["to"] = "h.items"
    assert found(graph) == ([] if fits else [("type-mismatch", "/connections/0")])
    graph["tasks"][1]["inputs"] = {"items": "abc"}
    assert ("type-mismatch", "/tasks/1/inputs/items") in found(graph)


def test_the_outputs_of_a_body_are_the_ports_of_its_holder() -> None:
    inner = body(task("start", "start"), task("end", "end"), lines=[("start.x", "end.y")], inputs={"x": {}})
    graph = feeding(inner, {})
    graph["connections"][1]["from"] = "h.y"
    assert found(graph) == []
    graph["connections"][1]["from"] = "h.x"
    assert found(graph) == [("unknown-port", "/connections/1/from")]


def test_bodies_of_unknown_types_are_left_alone() -> None:
    graph = {"blockloom": 1, "tasks": [task("a", "vendor.each", config={"body": {"tasks": 5}})]}
    assert found(graph) == [("unknown-type", "/tasks/0/type")]


def test_what_is_said_of_a_type_inside_a_body_of_one_that_is_wrong() -> None:
    tasks = [task("a", "vendor.thing"), task("b", "merge"), task("c", "merge")]
    inner = body(*tasks, lines=[("a.any", "b.x"), ("b.no", "c.x")])
    path = f"{BODY}/tasks/0/config/body"
    deep = held(body(task("w", "workflow", config={"body": inner})))
    assert found(deep) == [("unknown-type", f"{path}/tasks/0/type"), ("unknown-port", f"{path}/connections/1/from")]


def test_what_is_only_a_warning_inside_a_body_keeps_nothing_from_running() -> None:
    inner = body(task("start", "start"), task("lost", "merge"))
    assert found(held(inner)) == [("unreachable", f"{BODY}/tasks/1")]


CANCEL = {
    "blockloom": 1,
    "tasks": [task("off", "cancel", config={"tasks": ["wrok", "off", "work"]}), task("work", "merge")],
}


def test_a_cancel_names_other_tasks_of_its_own_graph() -> None:
    path = "/tasks/0/config/tasks"
    assert found(CANCEL) == [("unknown-task", f"{path}/0"), ("bad-config", f"{path}/1")]
    told = [problem.to_json("en")["message"] for problem in check(CANCEL, REGISTRY)]
    assert told == ["There is no task 'wrok'. Did you mean 'work'?", "A task cannot cancel itself."]
    inside = held(CANCEL)
    inside["tasks"].append(task("wrok", "merge"))
    assert found(inside) == [("unknown-task", f"{BODY}{path}/0"), ("bad-config", f"{BODY}{path}/1")]
