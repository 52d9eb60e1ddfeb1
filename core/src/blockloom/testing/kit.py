"""Short ways to an engine and a finished run, for tests of types."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..block import BlockType
from ..engine import Engine
from ..live import RunView
from ..plugins import Plugins, installed
from ..registry import Registry
from ..states import RunState
from ..store import Store
from ..task import TaskType
from ..trigger import TriggerType
from .simulation import simulate, virtual_clock
from .witness import WitnessExecutor

_BASES: Mapping[str, type[Any]] = {"task": TaskType, "block": BlockType, "trigger": TriggerType}


def engine_with(
    *types: type[Any],
    store: Store | None = None,
    observers: Sequence[Callable[..., object]] = (),
    clock: Callable[[], float] = virtual_clock,
) -> Engine:
    """An engine that knows the installed types and these; one of these replaces an installed one of its name.

    Its clock is that of the simulation it runs in, unless another is given. `observers` are called with the id of a
    run and an event.
    """
    registry, executor = registry_with(*types), WitnessExecutor()
    if not observers:
        return Engine(registry, store, executor, clock)
    plugins = Plugins()
    plugins.registry = registry
    for observer in observers:
        plugins.observe(observer)
    return Engine(plugins, store, executor, clock)


def registry_with(*types: type[Any]) -> Registry:
    """The installed types and these; one of these replaces an installed one of its name."""
    registry = Registry()
    given = {(_kind(type), type.name): type for type in types}
    for offer in installed().registry.offers():
        if (offer.kind, offer.name) not in given:
            registry.add(offer.kind, offer.type, offer.plugin, offer.distribution)
    for (kind, _), type in given.items():
        registry.add(kind, type, "test")
    registry.broken |= installed().registry.broken
    return registry


def run_graph(
    graph: Mapping[str, Any],
    inputs: Mapping[str, Any] | None = None,
    *types: type[Any],
    max_concurrency: int | None = None,
    seed: int | None = None,
) -> RunView:
    """Run a graph to its end, with these types beside the installed ones, and return the finished run.

    With a `seed` it runs in a simulation, where waiting costs nothing; without one in real time.
    `"blockloom": 1` may be left out of the graph.
    """

    async def run() -> RunView:
        async with engine_with(*types) as engine:
            started = await engine.start({"blockloom": 1, **graph}, inputs, max_concurrency=max_concurrency)
            return await started.wait()

    return asyncio.run(run()) if seed is None else simulate(run, seed)


def outputs_of(run: RunView, task: str | None = None) -> Mapping[str, Any]:
    """What a task of a completed run gave, by port: the task of this id, or the only one. Fails where it did not."""
    if run.state is not RunState.COMPLETED:
        raise AssertionError(f"The run is {run.state}, not COMPLETED: {dict(run.error or {})}")
    if task is None and len(run.tasks) != 1:
        raise AssertionError(f"The run has several tasks, so say which: {', '.join(run.tasks)}")
    record = run.tasks[next(iter(run.tasks)) if task is None else task]
    if record.outputs is None:
        raise AssertionError(f"The task gave nothing: it is {record.state} ({record.reason}).")
    return record.outputs


def error_of(run: RunView) -> Mapping[str, Any]:
    """Why a run failed, as `{type, message, task}`. Fails where it did not."""
    if run.error is None:
        raise AssertionError(f"The run did not fail: it is {run.state}, and gave {run.outputs}.")
    return run.error


def _kind(type: type[Any]) -> str:
    return next(kind for kind, base in _BASES.items() if issubclass(type, base))
