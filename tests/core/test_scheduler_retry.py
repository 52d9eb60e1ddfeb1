"""SPEC §2: `retry` (attempts counts the first, delay, backoff, max_delay, jitter) and `timeout` (for one attempt)."""

import asyncio
from typing import Any

import pytest
from blockloom import RunState, RunView, TaskContext, TaskFailed, TaskType
from blockloom.states import TASK_MOVES, TaskState
from drawn_graphs import drawn, given, happened, played, told


def moments(run: RunView, type: str = "task.started", task: str = "a") -> list[float]:
    """When events happened, in seconds since the run began."""
    return [round(e.time - run.events[0].time, 6) for e in run.events if e.type == type and e.task == task]


def retry(**settings: Any) -> dict[str, Any]:
    return {"retry": {"jitter": False, **settings}}


def test_attempts_counts_the_first() -> None:
    run = played(drawn("a -> b", a={"fails": 9, **retry(attempts=3)}))
    assert [e.data["attempt"] for e in run.events if e.type == "task.started"] == [1, 2, 3]
    assert happened(run, "task.retrying") == ["a", "a"]
    assert happened(run, "task.failed") == ["a"]
    assert run.tasks["a"].attempt == 3
    assert run.state == RunState.FAILED


def test_one_attempt_is_no_retry() -> None:
    run = played(drawn("a -> b", a={"fails": 9, **retry(attempts=1)}))
    assert moments(run) == [0]
    assert happened(run, "task.retrying") == []


def test_a_later_attempt_that_succeeds_counts_and_nothing_has_failed() -> None:
    run = played(drawn("a.out -> b.p; a.error -> c", a={"fails": 2, **retry(attempts=3)}))
    assert told(run) == {"a": "COMPLETED", "b": "COMPLETED", "c": "branch"}
    assert run.state == RunState.COMPLETED
    assert happened(run, "task.failed") == []


def test_retrying_tells_the_error_and_the_delay_and_the_task_waits_meanwhile() -> None:
    run = played(drawn("a -> b", a={"fails": 1, **retry(attempts=2, delay="90s", max_delay="10m")}))
    (event,) = [e for e in run.events if e.type == "task.retrying"]
    assert event.data == {"error": {"type": "scripted", "message": "attempt 1", "task": "a"}, "delay": 90}
    assert [e.type for e in run.events if e.task == "a"] == [
        "task.ready", "task.started", "task.retrying", "task.ready", "task.started", "task.completed",
    ]  # fmt: skip


def test_the_move_of_a_task_that_is_tried_again_is_legal() -> None:
    """A retried task is RUNNING and then WAITING: the table of legal moves must say so."""
    assert TaskState.WAITING in TASK_MOVES[TaskState.RUNNING]


def test_the_delay_grows_by_backoff_up_to_max_delay() -> None:
    run = played(drawn("a -> b", a={"fails": 9, **retry(attempts=6, delay="2s", backoff=3, max_delay="30s")}))
    assert moments(run) == [0, 2, 8, 26, 56, 86]


def test_without_backoff_the_delay_stays() -> None:
    run = played(drawn("a -> b", a={"fails": 9, **retry(attempts=4, delay="500ms", backoff=1)}))
    assert moments(run) == [0, 0.5, 1, 1.5]


def test_the_delay_counts_from_the_end_of_the_attempt() -> None:
    run = played(drawn("a -> b", a={"fails": 1, "lasts": 10, **retry(attempts=2, delay=5)}))
    assert moments(run) == [0, 15]


def test_no_delay_at_all_is_fine() -> None:
    run = played(drawn("a -> b", a={"fails": 4, **retry(attempts=5, delay=0)}))
    assert moments(run) == [0] * 5
    assert run.state == RunState.COMPLETED


def test_jitter_stays_between_nothing_and_the_delay_and_differs() -> None:
    delays: list[float] = []
    for seed in range(40):
        settings = {"attempts": 4, "delay": 8, "backoff": 2, "max_delay": 20}
        run = played(drawn("a -> b", a={"fails": 9, "retry": settings}), seed=seed)
        seen = [e.data["delay"] for e in run.events if e.type == "task.retrying"]
        assert all(0 <= delay <= most for delay, most in zip(seen, (8, 16, 20), strict=True))
        gaps = [after - before for before, after in zip(moments(run), moments(run)[1:], strict=False)]
        assert gaps == pytest.approx(seen, abs=1e-4)
        delays += seen
    assert len(set(delays)) == len(delays)


def test_jitter_is_the_default_and_the_same_seed_draws_the_same() -> None:
    graph = drawn("a -> b", a={"fails": 9, "retry": {"attempts": 5}})
    assert moments(played(graph, seed=4)) == moments(played(graph, seed=4)) != moments(played(graph, seed=5))


@pytest.mark.parametrize("backoff", [10, 100])
def test_many_attempts_with_a_steep_backoff_do_not_overflow(backoff: int) -> None:
    """Every setting that `check` accepts must run: 10 to the power of 309 is beyond a float."""
    run = played(drawn("a -> b", a={"fails": 999, **retry(attempts=1000, backoff=backoff, delay=1, max_delay=1)}))
    assert run.state == RunState.COMPLETED
    assert run.tasks["a"].attempt == 1000


