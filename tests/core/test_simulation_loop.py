"""The simulated event loop: its time, its order, and what it refuses."""

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator

import pytest
from blockloom.testing import EPOCH, Deadlock, NotSimulated, SimLoop, simulate, virtual_clock


async def three_clocks() -> list[tuple[int, float]]:
    """Three tasks that each wait three times, their waits ending at the same moments."""
    seen: list[tuple[int, float]] = []

    async def tick(number: int) -> None:
        for _ in range(3):
            await asyncio.sleep(3600)
            seen.append((number, asyncio.get_running_loop().time()))

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(tick(number))
    return seen


def test_waiting_costs_nothing_and_time_jumps_to_the_next_timer() -> None:
    began = time.perf_counter()
    seen = simulate(three_clocks)
    assert [moment for _, moment in seen] == [3600.0] * 3 + [7200.0] * 3 + [10800.0] * 3
    assert time.perf_counter() - began < 1


def test_time_stands_still_while_something_is_ready() -> None:
    async def main() -> float:
        for _ in range(1000):
            await asyncio.sleep(0)
        return asyncio.get_running_loop().time()

    assert simulate(main) == 0.0


def test_the_same_seed_gives_the_same_trace_and_others_give_other_ones() -> None:
    traces = [tuple(simulate(three_clocks, seed)) for seed in range(20)]
    assert traces == [tuple(simulate(three_clocks, seed)) for seed in range(20)]
    assert len(set(traces)) > 10


def test_every_order_of_what_is_ready_comes_up() -> None:
    async def main() -> str:
        seen: list[str] = []
        for name in "abc":
            asyncio.get_running_loop().call_soon(seen.append, name)
        await asyncio.sleep(1)
        return "".join(seen)

    assert {simulate(main, seed) for seed in range(100)} == {"abc", "acb", "bac", "bca", "cab", "cba"}


def test_timeouts_fire_at_their_moment() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.5):
                await asyncio.sleep(1000)
        return asyncio.get_running_loop().time()

    assert simulate(main) == 2.5


def test_call_later_goes_by_time_and_canceled_timers_do_not_count() -> None:
    async def main() -> tuple[list[str], float]:
        loop = asyncio.get_running_loop()
        seen: list[str] = []
        loop.call_later(2, seen.append, "late")
        loop.call_later(1, seen.append, "early")
        loop.call_later(1.5, seen.append, "never").cancel()
        await asyncio.sleep(3)
        return seen, loop.time()

    assert simulate(main) == (["early", "late"], 3.0)


def test_a_deadlock_names_what_waits() -> None:
    async def wait_for_nobody() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        await asyncio.create_task(wait_for_nobody())

    with pytest.raises(Deadlock, match="wait_for_nobody") as caught:
        simulate(main)
    assert len(caught.value.waiting) == 2
    assert any(f"{__file__}:" in line for line in caught.value.waiting)


def test_threads_are_refused_by_name() -> None:
    async def main() -> None:
        await asyncio.to_thread(time.sleep, 1)

    with pytest.raises(NotSimulated, match="no threads, and sleep asks for one"):
        simulate(main)
    assert threading.active_count() == 1


def test_chance_is_seeded_and_given_back() -> None:
    async def main() -> float:
        return random.random()

    random.seed(7)
    before = random.getstate()
    assert simulate(main, 1) == simulate(main, 1) != simulate(main, 2)
    assert random.getstate() == before


def test_the_virtual_clock_begins_at_the_epoch_and_is_the_real_one_elsewhere() -> None:
    async def main() -> tuple[float, float]:
        before = virtual_clock()
        await asyncio.sleep(60)
        return before, virtual_clock()

    async def real() -> float:
        return virtual_clock()

    assert simulate(main) == (EPOCH, EPOCH + 60)
    assert abs(asyncio.run(real()) - time.time()) < 5


def test_errors_and_results_come_through_and_nothing_is_left() -> None:
    async def main() -> int:
        raise KeyError("gone")

    async def leave_one_behind() -> asyncio.Task[None]:
        task = asyncio.create_task(asyncio.sleep(10))
        await asyncio.sleep(1)
        return task

    with pytest.raises(KeyError, match="gone"):
        simulate(main)
    assert simulate(leave_one_behind).cancelled()


def test_abandoned_async_generators_are_closed() -> None:
    closed: list[bool] = []

    async def count() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    async def main() -> None:
        async for _ in count():
            break

    simulate(main)
    assert closed == [True]


def test_the_loop_can_be_used_by_hand() -> None:
    with asyncio.Runner(loop_factory=lambda: SimLoop(3)) as runner:
        assert runner.run(asyncio.sleep(5, "done")) == "done"
        assert runner.get_loop().time() == 5.0
