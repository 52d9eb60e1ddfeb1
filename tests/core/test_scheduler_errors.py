"""SPEC §2, "Every task has the extra output port `error`": a failure that is caught, and one that is not."""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from blockloom import Port, PortSet, RunState, TaskContext, TaskFailed, TaskType
from drawn_graphs import drawn, given, happened, played, told

FAIL = {"fails": 9, "gives": ["out"]}


class Fault(TaskType):
    """Does whatever a test wants of it."""

    name = "sim.fault"
    does: ClassVar[Callable[[], Any]] = dict

    def ports(self, config: Any, blocks: Any) -> PortSet:
        """One output and one branch."""
        return PortSet(outputs={"out": Port(), "way": Port(branch=True)})

    def run(self, task: TaskContext) -> Any:
        """What the test wants."""
        return type(self).does()


class SlowFault(Fault):
    """The same, after a second."""

    name = "sim.slow-fault"

    async def run(self, task: TaskContext) -> Any:
        """What the test wants."""
        await asyncio.sleep(1)
        return type(self).does()


def faulty(does: Callable[[], Any]) -> list[type[Any]]:
    return [type(kind.__name__, (kind,), {"does": staticmethod(does)}) for kind in (Fault, SlowFault)]


def caught(does: Callable[[], Any], kind: str = "sim.fault") -> dict[str, Any]:
    """The value of the error port of a task that does this."""
    run = played(drawn("bad.error -> b.p", bad={"type": kind}), None, *faulty(does))
    assert told(run) == {"bad": "FAILED", "b": "COMPLETED"}, told(run)
    assert run.state == RunState.COMPLETED
    error: dict[str, Any] = given(run, "b")["p"]
    return error


def raising(error: BaseException) -> Callable[[], Any]:
    def does() -> Any:
        raise error

    return does


# Connected: a failure makes `error` alive, carrying {type, message, task}, the other ports dead, and the run goes on.


def test_a_failure_that_is_connected_is_carried_on_and_the_run_goes_on() -> None:
    run = played(drawn("a.error -> b.p; a.out -> c; d -> e", a=FAIL, d={"lasts": 3}))
    assert told(run) == {"a": "FAILED", "d": "COMPLETED", "b": "COMPLETED", "c": "branch", "e": "COMPLETED"}
    assert given(run, "b") == {"p": {"type": "scripted", "message": "attempt 1", "task": "a"}}
    assert (run.state, run.error) == (RunState.COMPLETED, None)


def test_the_error_port_as_an_order_connection_catches_too() -> None:
    run = played(drawn("a.error -> b", a=FAIL))
    assert told(run) == {"a": "FAILED", "b": "COMPLETED"}
    assert run.state == RunState.COMPLETED


def test_a_failure_of_the_task_that_caught_is_a_failure_of_its_own() -> None:
    run = played(drawn("a.error -> b; b -> c", a=FAIL, b=FAIL))
    assert told(run) == {"a": "FAILED", "b": "FAILED", "c": "failed-run"}
    assert run.state == RunState.FAILED
    assert run.error is not None
    assert run.error["task"] == "b"


# Not connected: the run fails: nothing more starts, and what runs or waits is CANCELED with the reason failed-run.


def test_a_failure_that_is_not_connected_fails_the_run() -> None:
    graph = drawn(
        "a -> b; c -> d; e -> f; start -> a; start -> c; start -> e", a={"lasts": 2, **FAIL}, c={"lasts": 9}, e={}
    )
    run = played(graph)
    assert told(run) == {
        "a": "FAILED", "c": "failed-run", "e": "COMPLETED", "b": "failed-run", "d": "failed-run", "f": "COMPLETED",
        "start": "COMPLETED",
    }  # fmt: skip
    assert run.state == RunState.FAILED
    assert run.error == {"type": "scripted", "message": "attempt 1", "task": "a"}
    assert run.events[-1].type == "run.failed"
    assert run.events[-1].data["error"] == run.error
    assert run.events[-1].time - run.events[0].time == pytest.approx(2)


def test_nothing_more_starts_after_a_failure_though_it_was_ready() -> None:
    run = played(drawn("start -> a; start -> b; start -> c", a=FAIL, b={}, c={"lasts": 1}), max_concurrency=1)
    assert happened(run, "task.started") == ["start", "a"]
    assert told(run)["b"] == told(run)["c"] == "failed-run"


def test_a_task_that_waits_to_be_tried_again_is_canceled_by_a_failed_run() -> None:
    retry = {"attempts": 3, "delay": 50}
    run = played(drawn("a -> b; c -> d", a={"fails": 1, "retry": retry}, c={"lasts": 2, **FAIL}))
    assert told(run) == {"a": "failed-run", "c": "FAILED", "b": "failed-run", "d": "failed-run"}
    assert run.events[-1].time - run.events[0].time == pytest.approx(2)


def test_outputs_of_end_tasks_that_completed_before_the_failure_stand() -> None:
    run = played(drawn("a.out -> end.x; b -> c", a={}, b={"lasts": 2, **FAIL}))
    assert run.state == RunState.FAILED
    assert run.outputs["x"][0] == "a"


# What a task can raise or give back


