"""After any stop nothing of a run is left: no asyncio task, no process, no thread, no file descriptor."""

import asyncio
import os
import random
import threading
from pathlib import Path
from typing import Any

from blockloom import Engine
from blockloom.testing import engine_with
from body_graphs import NAPS, Nap, body

LONG = "n = 0\nwhile True:\n    n += 1"
CODE = {"type": "blocks", "blocks": [{"id": "x", "type": "code", "content": {"source": LONG}}]}
QUICK = {"type": "blocks", "blocks": [{"id": "x", "type": "code", "content": {"source": "[i for i in range(9)]"}}]}
COUNT = body({"id": "nap", "type": "test.nap", "inputs": {"seconds": 0.001}}, inputs={"n": {}}, lines="start -> nap")
GRAPH: dict[str, Any] = {
    "blockloom": 1,
    "tasks": [
        {"id": "code", **CODE},
        {"id": "quick", **QUICK},
        {"id": "nap", "type": "test.nap", "inputs": {"seconds": 60}},
        {"id": "retried", "type": "test.nap", "inputs": {"seconds": -1}, "retry": {"attempts": 9, "delay": "1ms"}},
        {"id": "late", "type": "test.nap", "inputs": {"seconds": 60}, "timeout": "2ms"},
        {"id": "caught", "type": "merge"},
        {"id": "each", "type": "foreach", "config": {"body": NAPS}, "inputs": {"items": [60, 0.001, 60]}},
        {"id": "again", "type": "loop", "config": {"body": COUNT, "times": 999}, "inputs": {"n": 1}},
        {"id": "event", "type": "wait", "config": {"trigger": {"type": "event", "config": {"name": "never"}}}},
        {"id": "hour", "type": "wait", "config": {"trigger": {"type": "after", "config": {"delay": "1h"}}}},
    ],
    "connections": [{"from": "late.error", "to": "caught.a"}, {"from": "retried.error", "to": "caught.b"}],
}


def children() -> set[int]:
    """The processes that this one has started, and theirs."""
    found: set[int] = set()
    todo = [os.getpid()]
    while todo:
        for task in Path(f"/proc/{todo.pop()}/task").glob("*/children"):
            fresh = {int(pid) for pid in task.read_text().split()} - found
            found |= fresh
            todo += fresh
    return found


def held() -> tuple[int, int, int]:
    """File descriptors, threads and asyncio tasks of this process."""
    return len(os.listdir("/proc/self/fd")), threading.active_count(), len(asyncio.all_tasks())


async def stopped_runs(engine: Engine, moments: list[float]) -> None:
    """Run and stop the graph, each time after so many seconds."""
    for moment in moments:
        run = await engine.start(GRAPH)
        await asyncio.sleep(moment)
        await run.stop()
        assert run.state.value == "STOPPED"


def test_two_hundred_stops_leave_nothing() -> None:
    chance = random.Random(7)
    moments = [0.0] + [chance.uniform(0, 0.02) for _ in range(199)]

    async def main() -> None:
        before = children()
        async with engine_with(Nap) as engine:
            await stopped_runs(engine, [0.2] * 2)  # the processes for code are there from now on
            zygotes, holding = children(), held()
            await stopped_runs(engine, moments)
            assert held() == holding
            assert len(children()) <= len(zygotes)
        assert children() == before

    asyncio.run(main())


def test_closing_an_engine_in_the_middle_leaves_nothing() -> None:
    async def main() -> None:
        before, holding = children(), held()
        for moment in (0.0, 0.001, 0.05, 0.2):
            async with engine_with(Nap) as engine:
                await engine.start(GRAPH)
                await asyncio.sleep(moment)
        assert (children(), held()) == (before, holding)

    asyncio.run(main())
