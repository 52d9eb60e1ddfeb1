"""What ended long ago is forgotten by itself."""

import asyncio

from blockloom import MemoryStore, Store
from blockloom.retention import EVERY, forget_old
from blockloom.testing import EPOCH, FaultStore, a_journal, a_run, simulate, virtual_clock

DAY = 86_400.0


async def fill(store: Store) -> None:
    for id, ends in (("open", False), ("over", True)):
        await store.create_run(a_run(id))
        await store.append(id, [event._replace(time=EPOCH + event.seq) for event in a_journal(3, ends)])


async def ids(store: Store) -> list[str]:
    return [head.id for head in await store.runs()]


def test_a_run_is_forgotten_once_it_is_old_and_over() -> None:
    async def story() -> list[list[str]]:
        store = MemoryStore()
        await fill(store)
        keeping = asyncio.create_task(forget_old(store, DAY, virtual_clock))
        seen = []
        for wait in (DAY - 60, 2 * EVERY, 100 * DAY):
            await asyncio.sleep(wait)
            seen.append(await ids(store))
        keeping.cancel()
        return seen

    assert simulate(story, 1) == [["over", "open"], ["open"], ["open"]]


def test_a_store_that_fails_is_asked_again() -> None:
    async def story() -> list[str]:
        store = FaultStore(MemoryStore(), range(5, 100))
        await fill(store)
        keeping = asyncio.create_task(forget_old(store, 60.0, virtual_clock))
        await asyncio.sleep(1000)
        keeping.cancel()
        assert store.calls.count("prune") > 100
        return await ids(store)

    assert simulate(story, 1) == ["open"]
