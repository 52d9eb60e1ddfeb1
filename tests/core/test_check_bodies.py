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