def test_outputs_and_inputs_are_those_of_the_attempt_that_succeeded_over_the_same_inputs() -> None:
    run = played(drawn("z.out -> a.p; a.out -> b.p", a={"fails": 2, **retry(attempts=3)}))
    once = played(drawn("z.out -> a.p; a.out -> b.p"))
    assert given(run, "a") == given(once, "a")
    assert given(run, "b") == given(once, "b")


class Spoiler(TaskType):
    """Changes what it was given, then fails the first time."""

    name = "sim.spoiler"

    def ports(self, config: Any, blocks: Any) -> Any:
        """One input and one output."""
        from blockloom import Port, PortSet

        return PortSet(inputs={"p": Port()}, outputs={"seen": Port(), "key": Port()})

    def run(self, task: TaskContext) -> Any:
        """What it saw at its second attempt, and its key."""
        seen = list(task.values["p"])
        task.values["p"].append("spoiled")
        if task.attempt == 1:
            raise TaskFailed("first", task.idempotency_key)
        return {"seen": seen, "key": task.idempotency_key}


def test_an_attempt_does_not_see_what_the_one_before_did_to_its_inputs_and_shares_its_key() -> None:
    run = played(drawn("z.out -> a.p; a -> end.a", a={"type": "sim.spoiler", **retry(attempts=2)}), None, Spoiler)
    assert run.outputs["a"]["seen"] == given(run, "a")["p"]
    assert "spoiled" not in run.outputs["a"]["seen"]
    (first,) = [e.data["error"]["message"] for e in run.events if e.type == "task.retrying"]
    assert run.outputs["a"]["key"] == first


# timeout: a duration, for one attempt


def test_a_task_that_takes_longer_than_its_timeout_fails_at_that_moment() -> None:
    run = played(drawn("a.error -> b.p", a={"lasts": 100, "timeout": "5s"}))
    assert told(run) == {"a": "FAILED", "b": "COMPLETED"}
    error = given(run, "b")["p"]
    assert (error["type"], error["task"]) == ("timeout", "a")
    assert moments(run, "task.failed") == [5]


def test_a_task_that_keeps_within_its_timeout_is_fine() -> None:
    assert told(played(drawn("a -> b", a={"lasts": 4.9, "timeout": "5s"})))["a"] == "COMPLETED"


def test_the_timeout_counts_for_each_attempt_anew() -> None:
    run = played(drawn("a -> b", a={"lasts": 100, "timeout": 5, **retry(attempts=3, delay=1, backoff=1)}))
    assert moments(run) == [0, 6, 12]
    assert moments(run, "task.failed") == [17]


def test_the_timeout_does_not_count_while_the_task_waits_for_a_place() -> None:
    run = played(drawn("a -> b; c -> d", a={"lasts": 9}, c={"lasts": 4, "timeout": 5}), max_concurrency=1)
    assert told(run)["c"] == "COMPLETED"


class Stubborn(TaskType):
    """Does not care for being canceled: goes on for `values["p"]` seconds after the first time."""

    name = "sim.stubborn"

    def ports(self, config: Any, blocks: Any) -> Any:
        """One input and one output."""
        from blockloom import Port, PortSet

        return PortSet(inputs={"p": Port()}, outputs={"out": Port()})

    async def run(self, task: TaskContext) -> Any:
        """A value, however late."""
        end = asyncio.get_running_loop().time() + 100
        while (left := end - asyncio.get_running_loop().time()) > 0:
            try:
                await asyncio.sleep(left)
            except asyncio.CancelledError:
                end = min(end, asyncio.get_running_loop().time() + task.values["p"])
        return {"out": "late"}


def test_a_result_that_comes_after_the_timeout_is_dropped() -> None:
    """It took longer than its timeout, whatever it makes of being told so."""
    stubborn = {"type": "sim.stubborn", "inputs": {"p": 1}, "timeout": 5}
    run = played(drawn("a.out -> b; a.error -> c.p", a=stubborn), None, Stubborn)
    assert told(run) == {"a": "FAILED", "b": "branch", "c": "COMPLETED"}
    assert given(run, "c")["p"]["type"] == "timeout"


def test_a_task_that_does_not_end_at_its_timeout_is_left_behind_after_the_grace() -> None:
    stubborn = {"type": "sim.stubborn", "inputs": {"p": 90}, "timeout": 5}
    run = played(drawn("a.error -> c", a=stubborn), None, Stubborn)
    assert told(run) == {"a": "FAILED", "c": "COMPLETED"}
    assert moments(run, "task.failed") == pytest.approx([10], abs=5)


class OwnTimeout(TaskType):
    """Gives up on its own."""

    name = "sim.own-timeout"

    async def run(self, task: TaskContext) -> Any:
        """Never."""
        async with asyncio.timeout(2):
            await asyncio.sleep(50)


def test_a_timeout_of_the_tasks_own_is_an_error_like_any_other() -> None:
    run = played(drawn("a.error -> b.p", a={"type": "sim.own-timeout", "timeout": 30}), None, OwnTimeout)
    assert given(run, "b")["p"]["type"] == "TimeoutError"
    assert moments(run, "task.failed") == [2]
