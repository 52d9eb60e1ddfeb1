"""The conformance class of executors."""

import asyncio
import threading
import time
from typing import Any, ClassVar, Final

from ..codec import FORMAT
from ..engine import Engine
from ..errors import TaskFailed
from ..events import TASK_OUTPUT, TASK_PROGRESS, TASK_STARTED
from ..executor import Executor
from ..kind import NOT_TAKEN, Ports
from ..live import RunView
from ..states import RunState, TaskState
from ..task import TaskContext, TaskType
from ..values import is_id
from .aside import all_ended, run_leaving
from .conformance import Conformance, require
from .kit import registry_with
from .offering import require_offered

__tracebackhide__ = True  # a check that fails says all there is to say: pytest shows the author's own lines alone

MANY: Final = 100
"""Tasks that run at once in one of the checks."""


class _Number(Ports):
    n: int = 1


class _Result(Ports):
    n: int
    thread: int = 0


class _Odd(Ports):
    n: int = NOT_TAKEN
    other: int = NOT_TAKEN


class InPlace(TaskType):
    """Adds one at once."""

    name = "blockloom.testing.in-place"
    Inputs = _Number
    Outputs = _Result

    def run(self, task: TaskContext) -> _Result:
        """Add."""
        return _Result(n=task.values["n"] + 1)


class Awaiting(InPlace):
    """Adds one after a while, telling how far it is."""

    name = "blockloom.testing.awaiting"

    async def run(self, task: TaskContext) -> _Result:  # type: ignore[override]
        """Add."""
        task.progress(0.5, "half")
        task.emit({"piece": 1})
        await asyncio.sleep(0)
        return _Result(n=task.values["n"] + 1)


class InThread(InPlace):
    """Adds one in a thread."""

    name = "blockloom.testing.in-thread"
    blocking = True

    def run(self, task: TaskContext) -> _Result:
        """Add."""
        time.sleep(0.01)
        return _Result(n=task.values["n"] + 1, thread=threading.get_ident())


class Branch(TaskType):
    """Takes one of its two branches."""

    name = "blockloom.testing.branch"
    Inputs = _Number
    Outputs = _Odd

    def run(self, task: TaskContext) -> Any:
        """Take one."""
        return _Odd(n=1)


class Failing(TaskType):
    """Fails as it is told to: by `TaskFailed`, a bug, or a StopIteration."""

    name = "blockloom.testing.failing"

    class Inputs(Ports):
        """How it fails."""

        how: str

    def run(self, task: TaskContext) -> None:
        """Fail."""
        raise {"told": TaskFailed("told", "as told"), "bug": ZeroDivisionError("bug")}.get(
            task.values["how"], StopIteration("end")
        )


class FailingInThread(Failing):
    """Fails in a thread."""

    name = "blockloom.testing.failing-in-thread"
    blocking = True


class FailingAwaited(Failing):
    """Fails once it was awaited."""

    name = "blockloom.testing.failing-awaited"

    async def run(self, task: TaskContext) -> None:  # type: ignore[override]
        """Fail."""
        await asyncio.sleep(0)
        super().run(task)


class Endless(TaskType):
    """Waits until it is canceled."""

    name = "blockloom.testing.endless"

    async def run(self, task: TaskContext) -> None:
        """Wait."""
        await asyncio.Event().wait()


_FAILING: Final = (Failing, FailingInThread, FailingAwaited)
_TYPES: Final = (InPlace, Awaiting, InThread, Branch, *_FAILING, Endless)


