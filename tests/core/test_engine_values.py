"""Values are JSON and copied between tasks: no task can change what another sees."""

import json
from typing import Any

import pytest
from blockloom import Port, PortSet, RunView, TaskContext, TaskType
from drawn_graphs import drawn, given, played, told
from hypothesis import given as drawn_from
from hypothesis import settings
from hypothesis import strategies as st

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Vandal(TaskType):
    """Changes whatever it is given, and gives it on."""

    name = "sim.vandal"

    def ports(self, config: Any, blocks: Any) -> PortSet:
        """One input and two outputs that are the same object."""
        return PortSet(inputs={"p": Port(), "q": Port()}, outputs={"one": Port(), "two": Port()})

    def run(self, task: TaskContext) -> Any:
        """The same object twice."""
        spoil(task.values["p"])
        spoil(task.values["q"])
        for _, value in task.arrived:
            spoil(value)
        task.values["more"] = "rubbish"
        return {"one": task.values["p"], "two": task.values["p"]}


class Watcher(TaskType):
    """Gives on what it sees."""

    name = "sim.watcher"

    def ports(self, config: Any, blocks: Any) -> PortSet:
        """One input, one output."""
        return PortSet(inputs={"p": Port(), "q": Port()}, outputs={"saw": Port()})

    def run(self, task: TaskContext) -> Any:
        """What it sees."""
        return {"saw": {"p": task.values["p"], "q": task.values["q"]}}


def spoil(value: Any) -> None:
    if isinstance(value, list):
        value.append("spoiled")
    elif isinstance(value, dict):
        value["spoiled"] = True


VANDAL, WATCHER = {"type": "sim.vandal"}, {"type": "sim.watcher"}
DATA = {"list": [1, [2]], "mapping": {}}


def run(lines: str, inputs: dict[str, Any] | None = None, **tasks: Any) -> RunView:
    return played(drawn(lines, **tasks), inputs, Vandal, Watcher)


def test_a_task_that_changes_its_input_changes_nothing_for_others() -> None:
    done = run("start.x -> v.p; start.x -> w.p; v -> w; w.saw -> end.saw", {"x": DATA}, v=VANDAL, w=WATCHER)
    assert done.outputs["saw"]["p"] == DATA == {"list": [1, [2]], "mapping": {}}
    assert given(done, "v")["p"] == DATA


def test_a_literal_that_is_changed_is_whole_for_the_next_attempt_run_and_document() -> None:
    literal = {"p": [1]}
    graph = drawn("v.one -> end.x", v={**VANDAL, "inputs": literal})
    assert played(graph, None, Vandal).outputs == played(graph, None, Vandal).outputs == {"x": [1, "spoiled"]}
    assert literal == {"p": [1]}


def test_two_outputs_that_are_one_object_are_two_values() -> None:
    done = run(
        "start.x -> v.p; v.one -> u.p; v.two -> w.p; u -> w; w.saw -> end.saw", {"x": []}, v=VANDAL, u=VANDAL, w=WATCHER
    )
    assert done.outputs["saw"]["p"] == ["spoiled"]


def test_the_same_value_on_two_inputs_is_two_copies() -> None:
    done = run("start.x -> v.p; start.x -> v.q; v.one -> end.x", {"x": []}, v=VANDAL)
    assert done.outputs == {"x": ["spoiled"]}


def test_the_mapping_of_a_whole_task_is_a_copy() -> None:
    done = run("start.x -> v.p; v -> u.p; v -> w.p; u -> w; w.saw -> end.saw", {"x": []}, v=VANDAL, u=VANDAL, w=WATCHER)
    assert done.outputs["saw"]["p"] == {"one": ["spoiled"], "two": ["spoiled"]}


def test_the_value_of_an_error_port_is_a_copy() -> None:
    lines = "bad.error -> v.p; bad.error -> w.p; v -> w; w.saw -> end.saw"
    done = run(lines, bad={"fails": 9}, v=VANDAL, w=WATCHER)
    assert done.outputs["saw"]["p"].keys() == {"type", "message", "task"}


def test_what_a_caller_gave_may_be_changed_afterwards() -> None:
    inputs = {"x": [1]}
    done = run("start.x -> end.x", inputs)
    inputs["x"].append(2)
    assert done.outputs == {"x": [1]}


@settings(max_examples=60, deadline=None)
@drawn_from(VALUES)
def test_any_json_value_goes_through_as_it_is(value: Any) -> None:
    lines = "start.x -> w.p; w.saw -> merge.a; start.x -> merge.b; merge.values -> end.values"
    done = run(lines, {"x": value}, w=WATCHER)
    told_back = done.outputs["values"]
    assert told_back == [{"p": value, "q": None}, value]
    assert json.dumps(told_back[1]) == json.dumps(value)


@pytest.mark.parametrize("value", [10**400, -0.0, 1e308, "", " ", "日本", "\x00", {"": [[], {}]}, [[]], 0, False])
def test_odd_values_go_through_as_they_are(value: Any) -> None:
    done = run("start.x -> w.p; w.saw -> end.saw", {"x": value}, w=WATCHER)
    assert repr(done.outputs["saw"]["p"]) == repr(value)
    assert set(told(done).values()) == {"COMPLETED"}
