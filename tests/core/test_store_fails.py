"""A run of twelve tasks whose store fails at any call: nothing is lost, nothing hangs."""

import asyncio
from collections.abc import Sequence

import pytest
from blockloom import Event, MemoryStore, StoreFailed, StoreUnusable
from blockloom.testing import FaultStore, engine_with, simulate
from scripted_types import Witness, scripted

GRAPH = {
    "blockloom": 1,
    "tasks": [{"id": f"t{n}", "type": "sim.work", "config": {"lasts": 1}} for n in range(12)],
    "connections": [{"from": f"t{n}", "to": f"t{n + 3}"} for n in range(9)],
}


def run_over(store: FaultStore, durability: str) -> None:
    """Run the graph, starting it again under its key where that fails, and look at what is kept."""
    witness = Witness()

    async def main() -> None:
        async with engine_with(*scripted(witness), store=store) as engine:
            while True:
                try:
                    view = await engine.start(GRAPH, key="mine", durability=durability)
                    break
                except StoreFailed:
                    assert len(asyncio.all_tasks()) == 1, "something was left behind"
            await view.wait()
            assert view.state.value == "COMPLETED"
            assert list(view.events) == await store.inner.events(view.id)
            done = [event.task for event in view.events if event.type == "task.completed"]
            assert sorted(map(str, done)) == sorted(f"t{n}" for n in range(12))
            assert len(witness.calls) == 12
            assert len(await store.inner.runs()) == 1

    simulate(main, 1)


def begun_without_a_key(store: FaultStore) -> None:
    """Start a run that has no key until that works: of what was refused nothing is left, nor begins later."""

    async def main() -> None:
        async with engine_with(*scripted(Witness()), store=store) as engine:
            while True:
                try:
                    view = await engine.start(GRAPH)
                    break
                except StoreFailed:
                    continue
            await view.wait()
            await asyncio.sleep(60)
            assert [run.id for run in await store.inner.runs()] == [view.id]

    simulate(main, 1)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("times", [1, 5])
def test_a_run_without_a_key_begins_or_is_refused(times: int, late: bool) -> None:
    for failing in range(1, 5):
        begun_without_a_key(FaultStore(MemoryStore(), range(failing, failing + times), late))


class Spent(MemoryStore):
    """Some time on, it can record nothing any more."""

    appends = 0

    async def append(self, run: str, events: Sequence[Event]) -> None:
        """See Store."""
        self.appends += 1
        if self.appends > 3:
            raise StoreUnusable("memory", "the file is damaged", "Use another one.")
        await super().append(run, events)


@pytest.mark.parametrize("durability", ["sync", "async"])
def test_a_run_that_can_be_recorded_no_more_ends_with_the_reason(durability: str) -> None:
    store, witness = Spent(), Witness()

    async def main() -> None:
        async with engine_with(*scripted(witness), store=store) as engine:
            view = await engine.start(GRAPH, durability=durability)
            with pytest.raises(StoreUnusable, match="the file is damaged"):
                await view.wait()
            assert len(asyncio.all_tasks()) == 1, "something was left behind"
            assert list(view.events) == await store.events(view.id)
            assert len(witness.calls) < 12, "it went on though nothing was recorded"

    simulate(main, 1)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_whichever_call_fails_nothing_is_lost_and_nothing_hangs(durability: str, times: int, late: bool) -> None:
    failing, ended = 0, False
    while not ended:
        failing += 1
        store = FaultStore(MemoryStore(), range(failing, failing + times), late)
        run_over(store, durability)
        ended = len(store.calls) < failing
