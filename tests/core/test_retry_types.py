"""A type may ask that what may be tried again is tried again; a failure may say whether it may, and when."""

import asyncio
from typing import Any

import blockloom
import pytest
from blockloom import Retry, RunView, TaskContext, TaskFailed, TaskType
from blockloom.testing import run_graph


class Flaky(TaskType):
    """Fails as its settings say."""

    name = "test.flaky"
    retry = Retry(attempts=3, delay=2, backoff=2, jitter=False)

    class Config(blockloom.Config):
        may: bool | None = None
        after: float = 0
        lasts: float = 0

    async def run(self, task: TaskContext) -> None:
        await asyncio.sleep(task.config.lasts)
        raise TaskFailed("flaky", "not now", retry=task.config.may, after=task.config.after)


def run(config: dict[str, Any], **settings: Any) -> RunView:
    return run_graph({"tasks": [{"id": "a", "type": "test.flaky", "config": config, **settings}]}, {}, Flaky, seed=1)


def moments(run: RunView) -> list[float]:
    return [round(e.time - run.events[0].time, 6) for e in run.events if e.type == "task.started"]


def test_what_may_be_tried_again_is_as_often_as_its_type_says() -> None:
    finished = run({"may": True})
    assert moments(finished) == [0, 2, 6]
    assert [e.data["delay"] for e in finished.events if e.type == "task.retrying"] == [2, 4]


@pytest.mark.parametrize("may", [None, False])
def test_anything_else_fails_at_once(may: bool | None) -> None:
    assert moments(run({"may": may})) == [0]


def test_the_retry_of_a_task_goes_before_that_of_its_type() -> None:
    own = {"attempts": 2, "delay": 1, "jitter": False}
    assert moments(run({"may": True}, retry=own)) == [0, 1]
    assert moments(run({"may": None}, retry=own)) == [0, 1]
    assert moments(run({"may": True}, retry={"attempts": 1})) == [0]


def test_what_is_hopeless_is_not_tried_again_whatever_the_task_says() -> None:
    assert moments(run({"may": False}, retry={"attempts": 5})) == [0]


def test_a_failure_may_demand_a_longer_wait() -> None:
    assert moments(run({"may": True, "after": 30})) == [0, 30, 60]
    assert moments(run({"may": True, "after": 1})) == [0, 2, 6]


def test_a_wait_that_is_too_long_is_not_waited_for() -> None:
    assert moments(run({"may": True, "after": 3601})) == [0]


def test_an_attempt_that_takes_too_long_may_be_tried_again() -> None:
    finished = run({"lasts": 10}, timeout="5s")
    assert finished.error is not None
    assert finished.error["type"] == "timeout"
    assert moments(finished) == [0, 7, 16]
