"""A run of twelve tasks whose store fails at any call: nothing is lost, nothing hangs."""

import asyncio

import pytest
from blockloom import MemoryStore, StoreFailed
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
