"""Blocking task types run in threads of a real event loop."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest
from blockloom import Event, Port, PortSet, RunState, RunView, TaskContext, TaskType
from blockloom.testing import engine_with, run_graph
from drawn_graphs import drawn, given, told


class Blocking(TaskType):
    """Does in a thread what a test wants."""

    name = "sim.blocking"
    blocking = True
    does: ClassVar[Callable[[TaskContext], Any]]

    def ports(self, config: Any, blocks: Any) -> PortSet:
        """One input, one output."""
        return PortSet(inputs={"p": Port()}, outputs={"out": Port()})

    def run(self, task: TaskContext) -> Any:
        """What the test wants."""
        return type(self).does(task)


def blocking(does: Callable[[TaskContext], Any]) -> type[Blocking]:
    return type("B", (Blocking,), {"does": staticmethod(does)})


BLOCKING = {"type": "sim.blocking"}


def ran(lines: str, does: Callable[[TaskContext], Any], **more: Any) -> RunView:
    """The finished run of a graph with a blocking task `a`; it must not take longer than a few seconds."""

    async def main() -> RunView:
        async with engine_with(blocking(does)) as engine:
            run = await engine.start(drawn(lines, a={**BLOCKING, **more}))
            async with asyncio.timeout(1.5):
                return await run.wait()

    return asyncio.run(main())


def test_it_runs_in_a_thread_and_its_result_comes_back() -> None:
    run = ran("a.out -> end.thread", lambda task: {"out": threading.current_thread() is threading.main_thread()})
    assert run.outputs == {"thread": False}


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit("no"), asyncio.CancelledError("no")])
def test_what_it_raises_fails_the_task(error: BaseException) -> None:
    def fail(task: TaskContext) -> Any:
        raise error

    run = ran("a.error -> end.error", fail)
    assert run.outputs["error"]["type"] == type(error).__name__


def test_stop_iteration_in_a_thread_fails_the_task_and_does_not_hang() -> None:
    """`next` of an empty iterator: a future refuses to carry StopIteration."""
    run = ran("a.error -> end.error", lambda task: next(iter(())))
    assert "StopIteration" in str(run.outputs["error"])


async def watched(graph: Mapping[str, Any], kind: type[Any], on: Callable[[Event], None]) -> RunView:
    """The finished run of a graph, a follower calling `on` with every event from the first on."""
    async with engine_with(kind) as engine:
        run = await engine.start(graph)

        async def follow() -> None:
            async for batch in run.follow():
                for event in batch:
                    on(event)

        async with asyncio.timeout(20):
            await asyncio.gather(follow(), run.wait())
        return run


def test_progress_from_a_thread_reaches_the_followers_at_once() -> None:
    joined, seen = threading.Event(), threading.Event()

    def tell_and_wait(task: TaskContext) -> Any:
        joined.wait(1)
        time.sleep(0.02)
        task.progress(0.5, "half")
        return {"out": seen.wait(1)}

    def on(event: Event) -> None:
        {"run.started": joined, "task.progress": seen}.get(event.type, threading.Event()).set()

    run = asyncio.run(watched(drawn("a.out -> end.seen", a=BLOCKING), blocking(tell_and_wait), on))
    assert run.outputs == {"seen": True}


def test_many_notes_from_many_threads_all_arrive_in_the_order_of_each() -> None:
    joined = threading.Event()
    seen: dict[str, list[str]] = {}

    def chatter(task: TaskContext) -> Any:
        joined.wait(1)
        for number in range(300):
            task.progress(None, str(number))

    def on(event: Event) -> None:
        joined.set()
        if event.type == "task.progress":
            seen.setdefault(str(event.task), []).append(event.data["message"])

    graph = drawn("a -> z; b -> z; c -> z", a=BLOCKING, b=BLOCKING, c=BLOCKING, z=BLOCKING)
    run = asyncio.run(watched(graph, blocking(chatter), on))
    assert run.state == RunState.COMPLETED
    assert seen == {name: [str(number) for number in range(300)] for name in "abcz"}


def test_a_thread_may_tell_of_its_progress_while_followers_come_and_go() -> None:
    leave = threading.Event()

    def chatter(task: TaskContext) -> Any:
        while not leave.is_set():
            task.progress(None, "still there")

    async def main() -> RunView:
        async with engine_with(blocking(chatter)) as engine:
            run = await engine.start(drawn("a -> end", a=BLOCKING))
            for _ in range(100):
                await asyncio.sleep(0)
                async for _ in run.follow():
                    break
            leave.set()
            return await run.wait()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(5):
            leave.clear()
            run = asyncio.run(main())
            assert (run.state, run.error) == (RunState.COMPLETED, None)
    finally:
        sys.setswitchinterval(interval)


def test_threads_run_beside_each_other_and_do_not_hold_up_the_loop() -> None:
    meeting = threading.Barrier(3, timeout=1)

    def meet(task: TaskContext) -> Any:
        return {"out": meeting.wait()}

    async def main() -> RunView:
        async with engine_with(blocking(meet)) as engine:
            run = await engine.start(drawn("a -> end; b -> end; c -> end", a=BLOCKING, b=BLOCKING, c=BLOCKING))
            return await run.wait()

    assert asyncio.run(main()).state == RunState.COMPLETED


def test_its_timeout_counts_and_a_late_result_is_dropped() -> None:
    leave = threading.Event()

    def dawdle(task: TaskContext) -> Any:
        leave.wait(5)
        return {"out": "late"}

    async def main() -> RunView:
        async with engine_with(blocking(dawdle)) as engine:
            graph = drawn(
                "a.out -> b; a.error -> c.p", a={**BLOCKING, "timeout": "30ms"}, b=BLOCKING, c={"type": "merge"}
            )
            run = await engine.start(graph)
            await asyncio.sleep(0.1)
            leave.set()
            return await run.wait()

    run = asyncio.run(main())
    assert told(run) == {"a": "FAILED", "b": "branch", "c": "COMPLETED"}
    assert given(run, "c")["p"]["type"] == "timeout"


def test_a_second_attempt_waits_until_the_thread_of_the_first_has_ended() -> None:
    leave, inside, most = threading.Event(), threading.Semaphore(1), []

    def dawdle(task: TaskContext) -> Any:
        most.append(inside.acquire(blocking=False))
        if task.attempt == 1:
            leave.wait(5)
        inside.release()
        return {"out": task.attempt}

    async def main() -> RunView:
        async with engine_with(blocking(dawdle)) as engine:
            again = {"timeout": "30ms", "retry": {"attempts": 2, "delay": 0}}
            run = await engine.start(drawn("a.out -> end.attempt", a={**BLOCKING, **again}))
            await asyncio.sleep(0.1)
            leave.set()
            return await run.wait()

    assert asyncio.run(main()).outputs == {"attempt": 2}
    assert most == [True, True]


def test_a_stop_waits_until_the_thread_has_ended() -> None:
    began, leave, ended = threading.Event(), threading.Event(), []

    def dawdle(task: TaskContext) -> Any:
        began.set()
        leave.wait(5)
        ended.append(task.id)

    async def main() -> None:
        async with engine_with(blocking(dawdle)) as engine:
            run = await engine.start(drawn("a -> end", a=BLOCKING))
            await asyncio.to_thread(began.wait)
            asyncio.get_running_loop().call_soon(leave.set)
            await run.stop()
            assert (told(run)["a"], ended) == ("stopped", ["a"])

    asyncio.run(main())


def test_more_tasks_than_the_machine_has_processors_run_beside_each_other() -> None:
    meeting = threading.Barrier(60, timeout=5)
    ids = [f"t{i}" for i in range(60)]

    async def main() -> RunView:
        async with engine_with(blocking(lambda task: {"out": meeting.wait()})) as engine:
            graph = drawn("; ".join(f"{id} -> end" for id in ids), **dict.fromkeys(ids, BLOCKING))
            return await (await engine.start(graph)).wait()

    assert asyncio.run(main()).state == RunState.COMPLETED


def test_a_simulation_says_that_it_has_no_threads() -> None:
    graph = drawn("a.error -> end.error", a=BLOCKING)
    run = run_graph(graph, None, blocking(lambda task: {}), seed=1)
    assert "no threads" in run.outputs["error"]["message"]
