"""Starting runs: keys, inputs, what is kept, and what is read back."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from blockloom import Event, InvalidGraph, InvalidInputs, MemoryStore, NotFound, RunState, RunView, Store, StoreFailed
from blockloom.live import LiveRun
from blockloom.store import StoredRun
from blockloom.testing import FaultStore, engine_with, simulate
from drawn_graphs import drawn
from scripted_types import Witness, scripted

SLOW = drawn("a.out -> end.x", a={"lasts": 10})


class SlowStore(MemoryStore):
    """A store in memory that takes a while to answer when a run is kept."""

    async def create_run(self, run: StoredRun) -> StoredRun:
        """See Store."""
        kept = await super().create_run(run)
        await asyncio.sleep(0.5)
        return kept


def started(store: Store | None, times: int, *, at_once: bool, key: str | None = "mine") -> list[RunView]:
    """The finished runs of several starts with one key."""

    async def main() -> list[RunView]:
        async with engine_with(*scripted(Witness()), store=store) as engine:
            starts = [engine.start(SLOW, key=key) for _ in range(times)]
            runs = await asyncio.gather(*starts) if at_once else [await start for start in starts]
            return [await run.wait() for run in runs]

    return simulate(main)


@pytest.mark.parametrize("at_once", [False, True])
def test_the_same_key_again_is_the_same_run(at_once: bool) -> None:
    store = MemoryStore()
    runs = started(store, 3, at_once=at_once)
    assert len({run.id for run in runs}) == 1
    assert {run.state for run in runs} == {RunState.COMPLETED}
    assert len(asyncio.run(store.runs())) == 1


def test_other_keys_and_no_key_are_other_runs() -> None:
    assert len({run.id for run in started(MemoryStore(), 3, at_once=False, key=None)}) == 3


def test_the_same_key_while_the_first_start_is_still_being_kept_is_the_same_living_run() -> None:
    for seed in range(5):
        runs = started(SlowStore(), 3, at_once=True)
        assert len({run.id for run in runs}) == 1
        assert {run.state for run in runs} == {RunState.COMPLETED}, f"seed {seed}"


def test_the_same_key_is_the_same_run_without_a_store_too() -> None:
    assert len({run.id for run in started(None, 2, at_once=False)}) == 1


def test_the_same_key_after_a_restart_is_the_run_of_before() -> None:
    store = MemoryStore()

    async def main() -> str:
        engine = engine_with(*scripted(Witness()), store=store)
        return (await (await engine.start(SLOW, key="mine")).wait()).id

    assert simulate(main) == simulate(main)
    assert len(asyncio.run(store.runs())) == 1


def test_a_run_is_kept_before_start_answers() -> None:
    store = MemoryStore()

    async def main() -> None:
        async with engine_with(*scripted(Witness()), store=store) as engine:
            run = await engine.start(SLOW)
            kept = await store.get_run(run.id)
            assert kept.graph["tasks"] == SLOW["tasks"]
            assert await engine.run(run.id) is run

    simulate(main)


def test_a_finished_run_is_read_back_as_it_was() -> None:
    store = MemoryStore()

    async def main() -> tuple[RunView, RunView]:
        async with engine_with(*scripted(Witness()), store=store) as engine:
            run = await (await engine.start(SLOW)).wait()
        async with engine_with(*scripted(Witness()), store=store) as engine:
            return run, await engine.run(run.id)

    live, past = simulate(main)
    assert past.to_json() == live.to_json()
    assert list(past.events) == list(live.events)
    assert asyncio.run(store.get_run(past.id)).state == RunState.COMPLETED
    assert not isinstance(past, LiveRun)


def test_an_unknown_run_is_not_found() -> None:
    async def main(store: Store | None) -> None:
        async with engine_with(store=store) as engine:
            with pytest.raises(NotFound):
                await engine.run("r-none")

    simulate(lambda: main(None))
    simulate(lambda: main(MemoryStore()))


@pytest.mark.parametrize(
    ("declared", "inputs"),
    [({"x": {}}, {}), ({"x": {}}, {"x": 1, "z": 2}), ({"x": {"type": "number"}}, {"x": "1"}), ({"x": {}}, {"x": {1}})],
)
def test_wrong_inputs_are_refused_before_the_run_exists(declared: dict[str, Any], inputs: dict[str, Any]) -> None:
    store = MemoryStore()

    async def main() -> None:
        async with engine_with(*scripted(Witness()), store=store) as engine:
            with pytest.raises(InvalidInputs):
                await engine.start({**drawn("start.x -> a.p"), "inputs": declared}, inputs)

    simulate(main)
    assert asyncio.run(store.runs()) == []


def test_a_wrong_graph_is_refused_before_the_run_exists() -> None:
    store = MemoryStore()

    async def main() -> None:
        async with engine_with(*scripted(Witness()), store=store) as engine:
            with pytest.raises(InvalidGraph) as caught:
                await engine.start(drawn("a -> b; b -> a; c.nothing -> d", c={"gives": []}))
            assert {problem.code for problem in caught.value.problems} == {"cycle", "unknown-port"}

    simulate(main)
    assert asyncio.run(store.runs()) == []


def test_an_input_named_error_does_not_break_the_run() -> None:
    """`error` may be the name of an input; nothing says that it may not."""

    async def main() -> RunView:
        async with engine_with(*scripted(Witness())) as engine:
            graph = {**drawn("start.error -> end.x"), "inputs": {"error": {}}}
            try:
                run = await engine.start(graph, {"error": 3})
            except InvalidGraph:
                pytest.skip("it is refused, which is fine")
            return await run.wait()

    assert simulate(main).state == RunState.COMPLETED


def test_many_runs_at_once_do_not_meet() -> None:
    async def main() -> list[RunView]:
        async with engine_with(*scripted(Witness())) as engine:
            runs = [
                await engine.start(drawn("start.x -> end.x; start -> a", a={"lasts": n % 7}), {"x": n})
                for n in range(60)
            ]
            return [await run.wait() for run in runs]

    runs = simulate(main)
    assert [run.outputs for run in runs] == [{"x": n} for n in range(60)]
    assert len({run.id for run in runs}) == 60


def test_then_is_called_once_when_the_run_is_over_and_recorded() -> None:
    seen: list[tuple[str, int]] = []

    async def main() -> None:
        async with engine_with(*scripted(Witness()), store=MemoryStore()) as engine:

            async def then() -> None:
                seen.append((run.state.value, run.seq))

            run = await engine.start(SLOW, then=then)
            await run.wait()
            assert seen == [("COMPLETED", len(run.events))]

    simulate(main)


class BrokenStore(MemoryStore):
    """A store whose write of this number fails, before it is done or after, and all that follow it."""

    def __init__(self, number: int, done: bool) -> None:
        super().__init__()
        self.left = number
        self.done = done

    async def append(self, run: str, events: Sequence[Event]) -> None:
        """See Store."""
        await asyncio.sleep(0.1)
        self.left -= 1
        if self.left == 0 and self.done:
            await super().append(run, events)
        if self.left <= 0:
            raise OSError("disk full")
        await super().append(run, events)


@pytest.mark.parametrize("done", [False, True])
def test_a_store_that_cannot_write_lets_nobody_wait_for_ever(done: bool) -> None:
    """Whoever waits or follows is told; what a follower has seen is recorded, and what is recorded is in order."""

    async def main(store: BrokenStore) -> bool:
        """Whether the store broke at all."""
        seen: list[Event] = []

        async def follow() -> None:
            async for batch in run.follow():
                seen.extend(batch)

        async with engine_with(*scripted(Witness()), store=store) as engine:
            ids = [f"t{i}" for i in range(5)]
            run = await engine.start(
                drawn("t0 -> t1; t1 -> t2; t2 -> t3; t3 -> t4", **{id: {"lasts": 1} for id in ids})
            )
            async with asyncio.timeout(1000):
                _, waited = await asyncio.gather(follow(), run.wait(), return_exceptions=True)
            kept = await store.events(run.id)
            assert seen == kept[: len(seen)]
            assert [event.seq for event in kept] == list(range(1, len(kept) + 1))
            if isinstance(waited, BaseException):
                assert isinstance(waited, OSError)
                return True
            assert kept[-1].type == "run.completed"
            return False

    broke = [simulate(lambda number=n: main(BrokenStore(number, done))) for n in range(1, 12)]  # type: ignore[misc]
    assert broke == sorted(broke, reverse=True)
    assert broke[0]
    assert not broke[-1]


def test_a_store_that_cannot_keep_a_run_starts_none() -> None:
    class Full(MemoryStore):
        """A store that keeps nothing."""

        async def create_run(self, run: StoredRun) -> StoredRun:
            """See Store."""
            raise OSError("disk full")

    witness = Witness()

    async def main() -> None:
        async with engine_with(*scripted(witness), store=Full()) as engine:
            for _ in range(2):
                with pytest.raises(OSError, match="disk full"):
                    await engine.start(SLOW, key="mine")
            await asyncio.sleep(10)

    simulate(main)
    assert witness.calls == []


def test_a_run_that_was_kept_and_nobody_was_told_so_begins_under_its_key_and_tells_its_end() -> None:
    store, over = FaultStore(MemoryStore(), failing={2}, late=True), asyncio.Event()

    async def then() -> None:
        over.set()

    async def main() -> None:
        async with engine_with(*scripted(Witness()), store=store) as engine:
            with pytest.raises(StoreFailed):
                await engine.start(SLOW, key="mine")
            assert store.calls[1] == "create_run"
            run = await engine.start(SLOW, key="mine", then=then)
            await over.wait()
            assert (await run.wait()).state == "COMPLETED"

    simulate(main, 1)
