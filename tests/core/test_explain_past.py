"""A run that is read back from its store is explained by the graph that it went by in the end."""

import asyncio
from collections.abc import Mapping
from typing import Any

from blockloom import Engine, MemoryStore, Plugins, RunView
from blockloom.testing import simulate, virtual_clock
from drawn_graphs import drawn
from naive_edits import without
from scripted_types import Witness, scripted

TEN = {"lasts": 10}
GRAPH = drawn("a.out -> b.p; b.out -> c.p; c.out -> end.r", a=TEN, b=TEN, c=TEN)


def read_back(edit: Mapping[str, Any] | None = None, types: bool = True) -> RunView:
    """A run that is over, seen by an engine that has never run it, with the types it needs or without them."""

    async def main() -> RunView:
        store, plugins = MemoryStore(), Plugins.load()
        for type in scripted(Witness()):
            plugins.registry.add("task", type)
        async with Engine(plugins, store, clock=virtual_clock, owns_store=False) as engine:
            run = await engine.start(GRAPH)
            await asyncio.sleep(5)
            if edit is not None:
                await engine.edit(run.id, edit)
            await run.wait()
        async with Engine(plugins if types else Plugins.load(), store) as later:
            return await later.run(run.id)

    return simulate(main)


def test_it_is_told_as_by_the_engine_that_ran_it() -> None:
    told = read_back().explain("b")
    assert [cause.what for cause in told.because][:2] == ["started-by", "completed"]
    assert told.because[0].facts["connections"] == ["a.out → b.p"]


def test_the_graph_of_the_last_edit_is_the_one_that_counts() -> None:
    run = read_back(without(GRAPH, "b"))
    assert run.plan is not None
    assert "b" not in run.plan.index
    assert run.explain("c").because[0].what == "begins"


def test_without_its_types_only_what_the_events_say_is_told() -> None:
    run = read_back(types=False)
    assert run.plan is None
    assert "no-plan" in [cause.what for cause in run.explain("b").because]
