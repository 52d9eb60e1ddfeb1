"""Code blocks: a condition in place, a warm process, many at once, a row of them, and the loop under attack."""

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from inspect import isawaitable
from typing import Any, Final

from blockloom import BlockContext, BlockType, TaskFailed
from engines import make_engine

SENTENCES: Final = {
    "in_place": "code block, one expression, computed in place, µs",
    "own_process": "code block in its own process, warm, µs",
    "own_process_p99": "the same, 99th percentile, µs",
    "in_a_row": "code block in a row of ten that share one, µs",
    "a_second_a_core": "code blocks a second a core, all at once",
    "lag_under_attack": "the loop's longest wait under four attacks, ms",
}
CORES: Final = len(os.sched_getaffinity(0))
ROW: Final = 10

ATTACKS: Final = (
    "while True: pass",
    "x = []\nwhile True:\n    x.append('a' * 1_000_000)",
    "while True:\n    print('x' * 100)",
    "import re\nre.match('(a+)+$', 'a' * 40 + 'b')",
)


async def code_blocks(repeat: int) -> dict[str, float]:
    """Every figure, by its name; `repeat` is how often each is measured."""
    async with make_engine() as engine:
        type = engine.registry.block("code")
        cheap = context(type, "value * 2 > limit")
        full = context(type, "sum(n for n in range(value))")
        in_place = await timed(lambda: evaluate(type, cheap), repeat)
        alone = await timed(lambda: evaluate(type, full), repeat)
        row = [replace(full, id=f"b{n}") for n in range(ROW)]
        in_a_row = await timed(lambda: type.evaluate_row(row), repeat)
        return {
            "in_place": statistics.median(in_place) * 1e6,
            "own_process": statistics.median(alone) * 1e6,
            "own_process_p99": sorted(alone)[int(len(alone) * 0.99)] * 1e6,
            "in_a_row": statistics.median(in_a_row) / ROW * 1e6,
            "a_second_a_core": await rate(type, full, repeat),
            "lag_under_attack": await lag(type) * 1e3,
        }


def context(type: BlockType, source: str, **limits: Any) -> BlockContext:
    """What a block with this source is evaluated with."""
    content = type.Content.model_validate({"source": source, "limits": limits or None})
    return BlockContext(content=content, names={"value": 20, "limit": 3})


async def evaluate(type: BlockType, block: BlockContext) -> Any:
    """The value, as a task gets it."""
    value = type.evaluate(block)
    return await value if isawaitable(value) else value


async def timed(work: Callable[[], Awaitable[Any]], repeat: int) -> list[float]:
    """Seconds of each time, once it is warm."""
    times = []
    for _ in range(repeat + 20):
        began = time.perf_counter()
        await work()
        times.append(time.perf_counter() - began)
    return times[20:]


async def rate(type: BlockType, block: BlockContext, repeat: int) -> float:
    """How many a second each core does, of many that are all asked for at once."""
    many = repeat * 4
    began = time.perf_counter()
    await asyncio.gather(*(evaluate(type, block) for _ in range(many)))
    return many / (time.perf_counter() - began) / CORES


async def lag(type: BlockType) -> float:
    """Seconds of the longest wait of a coroutine that sleeps a millisecond, while every core is attacked."""
    blocks = [context(type, source, time=1) for source in ATTACKS]
    attacks = asyncio.gather(*(evaluate(type, block) for block in blocks), return_exceptions=True)
    worst = 0.0
    while not attacks.done():
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        worst = max(worst, time.perf_counter() - began - 0.001)
    assert all(isinstance(error, TaskFailed) for error in await attacks)
    return worst
