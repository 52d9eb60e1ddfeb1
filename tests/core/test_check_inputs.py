from typing import Any

import pytest
from blockloom import InvalidInputs, Plugins
from blockloom.check import complete_inputs, prepare

REGISTRY = Plugins.load(disable=()).registry

DECLARED = {
    "ticket": {"type": "string"},
    "limit": {"type": "number", "default": 0.5},
    "tags": {"type": "array", "items": {"type": "string"}, "default": []},
    "any": {"default": None},
}


def plan(inputs: Any = None, *lines: tuple[str, str]) -> Any:
    tasks = [{"id": "start", "type": "start"}, {"id": "end", "type": "end"}]
    connections = [{"from": a, "to": b} for a, b in [("start", "end"), *lines]]
    graph = {"blockloom": 1, "tasks": tasks, "connections": connections}
    return prepare(graph if inputs is None else {**graph, "inputs": inputs}, REGISTRY)


def refused(inputs: Any, given: Any, *lines: tuple[str, str]) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidInputs) as caught:
        complete_inputs(plan(inputs, *lines), given)
    return [(p.code, p.path, p.to_json()["message"]) for p in caught.value.problems]


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_LANG", "en")


def test_defaults_fill_what_is_not_given() -> None:
    assert complete_inputs(plan(DECLARED), {"ticket": "x"}) == {"ticket": "x", "limit": 0.5, "tags": [], "any": None}
    given = {"ticket": "x", "limit": 1, "tags": ["a"], "any": {"b": 1}}
    assert complete_inputs(plan(DECLARED), given) == given


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert refused(DECLARED, {"tikcet": 1, "limit": "x", "tags": [5]}) == [
        ("unknown-port", "/tikcet", "The workflow has no input 'tikcet'. Did you mean 'ticket'?"),
        ("missing-input", "/ticket", "The input 'ticket' is missing."),
        ("type-mismatch", "/limit", "The value of 'limit' does not fit: expected number, got string."),
        ("type-mismatch", "/tags", "The value of 'tags' does not fit: [0]: 5 is not of type 'string'."),
    ]


@pytest.mark.parametrize("value", [None, 5, True, ["x"], {}])
def test_a_value_of_another_type_is_refused(value: Any) -> None:
    assert [problem[:2] for problem in refused(DECLARED, {"ticket": value})] == [("type-mismatch", "/ticket")]


def test_a_whole_float_is_an_integer() -> None:
    assert complete_inputs(plan({"n": {"type": "integer"}}), {"n": 1.0}) == {"n": 1.0}
    assert refused({"n": {"type": "integer"}}, {"n": 1.5})


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"ticket": {1}}, "set is not JSON"),
        ({1: "x"}, "keys must be text"),
        ([1], "a mapping"),
        ("ticket", "a mapping"),
    ],
)
def test_inputs_that_are_no_json_are_refused(given: Any, why: str) -> None:
    ((code, path, message),) = refused(DECLARED, given)
    assert (code, path) == ("bad-format", "")
    assert why in message


def test_what_is_missing_says_what_it_must_be() -> None:
    with pytest.raises(InvalidInputs) as caught:
        complete_inputs(plan({"a": {"type": ["string", "null"]}, "b": {}}), {})
    hints = [p.to_json()["hint"] for p in caught.value.problems]
    assert hints == [
        "Give it a value; it must be null or string.",
        "Give it a value; it must be any value.",
    ]


def test_undeclared_inputs_are_those_that_connections_name() -> None:
    made = plan(None, ("start.a", "end.x"), ("start.b", "end.y"))
    assert complete_inputs(made, {}) == {"a": None, "b": None}
    assert complete_inputs(made, {"a": {"any": 1}}) == {"a": {"any": 1}, "b": None}
    assert [p[:2] for p in refused(None, {"c": 1}, ("start.a", "end.x"))] == [("unknown-port", "/c")]


def test_a_start_that_is_connected_as_a_whole_takes_anything() -> None:
    assert complete_inputs(plan(None, ("start", "end.all")), {"c": 1}) == {"c": 1}


def test_what_is_given_is_copied() -> None:
    given = {"ticket": "x", "any": [1]}
    copied = complete_inputs(plan(DECLARED), given)
    copied["any"].append(2)
    assert given["any"] == [1]


def test_many_unknown_inputs_are_told_in_time() -> None:
    declared = {f"x{i}": {"default": 0} for i in range(2000)}
    assert len(refused(declared, {f"y{i}": 1 for i in range(2000)})) == 2000