class ExecutorConformance(Conformance):
    """The checks of an executor: a test class that inherits from it names the kind, or overrides `make`."""

    executor: ClassVar[type[Any]]

    def make(self) -> Executor:
        """A new executor."""
        made: Executor = self.executor()
        return made

    def test_its_plugin_is_installed_and_offers_it(self) -> None:
        """An installed plugin offers it under its name."""
        require_offered("executor", self.executor)

    def test_it_has_a_name(self) -> None:
        """Its name is an id."""
        parts = str(self.executor.name).split(".")
        require(all(map(is_id, parts)), f"{self.executor.name!r} is no name.", "Use letters, digits, `_` and `-`.")

    def test_it_keeps_to_the_contract(self) -> None:
        """It has the methods of an Executor."""
        require(isinstance(self.make(), Executor), "It lacks methods of Executor.", "Have `run` and `close`.")

    def test_it_runs_a_task_in_place(self) -> None:
        """A plain `def run` gives its outputs."""
        require(self._gives(InPlace) == 2, "A plain task gives something else.", "Give what run gives.")

    def test_it_awaits_a_task(self) -> None:
        """An `async def run` gives its outputs."""
        require(self._gives(Awaiting) == 2, "An awaited task gives something else.", "Give what run gives.")

    def test_it_runs_what_blocks_elsewhere(self) -> None:
        """A `blocking` task gives its outputs, and does not run in the thread of the event loop."""
        run = self._run(InThread)
        outputs = run.tasks["a"].outputs or {}
        require(outputs.get("n") == 2, f"It gives {outputs}.", "Give what run gives.")
        require(outputs["thread"] != threading.get_ident(), "It runs in the loop's thread.", "Use another thread.")

    def test_branches_stay_as_taken(self) -> None:
        """A branch that was not taken stays so."""
        outputs = self._run(Branch).tasks["a"].outputs
        require(outputs == {"n": 1}, f"It gives {outputs}.", "Leave out what is NOT_TAKEN.")

    def test_failures_pass(self) -> None:
        """What a task raises reaches the run: the type and the message."""
        for type in _FAILING:
            error = self._run(type, {"how": "told"}).error or {}
            told = (error.get("type"), error.get("message"))
            require(told == ("told", "as told"), f"The error is {error}.", "Let exceptions pass as they are.")

    def test_mistakes_pass(self) -> None:
        """A mistake of a task fails it under the name of the exception."""
        for type in _FAILING:
            error = self._run(type, {"how": "bug"}).error or {}
            require(error.get("type") == "ZeroDivisionError", f"The error is {error}.", "Let exceptions pass.")

    def test_a_stop_iteration_fails_too(self) -> None:
        """StopIteration, which no future may carry, fails the task as anything does."""
        for type in _FAILING:
            state = self._run(type, {"how": "end"}).state
            require(state is RunState.FAILED, f"The run ends {state}.", "Raise another error from it.")

    def test_canceling_ends_a_task(self) -> None:
        """A task that is canceled ends promptly."""

        async def stopped() -> TaskState | None:
            async with self._engine() as engine:
                run = await engine.start(_graph(Endless, 1, {}))
                async for batch in run.follow():
                    if any(event.type == TASK_STARTED for event in batch):
                        break
                await run.stop()
            return run.tasks["a"].state if await all_ended() else None

        require(run_leaving(stopped) is TaskState.CANCELED, "It goes on.", "Cancel what is awaited.")

    def test_a_timeout_ends_a_task(self) -> None:
        """A task that takes longer than it may fails, and ends."""

        async def late() -> tuple[Any, bool]:
            async with self._engine() as engine:
                graph = _graph(Endless, 1, {})
                graph["tasks"][0]["timeout"] = "10ms"
                run = await (await engine.start(graph)).wait()
            return run.error, await all_ended()

        error, ended = run_leaving(late)
        require(error and error["type"] == "timeout", f"The error is {error}.", "Let CancelledError pass.")
        require(ended, "It goes on after its timeout.", "Cancel what is awaited.")

    def test_many_tasks_run_at_once(self) -> None:
        """A hundred tasks run, each with its own inputs and outputs."""
        for type in (InPlace, Awaiting):
            run = self._run(type, count=MANY)
            states = {task.state for task in run.tasks.values()}
            require(states == {TaskState.COMPLETED}, f"They end {states}.", "Keep tasks apart.")

    def test_what_a_task_tells_meanwhile_arrives(self) -> None:
        """Progress and pieces of output are passed on."""

        async def heard() -> set[str]:
            async with self._engine() as engine:
                run = await engine.start(_graph(Awaiting, 1, {}))
                return {event.type async for batch in run.follow() for event in batch}

        missing = {TASK_PROGRESS, TASK_OUTPUT} - asyncio.run(heard())
        require(not missing, f"These do not arrive: {missing}.", "Pass on what the context is told.")

    def test_it_is_closed_twice_without_harm(self) -> None:
        """Closing it again does nothing."""

        async def twice() -> None:
            executor = self.make()
            await executor.close()
            await executor.close()

        asyncio.run(twice())

    def _gives(self, type: type[TaskType]) -> Any:
        return (self._run(type).tasks["a"].outputs or {}).get("n")

    def _engine(self) -> Engine:
        return Engine(registry_with(*_TYPES), executor=self.make())

    def _run(self, type: type[TaskType], inputs: dict[str, Any] | None = None, count: int = 1) -> RunView:
        async def run() -> RunView:
            async with self._engine() as engine:
                return await (await engine.start(_graph(type, count, inputs or {}))).wait()

        return asyncio.run(run())


def _graph(type: type[TaskType], count: int, inputs: dict[str, Any]) -> dict[str, Any]:
    ids = ["a", *(f"a{number}" for number in range(1, count))]
    return {"blockloom": FORMAT, "tasks": [{"id": id, "type": type.name, "inputs": inputs} for id in ids]}
