"""Short ways to an engine and a finished run, for tests of types."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..block import BlockType
from ..engine import Engine
from ..live import RunView
from ..plugins import Plugins, installed
from ..registry import Registry
from ..store import Store
from ..task import TaskType
from ..trigger import TriggerType
from .simulation import simulate, virtual_clock

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
    registry = registry_with(*types)
    if not observers:
        return Engine(registry, store, clock=clock)
    plugins = Plugins()
    plugins.registry = registry
    for observer in observers:
        plugins.observe(observer)
    return Engine(plugins, store, clock=clock)


def registry_with(*types: type[Any]) -> Registry:
    """The installed types and these; one of these replaces an installed one of its name."""
    registry = Registry()
    given = {(_kind(type), type.name): type for type in types}
    for offer in installed().registry.offers():
        if (offer.kind, offer.name) not in given:
            registry.add(offer.kind, offer.type, offer.plugin, offer.distribution)
    for (kind, _), type in given.items():
        registry.add(kind, type, "test")
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


def _kind(type: type[Any]) -> str:
    return next(kind for kind, base in _BASES.items() if issubclass(type, base))
