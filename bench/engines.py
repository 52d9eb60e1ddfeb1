"""The engine as programs use it, one run at a time, with what is checked and what is run timed apart."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import blockloom
from blockloom import Engine, Plugins, TaskContext, TaskState, TaskType


class Step(TaskType):
    """Gives back what it was given: the smallest task there is."""

    name = "bench.step"
    effects = "pure"

    class Inputs(blockloom.Ports):
        """One value, optional."""

        value: Any = None

    class Outputs(blockloom.Ports):
        """The same value."""

        value: Any

    def run(self, task: TaskContext) -> Mapping[str, Any]:
        """The value."""
        return {"value": task.values["value"]}


class Times(NamedTuple):
    """Seconds from a document to a run that can begin, and from there to its end."""

    prepare: float
    run: float


def make_plugins(step: type[Step] = Step) -> Plugins:
    """The installed plugins and the type `bench.step`."""
    plugins = Plugins.load()
    plugins.registry.add("task", step)
    return plugins


def make_engine() -> Engine:
    """An engine with the installed plugins and the type `bench.step`, without a store."""
    return Engine(make_plugins())


async def run_once(graph: Mapping[str, Any], expected: int) -> Times:
    """One run by an engine of its own; `expected` tasks must have completed."""
    async with make_engine() as engine:
        began = time.perf_counter()
        view = await engine.start(graph, {})
        prepared = time.perf_counter()
        await view.wait()
        ended = time.perf_counter()
        completed = sum(record.state is TaskState.COMPLETED for record in view.tasks.values())
        assert view.state.value == "COMPLETED", view.error
        assert completed == expected, completed
    return Times(prepared - began, ended - prepared)
