"""Those who watch a run: followers see every event once and in order, observers are told and cut off if they raise."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest
from blockloom import Event, MemoryStore, RunView, Store, TaskContext, TaskType
from blockloom.events import FLEETING
from blockloom.testing import engine_with, simulate
from drawn_graphs import drawn
from random_graphs import random_case
from scripted_types import Witness, scripted


class SlowStore(MemoryStore):
    """A store in memory that takes a second to write."""

    async def append(self, run: str, events: Sequence[Event]) -> None:
        """See Store."""
        await asyncio.sleep(1)
        await super().append(run, events)


class Chatty(TaskType):
    """Tells of its progress ten times, waiting a second after each."""

    name = "sim.chatty"

    async def run(self, task: TaskContext) -> Any:
        """Nothing."""
        for number in range(10):
            task.progress(number / 10, f"{task.id} {number}")
            task.emit({"piece": [number]})
            await asyncio.sleep(1)


async def gather(run: RunView, after: int = 0, late: float = 0.0, slow: float = 0.0) -> list[Event]:
    """All that a follower sees who comes `late` and takes its time with each batch."""
    if late:
        await asyncio.sleep(late)
    seen: list[Event] = []
    async for batch in run.follow(after):
        assert batch, "an empty batch"
        seen += batch
        await asyncio.sleep(slow)
    return seen


def recorded(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if event.type not in FLEETING]


@pytest.mark.parametrize("store", [None, MemoryStore, SlowStore])
def test_a_follower_who_joins_at_any_time_sees_every_event_exactly_once(store: type[MemoryStore] | None) -> None:
    """Early, late, after the end, from the beginning or beyond some event, fast or slow."""

    async def main(seed: int) -> None:
        case = random_case(seed)
        async with engine_with(*scripted(Witness()), store=store() if store else None) as engine:
            run = await engine.start(case.document, case.inputs, max_concurrency=case.max_concurrency)
            ways = [(0, 0.0, 0.0), (0, 3.0, 0.5), (0, 7.3, 0.0), (0, 0.0, 20.0), (1, 0.0, 0.0), (0, 5000.0, 0.0)]
            async with asyncio.TaskGroup() as group:
                watching = [(way[0], group.create_task(gather(run, *way))) for way in ways]
            await run.wait()
            for after, watch in watching:
                assert watch.result() == list(run.events[after:]), f"seed {seed}, after {after}"
            assert await gather(run, len(run.events)) == []

    for seed in range(60):
        simulate(lambda s=seed: main(s), seed)  # type: ignore[misc]


def test_followers_are_told_only_what_the_store_has_recorded() -> None:
    store = SlowStore()

    async def main() -> None:
        async with engine_with(*scripted(Witness()), store=store) as engine:
            graph = drawn("a -> b; b -> c", a={"lasts": 5}, b={"lasts": 0.3}, c={"lasts": 5})
            run = await engine.start(graph)
            async for batch in run.follow():
                kept = await store.events(run.id)
                assert kept[-1].seq >= batch[-1].seq
                assert kept == list(run.events)[: len(kept)]
            await run.wait()
            assert await store.events(run.id) == list(run.events)

    simulate(main)


def test_a_pause_does_not_write_twice_what_is_being_written() -> None:
    """The journal is recorded once, though a pause asks for it to be written while it is being written."""
    for seed in range(10):
        store = SlowStore()

        async def main(store: Store = store) -> tuple[list[Event], list[Event]]:
            async with engine_with(*scripted(Witness()), store=store) as engine:
                run = await engine.start(drawn("a -> b; b -> c", a={"lasts": 5}, b={"lasts": 5}, c={"lasts": 5}))
                await asyncio.sleep(5.5)
                await run.pause()
                await run.resume()
                await run.wait()
                return await store.events(run.id), list(run.events)

        kept, told = simulate(main, seed)
        assert [event.seq for event in kept] == list(range(1, len(told) + 1))


def test_fleeting_events_come_in_order_between_what_was_recorded_before_and_after() -> None:
    async def main() -> tuple[list[Event], Sequence[Event]]:
        async with engine_with(*scripted(Witness()), Chatty) as engine:
            graph = drawn("a -> b; c -> d", a={"type": "sim.chatty"}, b={"type": "sim.chatty"}, c={"lasts": 4.5})
            run = await engine.start(graph)
            return await gather(run), run.events

    for seed in range(10):
        seen, events = simulate(main, seed)
        assert recorded(seen) == list(events)
        for task in "ab":
            own = [event for event in seen if event.task == task]
            kinds = ["task.ready", "task.started", *["task.progress", "task.output"] * 10, "task.completed"]
            assert [event.type for event in own] == kinds
            told = [event.data["message"] for event in own if event.type == "task.progress"]
            assert told == [f"{task} {number}" for number in range(10)]
        assert [event.time for event in seen] == sorted(event.time for event in seen)
        assert {event.seq for event in seen if event.type in FLEETING} == {0}


def test_fleeting_events_are_not_recorded_and_not_told_to_those_who_come_later() -> None:
    store = MemoryStore()

    async def main() -> tuple[list[Event], list[Event]]:
        async with engine_with(Chatty, store=store) as engine:
            run = await engine.start(drawn("a -> b", a={"type": "sim.chatty"}, b={"type": "sim.chatty"}))
            late = await gather(run, late=10.5)
            return late, await store.events(run.id)

    late, kept = simulate(main)
    assert recorded(kept) == kept == recorded(late)
    assert {event.task for event in late if event.type in FLEETING} == {"b"}


def test_a_follower_who_leaves_early_disturbs_nobody() -> None:
    async def first(run: RunView) -> Event:
        async for batch in run.follow():
            return batch[0]
        raise AssertionError("no event")

    async def main() -> None:
        async with engine_with(*scripted(Witness())) as engine:
            run = await engine.start(drawn("a -> b", a={"lasts": 5}))
            other = asyncio.create_task(gather(run))
            assert (await first(run)).type == "run.started"
            canceled = asyncio.create_task(gather(run))
            await asyncio.sleep(1)
            canceled.cancel()
            assert await other == list(run.events)

    simulate(main)


def test_a_past_run_is_followed_like_one_that_goes_on() -> None:
    store = MemoryStore()

    async def main() -> None:
        async with engine_with(*scripted(Witness()), store=store) as engine:
            run = await (await engine.start(drawn("a -> b"))).wait()
        async with engine_with(*scripted(Witness()), store=store) as engine:
            past = await engine.run(run.id)
            for after in range(len(run.events) + 1):
                assert await gather(past, after) == await gather(run, after) == list(run.events)[after:]

    simulate(main)


# Observers


def test_an_observer_is_told_of_every_recorded_event_of_every_run() -> None:
    seen: list[tuple[str, Event]] = []

    async def main() -> list[tuple[str, Event]]:
        observer = lambda run, event: seen.append((run, event))  # noqa: E731
        async with engine_with(*scripted(Witness()), Chatty, observers=[observer]) as engine:
            runs = [await engine.start(drawn("a -> b", a={"type": "sim.chatty"})) for _ in range(2)]
            for run in runs:
                await run.wait()
            return [(run.id, event) for run in runs for event in run.events]

    wanted = simulate(main)
    assert sorted(seen, key=lambda s: (s[0], s[1].seq)) == sorted(wanted, key=lambda s: (s[0], s[1].seq))


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit("no")])
def test_an_observer_that_raises_is_named_and_cut_off_and_the_run_goes_on(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []
    seen: list[int] = []

    def rude(run: str, event: Event) -> None:
        calls.append(event.seq)
        raise error

    async def main() -> RunView:
        observers = [rude, lambda run, event: seen.append(event.seq)]
        async with engine_with(*scripted(Witness()), observers=observers) as engine:
            run = await engine.start(drawn("a -> b; b -> c; c -> d; d -> e", a={"lasts": 1}))
            return await run.wait()

    caplog.set_level(logging.CRITICAL, "blockloom")
    run = simulate(main)
    assert run.state == "COMPLETED"
    assert seen == [event.seq for event in run.events]
    assert 1 <= len(calls) <= 10 < len(run.events)
