"""Cached results outlive the process where the store does."""

import asyncio
from collections.abc import Mapping
from typing import Any

import blockloom
import pytest
from blockloom import Engine, MemoryStore, Ports, Store, StoreFailed, TaskContext, TaskType
from blockloom.cache import BY_AGE, RESULTS, forget_results
from blockloom.home import home
from blockloom.homestores import HomeStores
from blockloom.plugins import installed
from blockloom.testing import FaultStore, registry_with

NOW = 1_800_000_000.0


class Count(TaskType):
    """Says the how manieth of its kind it is."""

    name = "test.count"
    times = 0

    class Inputs(Ports):
        value: Any = None

    class Outputs(Ports):
        n: int
        value: Any

    def run(self, task: TaskContext) -> Mapping[str, Any]:
        Count.times += 1
        return {"n": Count.times, "value": task.values["value"]}


class Slow(Count):
    """The same, awaited."""

    name = "test.slow"

    async def run(self, task: TaskContext) -> Mapping[str, Any]:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().run(task)


def opened() -> Store:
    return HomeStores(installed().registry).open()


async def count(
    store: Store | None, value: Any = 1, cache: Any = True, type: str = "test.count", now: float = NOW
) -> int:
    """Run the task in an engine of its own, and give its number."""
    async with Engine(registry_with(Count, Slow), store, clock=lambda: now) as engine:
        graph = {"blockloom": 1, "tasks": [{"id": "a", "type": type, "inputs": {"value": value}, "cache": cache}]}
        run = await (await engine.start(graph)).wait()
        assert run.state == "COMPLETED", run.error
        outputs = run.tasks["a"].outputs or {}
        assert outputs["value"] == value
        n: int = outputs["n"]
        return n


@pytest.fixture(autouse=True)
def _from_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Count, "times", 0)


@pytest.mark.parametrize("type", ["test.count", "test.slow"])
def test_equal_work_is_done_once_however_often_the_process_begins(type: str) -> None:
    value = {"漢": [1, 2.5, None, "x" * 100_000]}
    numbers = [asyncio.run(count(opened(), value, type=type)) for _ in range(3)]
    assert numbers == [1, 1, 1]
    assert asyncio.run(count(opened(), 2, type=type)) == 2
    assert asyncio.run(count(opened(), value, cache=None, type=type)) == 3
    other = "test.slow" if type == "test.count" else "test.count"
    assert asyncio.run(count(opened(), value, type=other)) == 4


class Marked(Count):
    """The same, with settings and blocks."""

    name = "test.marked"

    class Config(blockloom.Config):
        mark: str = ""


class MarkedAnew(Marked):
    """Its next version."""

    version = 2


def test_another_version_other_settings_and_other_blocks_are_other_work() -> None:
    text = [{"id": "t", "type": "text", "content": {"text": "a"}}]

    async def once(type: type[TaskType], **task: Any) -> int:
        async with Engine(registry_with(type), opened()) as engine:
            graph = {"blockloom": 1, "tasks": [{"id": "a", "type": "test.marked", "cache": True, **task}]}
            run = await (await engine.start(graph)).wait()
            n: int = (run.tasks["a"].outputs or {})["n"]
            return n

    work: list[tuple[type[TaskType], dict[str, Any]]] = [
        (Marked, {}),
        (MarkedAnew, {}),
        (Marked, {"config": {"mark": "!"}}),
        (Marked, {"blocks": text}),
        (Marked, {"blocks": [{**text[0], "content": {"text": "b"}}]}),
    ]
    for _ in range(2):
        assert [asyncio.run(once(type, **task)) for type, task in work] == [1, 2, 3, 4, 5]


def test_a_result_is_young_for_so_long() -> None:
    ttl = {"ttl": "10s"}
    numbers = [asyncio.run(count(opened(), cache=ttl, now=NOW + later)) for later in (0, 9, 11, 20, 22)]
    assert numbers == [1, 1, 2, 2, 3]


def test_a_store_that_does_not_last_is_not_asked() -> None:
    store = FaultStore(MemoryStore())
    assert asyncio.run(count(store)) == 1
    assert not {"get", "put"} & set(store.calls)


class Forgetful(FaultStore):
    """A store that keeps no results."""

    async def _call(self, name: str, *args: Any, **named: Any) -> Any:
        if name in ("get", "put") and args[0] in (RESULTS, BY_AGE):
            raise StoreFailed("test", "told to")
        return await super()._call(name, *args, **named)


def test_a_store_that_fails_costs_only_the_work() -> None:
    assert [asyncio.run(count(Forgetful(opened()))) for _ in range(2)] == [1, 2]


def test_a_secret_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-" + "a1B2" * 12
    assert asyncio.run(count(opened(), "harmless")) == 1

    async def look() -> list[Any]:
        store = opened()
        kept = await store.items(RESULTS)
        await store.close()
        return kept

    before = asyncio.run(look())
    monkeypatch.setattr(Slow, "run", _leak(key))

    async def leak() -> None:
        async with Engine(registry_with(Count, Slow), opened()) as engine:
            graph = {"blockloom": 1, "tasks": [{"id": "a", "type": "test.slow", "cache": True}]}
            await (await engine.start(graph)).wait()

    asyncio.run(leak())
    assert len(before) == 1
    assert asyncio.run(look()) == before
    assert not [path for path in home().iterdir() if key.encode() in path.read_bytes()]


def _leak(key: str) -> Any:
    async def run(self: Any, task: TaskContext) -> Mapping[str, Any]:
        return {"n": 0, "value": key}

    return run


def test_old_results_are_forgotten() -> None:
    async def go() -> list[Any]:
        store = opened()
        async with Engine(registry_with(Count), store, clock=lambda: NOW, owns_store=False) as engine:
            tasks = [{"id": f"a{n}", "type": "test.count", "inputs": {"value": n}, "cache": True} for n in range(600)]
            await (await engine.start({"blockloom": 1, "tasks": tasks})).wait()
        async with Engine(registry_with(Count), store, clock=lambda: NOW + 100, owns_store=False) as engine:
            tasks = [{**tasks[0], "cache": {"ttl": 1}}, {**tasks[1], "inputs": {"value": "new"}}]
            await (await engine.start({"blockloom": 1, "tasks": tasks})).wait()
        told = [await forget_results(store, NOW + 50), len(await store.items(RESULTS)), len(await store.items(BY_AGE))]
        await store.close()
        return told

    assert asyncio.run(go()) == [599, 2, 2]
