"""When results reach the store, and what of a run is done again by another engine, by its settings."""

import asyncio
from collections.abc import Sequence

import pytest
from blockloom import Engine, Event, MemoryStore, TaskContext, TaskType
from blockloom.testing import engine_with, simulate
from lives import Lives, ended, graph, started


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_when_results_reach_the_store(durability: str) -> None:
    class Watched(MemoryStore):
        """A store that takes a while."""

        async def append(self, run: str, events: Sequence[Event]) -> None:
            await asyncio.sleep(0.01)
            await super().append(run, events)

    store = Watched()
    seen: list[list[str]] = []

    class Look(TaskType):
        """Notes which tasks have completed, as the store knows."""

        name = "t.look"

        async def run(self, task: TaskContext) -> None:
            (run,) = await store.runs()
            seen.append([str(e.task) for e in await store.events(run.id) if e.type == "task.completed"])

    async def main() -> None:
        async with engine_with(Look, store=store) as engine:
            tasks = [{"id": id, "type": "t.look"} for id in "abc"]
            run = await engine.start(graph(*tasks, lines="a -> b; b -> c"), durability=durability)
            await run.wait()
            assert await store.events(run.id) == list(run.events)

    simulate(main)
    wanted = {"sync": [[], ["a"], ["a", "b"]], "async": [[], [], []], "exit": [[], [], []]}
    assert seen == wanted[durability]


CHAIN = graph(*({"id": id, "type": "t.note"} for id in "abc"), lines="a -> b; b -> c")


@pytest.mark.parametrize(
    ("durability", "again"), [("sync", ["b", "c"]), ("async", ["b", "c"]), ("exit", ["a", "b", "c"])]
)
def test_what_a_kill_costs(durability: str, again: list[str]) -> None:
    async def main() -> None:
        lives = Lives()

        async def until_b(engine: Engine) -> str:
            run = await engine.start(CHAIN, durability=durability)
            await asyncio.sleep(1.5)
            return run.id

        run_id = await lives.live(until_b, flush=False)
        assert [id for id, _, _ in lives.done] == ["a", "b"]
        lives.done.clear()
        run = await lives.live(lambda engine: ended(engine, run_id))
        assert (run.state, [id for id, _, _ in lives.done]) == ("COMPLETED", again)
        assert {key for _, _, key in lives.done} == {f"{run_id}:{id}" for id in again}

    simulate(main)


def test_a_rerun_that_is_cut_off_uses_again_what_it_was_to_use() -> None:
    async def main() -> None:
        lives = Lives()
        old = await lives.live(lambda engine: started(engine, CHAIN))
        await lives.live(lambda engine: ended(engine, old))
        lives.done.clear()

        async def rerun(engine: Engine) -> str:
            run = await engine.rerun(old, "b")
            await asyncio.sleep(0.5)
            return run.id

        new = await lives.live(rerun)
        assert [id for id, _, _ in lives.done] == ["b"]
        run = await lives.live(lambda engine: ended(engine, new))
        assert run.state == "COMPLETED"
        assert [(id, key) for id, _, key in lives.done] == [(id, f"{new}:{id}") for id in "bbc"]

    simulate(main)
