"""The outbox: bounded, fair, in order."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from blockloom_server.outbox import Item, Lane, Outbox


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_full_lane_makes_others_wait_in_turn() -> None:
    async def go() -> list[str]:
        lane = Lane(most=2)
        taken: list[str] = []

        async def put(text: str) -> None:
            await lane.room()
            lane.append(Item(text.encode()))

        tasks = [asyncio.create_task(put(str(number))) for number in range(7)]
        await settle()
        assert len(lane) == 2
        assert len(lane.waiting) == 5
        while len(taken) < 7:
            taken.append(lane.take().text.decode())
            await settle()
            assert len(lane) <= 2
        await asyncio.gather(*tasks)
        return taken

    assert run(go()) == list("0123456")


def test_bytes_count_too() -> None:
    async def go() -> tuple[bool, bool, bool]:
        lane = Lane(most=100, most_bytes=10)
        lane.append(Item(b"12345"))
        half = lane.crowded
        lane.append(Item(b"123456"))
        full = lane.full
        lane.take()
        return half, full, lane.full

    assert run(go()) == (True, True, False)


def test_one_who_gives_up_waiting_takes_nobodys_place() -> None:
    async def go() -> list[str]:
        lane = Lane(most=1)
        lane.append(Item(b"first"))
        done: list[str] = []

        async def put(text: str) -> None:
            await lane.room()
            lane.append(Item(text.encode()))
            done.append(text)

        waiting = [asyncio.create_task(put(name)) for name in ("a", "b", "c", "d")]
        await settle()
        waiting[0].cancel()
        await settle()
        lane.take()
        # Given the place, and canceled before it could take it.
        waiting[1].cancel()
        await settle()
        lane.take()
        await settle()
        for task in waiting:
            task.cancel()
        return done

    assert run(go()) == ["c", "d"]


def test_what_is_for_one_subscription_can_be_dropped() -> None:
    async def go() -> list[str]:
        outbox = Outbox()
        for number in range(4):
            await outbox.event(b"", str(number).encode(), "even" if number % 2 == 0 else "odd")
        outbox.events.drop("even")
        return [(await outbox.take()).text.decode() for _ in range(2)]

    assert run(go()) == ["1", "3"]


def test_answers_and_events_take_turns() -> None:
    async def go() -> str:
        outbox = Outbox()
        for _ in range(4):
            await outbox.event(b"", b"e", "s")
        for _ in range(4):
            await outbox.answer(b"a")
        for _ in range(2):
            await outbox.event(b"", b"e", "s")
        return "".join([(await outbox.take()).text.decode() for _ in range(10)])

    assert run(go()) == "aeaeaeaeee"


def test_what_may_be_dropped_is_dropped_first() -> None:
    async def go() -> tuple[int, int]:
        outbox = Outbox()
        for _ in range(1000):
            if outbox.keeps_up:
                outbox.put(b"", b"progress", "s")
        offered = len(outbox)
        recorded = [asyncio.create_task(outbox.event(b"reco", b"rded", "s")) for _ in range(1000)]
        await settle()
        bounded = len(outbox)
        texts: list[str] = []
        while len(texts) < offered + 1000:
            texts.append((await outbox.take()).text.decode())
        await asyncio.gather(*recorded)
        assert texts.count("recorded") == 1000
        assert outbox.dropped == 1000 - offered
        return offered, bounded

    assert run(go()) == (128, 256)


def test_taking_waits_for_something_to_come() -> None:
    async def go() -> str:
        outbox = Outbox()
        taking = asyncio.create_task(outbox.take())
        await settle()
        assert not taking.done()
        await outbox.answer(b"here")
        return (await taking).text.decode()

    assert run(go()) == "here"
