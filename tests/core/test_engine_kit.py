"""The helpers of `blockloom.testing`: an engine with some types, and a graph run to its end."""

import asyncio
import time
from typing import Any

import pytest
from blockloom import InvalidGraph, Ports, RunState, TaskContext, TaskType
from blockloom.testing import engine_with, error_of, outputs_of, run_graph


class Nap(TaskType):
    """Sleeps, then says for how long."""

    name = "acme.nap"

    class Inputs(Ports):
        """For how long."""

        seconds: float

    class Outputs(Ports):
        """How long it took."""

        slept: float

    async def run(self, task: TaskContext) -> Outputs:
        """Sleep."""
        before = asyncio.get_running_loop().time()
        await asyncio.sleep(task.inputs.seconds)
        return self.Outputs(slept=asyncio.get_running_loop().time() - before)


class OtherEnd(TaskType):
    """An end that ends nothing."""

    name = "end"

    def run(self, task: TaskContext) -> Any:
        """Nothing."""


GRAPH = {
    "tasks": [{"id": "start", "type": "start"}, {"id": "nap", "type": "acme.nap"}, {"id": "end", "type": "end"}],
    "connections": [{"from": "start.seconds", "to": "nap.seconds"}, {"from": "nap.slept", "to": "end.slept"}],
}


def test_a_graph_runs_in_simulated_time_where_a_seed_is_given() -> None:
    began = time.perf_counter()
    run = run_graph(GRAPH, {"seconds": 86_400}, Nap, seed=0)
    assert time.perf_counter() - began < 5
    assert (run.state, run.outputs) == (RunState.COMPLETED, {"slept": 86_400})
    assert run.to_json()["tasks"]["nap"]["finished"] == "2026-01-02T00:00:00.000000Z"


def test_a_graph_runs_in_real_time_without_a_seed() -> None:
    run = run_graph(GRAPH, {"seconds": 0.01}, Nap)
    assert run.outputs["slept"] >= 0.009
    assert abs(run.events[0].time - time.time()) < 60


def test_types_that_are_not_given_are_those_that_are_installed() -> None:
    with pytest.raises(InvalidGraph) as caught:
        run_graph(GRAPH, {"seconds": 1}, seed=0)
    assert [problem.code for problem in caught.value.problems] == ["unknown-type"]


def test_a_type_that_is_given_replaces_the_installed_one_of_its_name() -> None:
    graph = {"tasks": [{"id": "end", "type": "end"}], "connections": []}
    assert run_graph(graph, None, OtherEnd, seed=0).state == RunState.COMPLETED
    engine = engine_with(OtherEnd)
    assert engine.registry.offer("task", "end").type is OtherEnd
    assert engine.registry.offer("task", "start").plugin == "flow"
    assert list(engine.registry.conflicts()) == []


def test_max_concurrency_and_the_blocks_of_a_plugin_reach_the_run() -> None:
    graph = {"tasks": [{"id": f"n{i}", "type": "acme.nap", "inputs": {"seconds": 10}} for i in range(4)]}
    run = run_graph(graph, None, Nap, max_concurrency=2, seed=0)
    assert run.events[-1].time - run.events[0].time == pytest.approx(20)


def test_an_engine_is_made_anew_each_time() -> None:
    assert engine_with().registry is not engine_with().registry


def test_the_outputs_of_a_task_or_why_there_are_none() -> None:
    nap = {"id": "nap", "type": "acme.nap", "inputs": {"seconds": 0}}
    slept = run_graph({"tasks": [nap]}, {}, Nap, seed=1)
    assert outputs_of(slept) == outputs_of(slept, "nap") == {"slept": 0}
    with pytest.raises(AssertionError, match="did not fail: it is COMPLETED"):
        error_of(slept)
    stopped = run_graph({"tasks": [{"id": "stop", "type": "stop"}]})
    with pytest.raises(AssertionError, match="is STOPPED, not COMPLETED"):
        outputs_of(stopped)
    two = run_graph({"tasks": [nap, {"id": "start", "type": "start"}]}, {}, Nap, seed=1)
    with pytest.raises(AssertionError, match="say which: nap, start"):
        outputs_of(two)
    with pytest.raises(AssertionError, match=r"CANCELED \(unreachable\)"):
        outputs_of(two, "nap")


def test_where_a_task_made_a_mistake_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Slip(Nap):
        """Divides by what it sleeps."""

        name = "acme.slip"

        async def run(self, task: TaskContext) -> Any:
            """Divide."""
            return self.Outputs(slept=1 / task.inputs.seconds)

    nap = {"id": "nap", "type": "acme.slip", "inputs": {"seconds": 0}}
    assert error_of(run_graph({"tasks": [nap]}, {}, Slip))["type"] == "ZeroDivisionError"
    assert "the task type 'acme.slip' raised what is no TaskFailed" in caplog.text
    assert "slept=1 / task.inputs.seconds" in caplog.text
