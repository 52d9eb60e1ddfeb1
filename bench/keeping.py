"""The price of a store: a run that is kept beside one that is not, and beside the commits it cannot do without.

`async` runs a chain of tasks, kept in a file and kept nowhere, in turn. `sync` runs a chain whose every task waits for
its commit. Each task of it also makes a commit of as many bytes on a bare SQLite connection, just as safely: so both
meet the same moments of the disk, and what the bare commits took is taken off the run. The bare connection lets its
file grow, as SQLite does by itself; the store makes room ahead, which is part of what it takes.
"""

import gc
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Final

from blockloom import Engine, TaskContext
from blockloom.stores import open_store
from engines import Step, make_plugins
from graphs import SHAPES, document

SYNC_TASKS: Final = 100

BYTES: Final = 350
"""What the events of one task come to in the file."""


async def kept(tasks: int, repeat: int) -> dict[str, float]:
    """Microseconds a task, medians of runs in turn."""
    graph = document("chain", SHAPES["chain"](tasks))
    short = document("chain", SHAPES["chain"](SYNC_TASKS))
    nowhere, batched, sync, bare = [], [], [], []
    for _ in range(repeat):
        nowhere.append(await _run(graph, None))
        batched.append(await _run(graph, "async"))
        with _bare_commits() as commit:
            seconds = await _run(short, "sync", _committing(commit))
        bare.append(sum(commit.times))
        sync.append(seconds - bare[-1])
    a_task, a_sync = 1e6 / tasks, 1e6 / SYNC_TASKS
    return {
        "kept_nowhere": statistics.median(nowhere) * a_task,
        "kept_async": statistics.median(batched) * a_task,
        "kept_sync": statistics.median(sync) * a_sync,
        "bare_commits": statistics.median(bare) * a_sync,
    }


async def _run(graph: Mapping[str, Any], durability: str | None, step: type[Step] = Step) -> float:
    """Seconds from the start of a run until all of it is kept."""
    gc.collect()
    with tempfile.TemporaryDirectory() as folder:
        plugins = make_plugins(step)
        store = None if durability is None else open_store(f"sqlite:///{folder}/bench.db", plugins.registry)
        async with Engine(plugins, store) as engine:
            view = await engine.start(graph, {}, durability=durability)
            began = time.perf_counter()
            await view.wait()
            seconds = time.perf_counter() - began
            assert view.state.value == "COMPLETED", view.error
    return seconds


class _Commit:
    """A commit on a bare connection, and how long each took."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.times: list[float] = []

    def __call__(self) -> None:
        began = time.perf_counter()
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute("INSERT INTO journal (events) VALUES (?)", ("x" * BYTES,))
        self._connection.execute("COMMIT")
        self.times.append(time.perf_counter() - began)


@contextmanager
def _bare_commits() -> Iterator[_Commit]:
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(f"{folder}/bare.db")) as connection:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE journal (n INTEGER PRIMARY KEY, events TEXT)")
        yield _Commit(connection)


def _committing(commit: _Commit) -> type[Step]:
    class Committing(Step):
        """The smallest task there is, and a bare commit."""

        def run(self, task: TaskContext) -> Mapping[str, Any]:
            commit()
            return super().run(task)

    return Committing
