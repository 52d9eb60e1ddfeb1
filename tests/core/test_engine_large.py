"""Large graphs run to the end, in a real event loop and in little time."""

import asyncio
import gc
import tracemalloc
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from blockloom import Port, PortSet, RunState, RunView, TaskContext, TaskType
from blockloom.fold import Fold
from blockloom.testing import engine_with, run_graph
from body_graphs import body
from drawn_graphs import played

MANY = 100_000


class Add(TaskType):
    """Adds one."""

    name = "sim.add"

    def ports(self, config: Any, blocks: Any) -> PortSet:
        """One input, one output."""
        return PortSet(inputs={"n": Port()}, outputs={"n": Port()})

    def run(self, task: TaskContext) -> Any:
        """One more."""
        return {"n": (task.values["n"] or 0) + 1}


class AddLater(Add):
    """Adds one, giving others the loop first."""

    name = "sim.add-later"

    async def run(self, task: TaskContext) -> Any:
        """One more."""
        await asyncio.sleep(0)
        return {"n": (task.values["n"] or 0) + 1}


def tasks(kind: str, count: int) -> list[dict[str, Any]]:
    return [{"id": f"t{i}", "type": kind} for i in range(count)]


def chain(kind: str, count: int) -> dict[str, Any]:
    lines = [{"from": f"t{i}.n", "to": f"t{i + 1}.n"} for i in range(count - 1)]
    end = {"from": f"t{count - 1}.n", "to": "end.n"}
    return {"tasks": [*tasks(kind, count), {"id": "end", "type": "end"}], "connections": [*lines, end]}


def fan(kind: str, count: int) -> dict[str, Any]:
    """One task, then many, then one."""
    out = [{"from": "first.n", "to": f"t{i}.n"} for i in range(count)]
    back = [{"from": f"t{i}", "to": "end"} for i in range(count)]
    last = [{"from": f"t{count - 1}.n", "to": "end.n"}]
    ends = [{"id": "first", "type": "sim.add"}, {"id": "end", "type": "end", "join": "all"}]
    return {"tasks": [*ends, *tasks(kind, count)], "connections": out + back + last}


def ran(graph: dict[str, Any], max_concurrency: int | None = None) -> RunView:
    return run_graph(graph, None, Add, AddLater, max_concurrency=max_concurrency)


@pytest.mark.slow
def test_a_chain_of_100_000_tasks_runs_to_the_end() -> None:
    run = ran(chain("sim.add", MANY))
    assert (run.state, run.outputs) == (RunState.COMPLETED, {"n": MANY})


@pytest.mark.slow
def test_a_fan_out_of_100_000_tasks_runs_to_the_end() -> None:
    run = ran(fan("sim.add", MANY))
    assert (run.state, run.outputs) == (RunState.COMPLETED, {"n": 2})


def test_a_chain_and_a_fan_out_of_waiting_tasks_run_to_the_end() -> None:
    assert ran(chain("sim.add-later", 3000)).outputs == {"n": 3000}
    assert ran(fan("sim.add-later", 3000)).outputs == {"n": 2}
    assert ran(fan("sim.add-later", 3000), max_concurrency=3).outputs == {"n": 2}


def races(count: int) -> dict[str, Any]:
    """A chain of races between two tasks each."""
    made = [{"id": "s0", "type": "sim.add"}]
    lines = []
    for i in range(count):
        join: dict[str, Any] = {"join": {"count": 1, "cancel_rest": True}}
        made += [{"id": f"{name}{i}", "type": "sim.add"} for name in "ab"] + [
            {"id": f"s{i + 1}", "type": "sim.add"} | join
        ]
        lines += [{"from": f"s{i}", "to": f"{name}{i}"} for name in "ab"]
        lines += [{"from": f"{name}{i}", "to": f"s{i + 1}"} for name in "ab"]
    return {"tasks": made, "connections": lines}


def test_thousands_of_races_run_to_the_end() -> None:
    """If each race cost as much as the whole graph, this would not end before the time limit of a test."""
    assert ran(races(8000)).state == RunState.COMPLETED


def test_a_dead_branch_of_many_tasks_is_canceled_to_its_end() -> None:
    graph = chain("sim.add", 5000)
    graph["tasks"].append({"id": "gate", "type": "sim.add"})
    graph["connections"].insert(0, {"from": "gate.error", "to": "t0"})
    run = ran(graph)
    assert run.state == RunState.COMPLETED
    assert sum(record.reason == "branch" for record in run.tasks.values()) == 5001


