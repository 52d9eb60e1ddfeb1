"""Going on after a failure, and running again with what is known already."""

from collections.abc import Mapping
from typing import Any

import pytest
from blockloom import MemoryStore, RunState, RunView, TaskContext, TaskFailed, TaskType, UnknownPart, WrongState
from blockloom.records import Records
from blockloom.testing import engine_with, simulate
from drawn_graphs import drawn, told


class Fickle(TaskType):
    """Fails until it is told not to, and counts how often it ran."""

    name = "test.fickle"
    good = False
    ran: list[str]

    def ports(self, config: Any, blocks: Any) -> Any:
        """Any inputs; one output."""
        from blockloom import Port, PortSet

        return PortSet(open_inputs=True, outputs={"out": Port()})

    def run(self, task: TaskContext) -> Mapping[str, Any]:
        """Fail if it is called bad."""
        type(self).ran.append(task.id)
        if task.id.startswith("bad") and not type(self).good:
            raise TaskFailed("fickle", "not yet")
        return {"out": [task.id, *task.values.values()]}


@pytest.fixture(autouse=True)
def _afresh() -> None:
    Fickle.ran = []
    Fickle.good = False


def fickle(lines: str, *ids: str) -> dict[str, Any]:
    """A graph of fickle tasks."""
    return drawn(lines, **{id: {"type": "test.fickle"} for id in ids})


GRAPH = fickle("a.out -> bad.p; a.out -> c.p; bad.out -> d.p; c.out -> d.q; d.out -> end.r", "a", "bad", "c", "d")


def test_a_failed_run_goes_on_from_what_failed() -> None:
    async def main() -> RunView:
        async with engine_with(Fickle, store=MemoryStore()) as engine:
            run = await (await engine.start(GRAPH)).wait()
            assert told(run) == {
                "a": "COMPLETED",
                "bad": "FAILED",
                "c": "failed-run",
                "d": "failed-run",
                "end": "failed-run",
            }
            Fickle.good = True
            again = await (await engine.retry(run.id)).wait()
            assert again.id == run.id
            assert engine.store is not None
            assert [event.seq for event in await engine.store.events(run.id)] == list(range(1, again.seq + 1))
            return again

    run = simulate(main, 1)
    assert set(told(run).values()) == {"COMPLETED"}
    assert Fickle.ran == ["a", "bad", "bad", "c", "d"]
    assert run.outputs == {"r": ["d", ["bad", ["a"]], ["c", ["a"]]]}
    assert (run.error, [e.type for e in run.events].count("run.resumed")) == (None, 1)


def test_what_is_done_again_is_shown_as_waiting_from_the_moment_of_the_retry() -> None:
    async def main() -> None:
        async with engine_with(Fickle) as engine:
            run = await (
                await engine.start(fickle("bad1.error -> a; a -> bad2; bad2 -> b", "bad1", "a", "bad2", "b"))
            ).wait()
            fallen = {"bad2", "b"}
            assert told(run) == {"bad1": "FAILED", "a": "COMPLETED", "bad2": "FAILED", "b": "failed-run"}
            Fickle.good = True
            again = await engine.retry(run.id)
            resumed = next(event for event in again.events if event.type == "run.resumed")
            assert (resumed.data["retry"], set(resumed.data["again"])) == (True, fallen)
            records = Records(again.tasks).read(again.events, resumed.seq)
            for id in fallen:
                shown: dict[str, Any] = {"state": "WAITING", "outputs": {}, "started": None, "finished": None}
                assert records.tasks[id].to_json() == shown
            assert records.state is RunState.RUNNING
            await again.wait()

    simulate(main, 1)


def test_a_run_that_fails_again_can_be_retried_again() -> None:
    async def main() -> RunView:
        async with engine_with(Fickle) as engine:
            run = await (await engine.start(GRAPH)).wait()
            run = await (await engine.retry(run.id)).wait()
            assert run.state.value == "FAILED"
            Fickle.good = True
            return await (await engine.retry(run.id)).wait()

    assert simulate(main, 1).state.value == "COMPLETED"


def test_only_a_failed_run_can_be_retried() -> None:
    async def main() -> None:
        Fickle.good = True
        async with engine_with(Fickle) as engine:
            run = await (await engine.start(GRAPH)).wait()
            with pytest.raises(WrongState, match="only a failed run"):
                await engine.retry(run.id)

    simulate(main, 1)


def rerun(start: str | None, **more: Any) -> tuple[list[str], RunView]:
    """What a rerun ran after a run that went well, and the new run."""

    async def main() -> RunView:
        Fickle.good = True
        async with engine_with(Fickle, store=MemoryStore()) as engine:
            graph = fickle(
                "start.x -> a.x; a.out -> b.p; start.x -> c.x; b.out -> end.r; c.out -> end.s", "a", "b", "c"
            )
            run = await (await engine.start(graph, {"x": 1})).wait()
            Fickle.ran.clear()
            return await (await engine.rerun(run.id, start, **more)).wait()

    run = simulate(main, 1)
    return Fickle.ran, run


def test_a_rerun_from_a_task_uses_again_what_does_not_come_after_it() -> None:
    ran, run = rerun("b")
    assert (ran, run.outputs) == (["b"], {"r": ["b", ["a", 1]], "s": ["c", 1]})


def test_a_rerun_without_a_task_does_everything_again() -> None:
    assert rerun(None)[0] == ["a", "b", "c"]


def test_a_result_is_used_again_only_for_the_same_inputs() -> None:
    ran, run = rerun("b", inputs={"x": 2})
    assert (ran, run.outputs) == (["a", "b", "c"], {"r": ["b", ["a", 2]], "s": ["c", 2]})


def test_a_rerun_from_nowhere_is_refused() -> None:
    with pytest.raises(UnknownPart, match="nowhere"):
        rerun("nowhere")
