"""What becomes of running tasks when a run is stopped, fails, is raced or let go; and pause and resume."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, cast

import pytest
from blockloom import BlockloomError, Engine, MemoryStore, RunState, RunView, TaskContext, TaskType, WrongState
from blockloom.live import LiveRun
from blockloom.testing import engine_with, simulate
from drawn_graphs import drawn, happened, told
from scripted_types import Witness, scripted


class Patient(TaskType):
    """Waits for an hour; what happens when it is canceled is told to `log`."""

    name = "sim.patient"
    log: list[str]

    async def run(self, task: TaskContext) -> Any:
        """Nothing."""
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            self.log.append(f"{task.id} canceled at {asyncio.get_running_loop().time():g}")
            await self.part(task)
        finally:
            self.log.append(f"{task.id} ended at {asyncio.get_running_loop().time():g}")

    async def part(self, task: TaskContext) -> None:
        """What it still does."""
        raise asyncio.CancelledError


class Tidy(Patient):
    """Tidies up for two seconds before it ends."""

    async def part(self, task: TaskContext) -> None:
        """Tidies up."""
        await asyncio.sleep(2)
        raise asyncio.CancelledError


class Deaf(Patient):
    """Swallows the cancellation and returns as if nothing were."""

    async def part(self, task: TaskContext) -> None:
        """Nothing."""


class Endless(Patient):
    """Never ends, however often it is canceled."""

    async def part(self, task: TaskContext) -> None:
        """Goes on for a day."""
        for _ in range(1000):
            try:
                await asyncio.sleep(86.4)
            except asyncio.CancelledError:
                continue


class Angry(Patient):
    """Raises something else when it is canceled."""

    async def part(self, task: TaskContext) -> None:
        """Raises."""
        raise ValueError("not now")


Act = Callable[[Engine, RunView], Awaitable[None]]


def acted(
    graph: Mapping[str, Any], act: Act, kind: type[Patient] = Patient, seed: int = 0
) -> tuple[RunView, list[str], float]:
    """A finished run in which `act` was done after ten seconds; the log of its patients; how long it took."""
    log: list[str] = []
    patient = type("Patient", (kind,), {"log": log})

    async def main() -> tuple[RunView, list[str], float]:
        async with engine_with(*scripted(Witness()), patient) as engine:
            run = await engine.start(graph)
            await asyncio.sleep(10)
            await act(engine, run)
            await run.wait()
            return run, list(log), asyncio.get_running_loop().time()

    return simulate(main, seed)


async def stop(engine: Engine, run: RunView) -> None:
    await run.stop()


PATIENT = {"type": "sim.patient"}
TWO = drawn("start -> a; a -> b; start -> c; start -> d", a=PATIENT, c=PATIENT, d={})


def test_stop_cancels_what_runs_and_waits() -> None:
    run, log, seconds = acted(TWO, stop)
    assert told(run) == {"a": "stopped", "c": "stopped", "d": "COMPLETED", "start": "COMPLETED", "b": "stopped"}
    assert run.state == RunState.STOPPED
    assert sorted(log) == ["a canceled at 10", "a ended at 10", "c canceled at 10", "c ended at 10"]
    assert seconds == 10


def test_a_run_is_stopped_only_when_what_ran_has_ended() -> None:
    run, log, seconds = acted(TWO, stop, Tidy)
    assert sorted(log) == ["a canceled at 10", "a ended at 12", "c canceled at 10", "c ended at 12"]
    assert run.events[-1].type == "run.stopped"
    assert run.events[-1].time - run.events[0].time == pytest.approx(12)
    assert seconds == 12


@pytest.mark.parametrize("kind", [Deaf, Angry])
def test_one_that_swallows_the_cancellation_is_canceled_all_the_same(kind: type[Patient]) -> None:
    run, log, _ = acted(TWO, stop, kind)
    assert told(run)["a"] == told(run)["c"] == "stopped"
    assert run.state == RunState.STOPPED
    assert happened(run, "task.completed") == ["start", "d"]
    assert len(log) == 4


def test_one_that_never_ends_is_left_behind_after_a_grace_of_five_seconds() -> None:
    run, log, seconds = acted(TWO, stop, Endless)
    assert told(run)["a"] == "stopped"
    assert run.events[-1].type == "run.stopped"
    assert run.events[-1].time - run.events[0].time == pytest.approx(15)
    assert [line for line in log if "ended" in line and line.endswith((" 10", " 15"))] == []
    assert seconds == pytest.approx(15), "stop waited for more than one grace"


def test_stopping_twice_at_once_or_after_the_end_changes_nothing() -> None:
    async def twice(engine: Engine, run: RunView) -> None:
        await asyncio.gather(run.stop(), run.stop())
        before = list(run.events)
        await run.stop()
        assert run.events == before

    run, _, _ = acted(TWO, twice, Tidy)
    assert happened(run, "run.stopped") == [None]
    assert happened(run, "task.canceled").count("a") == 1


def test_stop_of_a_run_that_has_completed_leaves_it_completed() -> None:
    run, _, _ = acted(drawn("a -> b"), stop)
    assert run.state == RunState.COMPLETED


@pytest.mark.parametrize("at_once", ["stop", "pause"])
def test_a_run_can_be_stopped_or_paused_as_soon_as_start_has_answered(at_once: str) -> None:
    async def main() -> RunView:
        async with engine_with(*scripted(Witness())) as engine:
            run = await engine.start(drawn("a -> b", a={"lasts": 5}))
            await (run.stop() if at_once == "stop" else run.pause())
            if at_once == "pause":
                await asyncio.sleep(20)
                assert happened(run, "task.completed") == []
                await run.resume()
            return await run.wait()

    run = simulate(main)
    assert run.events[0].type == "run.started"
    assert run.state == (RunState.STOPPED if at_once == "stop" else RunState.COMPLETED)


def test_a_stopped_run_starts_nothing_though_places_become_free() -> None:
    async def main() -> RunView:
        log: list[str] = []
        async with engine_with(*scripted(Witness()), type("P", (Tidy,), {"log": log})) as engine:
            graph = drawn("start -> a; start -> c; start -> d", a=PATIENT, c={"lasts": 1}, d={})
            run = await engine.start(graph, max_concurrency=1)
            await asyncio.sleep(10)
            await run.stop()
            return run

    run = simulate(main)
    assert happened(run, "task.started") == ["start", "a"]
    assert set(told(run).values()) == {"COMPLETED", "stopped"}


def test_a_failed_run_ends_what_runs_first() -> None:
    graph = drawn("start -> a; start -> bad", a=PATIENT, bad={"lasts": 3, "fails": 9})

    async def nothing(engine: Engine, run: RunView) -> None: ...

    run, log, _ = acted(graph, nothing, Tidy)
    assert told(run) == {"a": "failed-run", "bad": "FAILED", "start": "COMPLETED"}
    assert log == ["a canceled at 3", "a ended at 5"]
    assert run.events[-1].time - run.events[0].time == pytest.approx(5)


def test_a_raced_task_is_ended_and_the_run_does_not_wait_for_its_hour() -> None:
    graph = drawn("start -> a; a -> j; start -> b; b -> j; j -> k", a=PATIENT, b={"lasts": 3}, k={"lasts": 1})
    graph["tasks"][[task["id"] for task in graph["tasks"]].index("j")]["join"] = {"count": 1, "cancel_rest": True}

    async def nothing(engine: Engine, run: RunView) -> None: ...

    run, log, _ = acted(graph, nothing)
    assert told(run)["a"] == "raced"
    assert log == ["a canceled at 3", "a ended at 3"]
    assert run.events[-1].time - run.events[0].time == pytest.approx(4)


def test_the_join_goes_on_while_what_it_raced_still_tidies_up() -> None:
    graph = drawn("start -> a; a -> j; start -> b; b -> j", a=PATIENT, b={"lasts": 3}, j={"lasts": 1})
    graph["tasks"][2]["join"] = {"count": 1, "cancel_rest": True}

    async def nothing(engine: Engine, run: RunView) -> None: ...

    run, _, _ = acted(graph, nothing, Tidy)
    assert happened(run, "task.completed") == ["start", "b", "j"]
    assert run.events[-1].time - run.events[0].time == pytest.approx(5)


def test_cancel_of_one_task_is_the_reason_canceled_and_the_run_goes_on() -> None:
    async def cancel(engine: Engine, run: RunView) -> None:
        live = cast(LiveRun, run)
        live._scheduler.cancel(live.run.plan.index["a"])

    run, _, _ = acted(drawn("start -> a; a -> b; start -> d; d -> e", a=PATIENT, d={"lasts": 20}), cancel)
    assert told(run) == {"a": "canceled", "d": "COMPLETED", "start": "COMPLETED", "b": "branch", "e": "COMPLETED"}
    assert run.state == RunState.COMPLETED


def test_closing_the_engine_ends_what_runs_and_leaves_the_run_as_it_is_recorded() -> None:
    async def close(engine: Engine, run: RunView) -> None:
        await engine.close()
        assert run.state == RunState.RUNNING
        assert run.tasks["a"].state == "WAITING"
        assert run.events[-1].type == "task.retrying"
        with pytest.raises(asyncio.CancelledError):
            await cast(LiveRun, run)._driver  # type: ignore[misc]

    log: list[str] = []

    async def main() -> None:
        engine = engine_with(type("P", (Patient,), {"log": log}), *scripted(Witness()))
        run = await engine.start(TWO)
        await asyncio.sleep(10)
        await close(engine, run)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    simulate(main)
    assert len(log) == 4


def test_closing_the_engine_right_after_a_start_lets_everybody_go() -> None:
    """A follower of that run must not wait for ever."""

    async def main() -> None:
        engine = engine_with(*scripted(Witness()))
        run = await engine.start(drawn("a -> b", a={"lasts": 5}))
        follower = asyncio.ensure_future(anext(aiter(run.follow()), None))
        await engine.close()
        async with asyncio.timeout(100):
            await follower

    simulate(main)


@pytest.mark.parametrize("what", ["stop", "pause", "resume"])
def test_a_run_of_a_closed_engine_is_left_as_it_is_recorded(what: str) -> None:
    """Nothing more is told of it, and whoever asks is refused or let go, not canceled."""

    async def main() -> None:
        store = MemoryStore()
        engine = engine_with(*scripted(Witness()), store=store)
        run = await engine.start(drawn("a -> b", a={"lasts": 50}))
        await asyncio.sleep(1)
        await engine.close()
        before = list(run.events)
        with suppress(BlockloomError):
            await getattr(run, what)()
        assert list(run.events) == before == await store.events(run.id)

    simulate(main)


# pause and resume


def test_a_paused_run_starts_nothing_new_and_what_runs_runs_on() -> None:
    async def main() -> RunView:
        async with engine_with(*scripted(Witness())) as engine:
            run = await engine.start(drawn("a -> b; b -> c", a={"lasts": 5}, b={"lasts": 5}))
            await asyncio.sleep(1)
            await run.pause()
            assert run.state == RunState.PAUSED
            await asyncio.sleep(50)
            assert told(run) == {"a": "COMPLETED", "b": "READY", "c": "WAITING"}
            await run.resume()
            assert run.state.value == "RUNNING"
            return await run.wait()

    run = simulate(main)
    assert run.state == RunState.COMPLETED
    assert [event.type for event in run.events if event.task is None] == [
        "run.started", "run.paused", "run.resumed", "run.completed",
    ]  # fmt: skip
    assert run.tasks["b"].started == pytest.approx(run.events[0].time + 51)


def test_a_run_whose_last_task_ends_while_it_is_paused_completes_when_it_is_resumed() -> None:
    async def main() -> RunView:
        async with engine_with(*scripted(Witness())) as engine:
            run = await engine.start(drawn("a -> b", b={"lasts": 5}))
            await asyncio.sleep(1)
            await run.pause()
            await asyncio.sleep(50)
            assert run.state == RunState.PAUSED
            await run.resume()
            return await run.wait()

    assert simulate(main).state == RunState.COMPLETED


def test_a_paused_run_can_fail_and_be_stopped() -> None:
    async def main(stopped: bool) -> RunView:
        async with engine_with(*scripted(Witness())) as engine:
            run = await engine.start(drawn("a -> b", a={"lasts": 5, "fails": 9}))
            await asyncio.sleep(1)
            await run.pause()
            if stopped:
                await run.stop()
            return await run.wait()

    assert simulate(lambda: main(True)).state == RunState.STOPPED
    assert simulate(lambda: main(False)).state == RunState.FAILED


def test_pausing_and_resuming_again_changes_nothing_or_is_refused() -> None:
    async def main() -> list[str]:
        async with engine_with(*scripted(Witness())) as engine:
            run = await engine.start(drawn("a -> b", a={"lasts": 5}))
            await asyncio.sleep(1)
            with pytest.raises(WrongState):
                await run.resume()
            await run.pause()
            await run.pause()
            await run.resume()
            await run.wait()
            for late in (run.pause, run.resume):
                with pytest.raises(BlockloomError):
                    await late()
            return [event.type for event in run.events if event.task is None]

    assert simulate(main) == ["run.started", "run.paused", "run.resumed", "run.completed"]


def test_a_delay_that_ends_in_a_pause_waits_for_the_resume() -> None:
    async def main() -> RunView:
        async with engine_with(*scripted(Witness())) as engine:
            retry = {"attempts": 2, "delay": 5, "jitter": False}
            run = await engine.start(drawn("a -> b", a={"fails": 1, "retry": retry}))
            await asyncio.sleep(1)
            await run.pause()
            await asyncio.sleep(49)
            await run.resume()
            return await run.wait()

    run = simulate(main)
    assert run.state == RunState.COMPLETED
    assert run.tasks["a"].started == pytest.approx(run.events[0].time + 50)