def test_a_failure_in_a_large_graph_cancels_the_rest_of_it() -> None:
    class Fail(Add):
        """Fails."""

        name = "sim.fail"

        def run(self, task: TaskContext) -> Any:
            """Fails."""
            raise ValueError("no")

    graph = chain("sim.add", 10_000)
    graph["tasks"][0]["type"] = "sim.fail"
    run = run_graph(graph, None, Add, Fail)
    assert run.state == RunState.FAILED
    assert sum(record.reason == "failed-run" for record in run.tasks.values()) == 10_000


def test_a_race_of_many_ends_them_all() -> None:
    class Nap(Add):
        """Sleeps for its input's worth of seconds."""

        name = "sim.nap"

        async def run(self, task: TaskContext) -> Any:
            """Nothing."""
            await asyncio.sleep(1 if task.id == "t7" else 1000)
            return {"n": 0}

    count = 2000
    lines = [{"from": f"t{i}", "to": "end"} for i in range(count)]
    join = {"count": 1, "cancel_rest": True}
    graph = {"tasks": [*tasks("sim.nap", count), {"id": "end", "type": "end", "join": join}], "connections": lines}
    run = played(graph, None, Nap)
    assert sum(record.reason == "raced" for record in run.tasks.values()) == count - 1
    assert run.events[-1].time - run.events[0].time == pytest.approx(1)


def test_a_run_that_never_waits_lets_others_have_the_loop_and_makes_no_crowd_of_workers() -> None:
    """Others have their turn again and again, from the first task to the last."""

    async def main() -> tuple[int, int]:
        turns, most = 0, 0

        async def tick() -> None:
            nonlocal turns, most
            while True:
                await asyncio.sleep(0)
                turns += 1
                most = max(most, len(asyncio.all_tasks()))

        async with engine_with(Add) as engine:
            run = await engine.start({"blockloom": 1, **chain("sim.add", 20_000)})
            ticking = asyncio.create_task(tick())
            await run.wait()
            ticking.cancel()
        return turns, most

    turns, most = asyncio.run(main())
    assert turns > 10, f"others had {turns} turns"
    assert most <= 7, f"{most} asyncio tasks for a chain"


@pytest.fixture(autouse=True)
def quiet_collector() -> Iterator[None]:
    """What other tests have left in memory is not looked through again and again while a large graph is made."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


class Weigher(Add):
    """Adds one; weighs what is there after a tenth of its calls, about half of them, and all."""

    name = "sim.weigher"
    calls = 0
    weights: ClassVar[list[tuple[int, int]]] = []

    def run(self, task: TaskContext) -> Any:
        """One more."""
        type(self).calls += 1
        if self.calls in WEIGHED:
            scopes = sum(isinstance(one, Fold) for one in gc.get_objects())
            self.weights.append((tracemalloc.get_traced_memory()[0], scopes))
        return super().run(task)


WEIGHED = (200, 1_100, 2_000)


@pytest.mark.parametrize("type", ["loop", "foreach"])
def test_a_body_leaves_nothing_but_its_events_and_results(type: str) -> None:
    """With the garbage collector off: what a pass or an item costs stays the same, and no circle holds a scope."""
    given = "n" if type == "loop" else "item"
    step = {"id": "add", "type": "sim.weigher"}
    inner = body(step, inputs={given: {}}, lines=f"start.{given} -> add.n; add.n -> end.n")
    many: dict[str, Any] = {"times": WEIGHED[-1], "max": WEIGHED[-1]} if type == "loop" else {}
    literals = {"n": 0} if type == "loop" else {"items": [0] * WEIGHED[-1]}
    graph = {"tasks": [{"id": "hold", "type": type, "config": {"body": inner, **many}, "inputs": literals}]}
    Weigher.calls, Weigher.weights = 0, []
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        assert run_graph(graph, None, Weigher, seed=1).state is RunState.COMPLETED
    finally:
        tracemalloc.stop()
        gc.enable()
    (few, _), (half, _), (all, scopes) = Weigher.weights
    assert (all - half) < 1.1 * (half - few)
    assert scopes < 10
