"""The store that fails when it is told to."""

import asyncio
from inspect import iscoroutinefunction

import pytest
from blockloom import Event, MemoryStore, Store, StoreFailed
from blockloom.testing import FaultStore
from blockloom.testing.storesamples import a_journal, a_run


async def story(store: Store) -> list[Event]:
    """Keep a run and read it back, each call made again where it fails."""
    for call in (
        lambda: store.create_run(a_run("r", key="k")),
        lambda: store.append("r", a_journal(3)),
        lambda: store.append("r", a_journal(5)[3:]),
    ):
        while True:
            try:
                await call()
                break
            except StoreFailed:
                continue
    return await store.events("r")


@pytest.mark.parametrize("late", [False, True])
def test_each_call_fails_once(late: bool) -> None:
    for failing in (1, 2, 3):
        store = FaultStore(MemoryStore(), {failing}, late)
        assert asyncio.run(story(store)) == a_journal(5)
        assert len(store.calls) == 5
        assert store.calls[failing - 1] == store.calls[failing]


def test_it_may_fail_for_a_while() -> None:
    store = FaultStore(MemoryStore(), range(2, 100))
    assert asyncio.run(story(store)) == a_journal(5)
    assert store.calls.count("append") == 100


@pytest.mark.parametrize(("late", "kept"), [(False, None), (True, 1)])
def test_a_late_fault_comes_after_the_effect(late: bool, kept: int | None) -> None:
    async def go() -> object:
        store = FaultStore(MemoryStore(), {1}, late)
        with pytest.raises(StoreFailed, match="memory"):
            await store.put("s", "x", 1)
        return await store.get("s", "x")

    assert asyncio.run(go()) == kept


def test_it_passes_on_every_call_of_a_store() -> None:
    calls = {name for name, made in vars(Store).items() if iscoroutinefunction(made)}
    store: Store = FaultStore(MemoryStore())
    assert isinstance(store, Store)
    assert {name for name, made in vars(FaultStore).items() if iscoroutinefunction(made)} - {"_call"} == calls
