"""The price of a store: a run that is kept beside one that is not, and beside the commits it cannot do without.

`async` runs a chain of tasks, kept in a file and kept nowhere, in turn. `sync` runs a chain whose every task waits for
its commit, beside a bare SQLite connection that makes the commits which that needs: one for each result and one for
the run, of as many bytes, one after the other.
"""

import gc
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from blockloom import Engine, Store
from blockloom.stores import open_store
from engines import make_plugins
from graphs import SHAPES, document

SYNC_TASKS: Final = 100


async def kept(tasks: int, repeat: int) -> dict[str, float]:
    """Microseconds a task, medians of runs in turn."""
    graph = document("chain", SHAPES["chain"](tasks))
    short = document("chain", SHAPES["chain"](SYNC_TASKS))
    nowhere, batched, sync, bare = [], [], [], []
    for _ in range(repeat):
        nowhere.append((await _run(graph, None))[0])
        batched.append((await _run(graph, "async"))[0])
        seconds, size = await _run(short, "sync")
        sync.append(seconds)
        bare.append(_commit(SYNC_TASKS + 1, size))
    a_task, a_sync = 1e6 / tasks, 1e6 / SYNC_TASKS
    return {
        "kept_nowhere": statistics.median(nowhere) * a_task,
        "kept_async": statistics.median(batched) * a_task,
        "kept_sync": statistics.median(sync) * a_sync,
        "bare_commits": statistics.median(bare) * a_sync,
    }


async def _run(graph: Mapping[str, Any], durability: str | None) -> tuple[float, int]:
    """Seconds from the start of a run until all of it is kept; and the bytes that were written for it."""
    gc.collect()
    with tempfile.TemporaryDirectory() as folder:
        plugins = make_plugins()
        store: Store | None = None
        if durability is not None:
            store = open_store(f"sqlite:///{folder}/bench.db", plugins.registry)
        async with Engine(plugins, store) as engine:
            view = await engine.start(graph, {}, durability=durability)
            began = time.perf_counter()
            await view.wait()
            seconds = time.perf_counter() - began
            assert view.state.value == "COMPLETED", view.error
        return seconds, _written(Path(folder)) if durability == "sync" else 0


def _written(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "bench.db")) as connection:
        size: int = connection.execute("SELECT sum(length(events)) FROM journal").fetchone()[0]
        return size


def _commit(times: int, size: int) -> float:
    """Seconds that a bare connection takes for so many commits, as safely, of so many bytes together."""
    text = "x" * (size // times)
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(f"{folder}/bare.db")) as connection:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE journal (n INTEGER PRIMARY KEY, events TEXT)")
        began = time.perf_counter()
        for _ in range(times):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO journal (events) VALUES (?)", (text,))
            connection.execute("COMMIT")
        return time.perf_counter() - began
