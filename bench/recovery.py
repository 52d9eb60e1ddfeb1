"""How long it takes to carry on the runs that were open when a process ended."""

import statistics
import tempfile
import time
from typing import Any, Final

from blockloom import Engine
from blockloom.stores import open_store
from engines import make_plugins

RECOVERY_SENTENCES: Final = {"carried_on": "1,000 open runs carried on at start, ms"}

WAITING: Final[dict[str, Any]] = {
    "blockloom": 1,
    "tasks": [
        {"id": "start", "type": "start"},
        {"id": "first", "type": "merge"},
        {"id": "wait", "type": "wait", "config": {"trigger": {"type": "event", "config": {"name": "go"}}}},
        {"id": "end", "type": "end"},
    ],
    "connections": [
        {"from": "start", "to": "first"},
        {"from": "first.result", "to": "wait"},
        {"from": "wait.payload", "to": "end.payload"},
    ],
}


async def carried_on(repeat: int, runs: int = 1_000) -> dict[str, float]:
    """Milliseconds until so many runs, kept in a file, are carried on."""
    return {"carried_on": statistics.median([await _once(runs) * 1e3 for _ in range(repeat)])}


async def _once(runs: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        plugins = make_plugins()
        url = f"sqlite:///{folder}/bench.db"
        async with Engine(plugins, open_store(url, plugins.registry)) as engine:
            for _ in range(runs):
                await engine.start(WAITING)
        async with Engine(plugins, open_store(url, plugins.registry)) as engine:
            began = time.perf_counter()
            found = await engine.recover()
            seconds = time.perf_counter() - began
            assert len(found) == runs
    return seconds