@pytest.mark.parametrize("kind", ["sim.fault", "sim.slow-fault"])
@pytest.mark.parametrize(
    ("error", "type"),
    [
        (ValueError("no"), "ValueError"),
        (TaskFailed("mine", "no"), "mine"),
        (SystemExit("no"), "SystemExit"),
        (asyncio.CancelledError("no"), "CancelledError"),
        (TimeoutError("no"), "TimeoutError"),
        (MemoryError("no"), "MemoryError"),
        (RecursionError("no"), "RecursionError"),
        (ExceptionGroup("no", [ValueError()]), "ExceptionGroup"),
    ],
)
def test_whatever_a_task_raises_fails_it_alone(kind: str, error: BaseException, type: str) -> None:
    told = caught(raising(error), kind)
    assert (told["type"], told["task"]) == (type, "bad")
    assert "no" in told["message"]


def test_stop_iteration_and_generator_exit_fail_it_too() -> None:
    assert caught(raising(StopIteration("no")))["type"] == "StopIteration"
    assert caught(lambda: next(iter(())))["type"] == "StopIteration"
    assert "StopIteration" in caught(raising(StopIteration()), "sim.slow-fault")["message"]


class Alarm(BaseException):
    """Not an Exception, as some libraries have them."""


@pytest.mark.parametrize("error", [Alarm("no"), GeneratorExit("no"), BaseExceptionGroup("no", [Alarm()])])
def test_an_exception_that_is_no_exception_fails_the_task_all_the_same(error: BaseException) -> None:
    assert caught(raising(error))["type"] == type(error).__name__


def test_huge_messages_are_cut() -> None:
    error = caught(raising(ValueError("x" * 5_000_000)))
    assert 1000 <= len(error["message"]) <= 2500
    assert len(caught(raising(TaskFailed("big", "x" * 5_000_000)))["message"]) <= 2500


class Mute(Exception):
    """An error that cannot even be told."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Odd(Exception):
    """An error whose text is none."""

    def __str__(self) -> str:
        return 7  # type: ignore[return-value]


@pytest.mark.parametrize("error", [Mute(), Odd(), TaskFailed("mine", 7), TaskFailed(7, "no")])  # type: ignore[arg-type]
def test_an_error_that_cannot_be_told_still_fails_the_task(error: Exception) -> None:
    assert caught(raising(error))["task"] == "bad"


def test_the_message_of_an_error_can_be_written_as_utf8() -> None:
    """Half a surrogate pair, as `os.fsdecode` makes them, must not reach the journal."""
    error = caught(raising(ValueError("caf\udce9")))
    error["message"].encode()


@pytest.mark.parametrize(
    ("given_back", "type"),
    [
        (7, "plugin-error"),
        ("text", "plugin-error"),
        ([("out", 1)], "plugin-error"),
        ({"elsewhere": 1}, "plugin-error"),
        ({7: 1}, "plugin-error"),
        ({"error": 1}, "plugin-error"),
        ({"out": {1, 2}}, "bad-value"),
        ({"out": float("nan")}, "bad-value"),
        ({"out": b"bytes"}, "bad-value"),
        ({"out": {"a": [object()]}}, "bad-value"),
        ({"out": {1: 2}}, "bad-value"),
        ({"out": "\ud800"}, "bad-value"),
    ],
)
def test_rubbish_outputs_fail_the_task(given_back: Any, type: str) -> None:
    error = caught(lambda: given_back)
    assert error["type"] == type
    if type == "plugin-error":
        assert "sim.fault" in error["message"], "the plugin's type is not named"
        assert "test" in error["message"], "the plugin is not named"


class Open(Fault):
    """May give any output."""

    name = "sim.open"

    def ports(self, config: Any, blocks: Any) -> PortSet:
        """Any output."""
        return PortSet(open_outputs=True)


@pytest.mark.parametrize("given_back", [{7: 1}, {"error": 1}, {"a.b": 1}, {None: 1}])
def test_a_type_with_open_outputs_cannot_give_what_is_no_port(given_back: Any) -> None:
    """A port is a name; `error` is every task's own and alive only after a failure."""
    kind = type("O", (Open,), {"does": staticmethod(lambda: given_back)})
    run = played(drawn("bad.error -> b.p", bad={"type": "sim.open"}), None, kind)
    assert told(run) == {"bad": "FAILED", "b": "COMPLETED"}
    assert given(run, "b")["p"]["type"] == "plugin-error"


def test_a_circle_in_an_output_fails_the_task() -> None:
    circle: list[Any] = []
    circle.append(circle)
    assert caught(lambda: {"out": circle})["type"] == "bad-value"


def test_nothing_given_back_is_none_on_every_port_that_is_no_branch() -> None:
    run = played(drawn("good.out -> b.p; good.way -> c", good={"type": "sim.fault"}), None, *faulty(lambda: None))
    assert told(run) == {"good": "COMPLETED", "b": "COMPLETED", "c": "branch"}
    assert given(run, "b") == {"p": None}


def test_a_tuple_becomes_a_list() -> None:
    run = played(drawn("good.out -> b.p", good={"type": "sim.fault"}), None, *faulty(lambda: {"out": (1, (2,))}))
    assert given(run, "b") == {"p": [1, [2]]}
