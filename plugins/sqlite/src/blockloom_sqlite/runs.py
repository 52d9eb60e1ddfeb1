"""Runs in the file, but for their journals."""

import sqlite3
from collections.abc import Collection
from typing import Any, Final

from blockloom import RUN_ENDS, NotFound, RunHead, RunState, StoredRun

from .packing import Apart, by_hash, decode, encode, hashes, pack, unpack

SLICE: Final = 200
"""Runs that are forgotten in one transaction, so that nobody waits long meanwhile."""

_HEAD: Final = (
    "id, created, workflow, name, state,"
    " (SELECT time FROM journal WHERE place > (n << 32) AND place < ((n + 1) << 32) ORDER BY place DESC LIMIT 1)"
)
_ENDS: Final = ", ".join(f"'{state}'" for state in sorted(RUN_ENDS))


def number(db: sqlite3.Connection, id: str) -> int:
    """The number of a run in the file; raises NotFound."""
    row = db.execute("SELECT n FROM run WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise NotFound("run", id)
    n: int = row[0]
    return n


def create(db: sqlite3.Connection, run: StoredRun) -> StoredRun:
    """See Store.create_run."""
    for column, value in (("id", run.id), ("key", run.key)):
        known = value and db.execute(f"SELECT id FROM run WHERE {column} = ?", (value,)).fetchone()
        if known:
            return get(db, known[0])
    apart: Apart = {}
    graph, text = by_hash(run.graph)
    apart[graph] = text
    inputs = pack((), {"inputs": run.inputs}, apart).decode()
    settings = encode(run.settings).decode()
    made = db.execute(
        "INSERT INTO run (id, key, workflow, name, state, created, graph, inputs, settings)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (run.id, run.key, run.workflow, run.name, run.state, run.created, graph, inputs, settings),
    )
    hold(db, made.lastrowid or 0, apart)
    return run


def hold(db: sqlite3.Connection, n: int, apart: Apart) -> None:
    """Keep what stands apart for a run."""
    db.executemany("INSERT OR IGNORE INTO value VALUES (?, ?)", apart.items())
    db.executemany("INSERT OR IGNORE INTO holds VALUES (?, ?)", ((n, hash) for hash in apart))


def values_of(db: sqlite3.Connection, wanted: Collection[str]) -> dict[str, Any]:
    """The values of some hashes."""
    found = {}
    for hash in wanted:
        row = db.execute("SELECT json FROM value WHERE hash = ?", (bytes.fromhex(hash),)).fetchone()
        found[hash] = decode(row[0])
    return found


def get(db: sqlite3.Connection, id: str) -> StoredRun:
    """See Store.get_run."""
    row = db.execute(
        f"SELECT {_HEAD}, key, inputs, settings, json FROM run JOIN value ON hash = graph WHERE id = ?", (id,)
    ).fetchone()
    if row is None:
        raise NotFound("run", id)
    key, inputs, settings, graph = row[6:]
    packed = decode(inputs)
    data = unpack(packed, 0, values_of(db, set(hashes(packed, 0))))
    return StoredRun(**_head(row[:6]), graph=decode(graph), inputs=data["inputs"], key=key, settings=decode(settings))


def heads(
    db: sqlite3.Connection,
    workflow: str | None,
    states: Collection[RunState] | None,
    limit: int | None,
    after: str | None,
) -> list[RunHead]:
    """See Store.runs."""
    where, given = ["TRUE"], list[Any]()
    if workflow is not None:
        where.append("workflow = ?")
        given.append(workflow)
    if states is not None:
        where.append(f"state IN ({', '.join('?' * len(states))})")
        given += states
    if after is not None:
        where.append("n < ?")
        given.append(number(db, after))
    given.append(-1 if limit is None else limit)
    rows = db.execute(f"SELECT {_HEAD} FROM run WHERE {' AND '.join(where)} ORDER BY n DESC LIMIT ?", given)
    return [RunHead(**_head(row)) for row in rows]


def delete(db: sqlite3.Connection, id: str) -> None:
    """See Store.delete_run."""
    db.execute("DELETE FROM run WHERE n = ?", (number(db, id),))


def prune(db: sqlite3.Connection, before: float) -> int:
    """Forget some of the runs that ended before a moment; how many. None are left once that is less than SLICE."""
    return db.execute(
        f"DELETE FROM run WHERE n IN (SELECT n FROM run WHERE state IN ({_ENDS})"
        " AND coalesce(moved, created) < ? LIMIT ?)",
        (before, SLICE),
    ).rowcount


def _head(row: tuple[Any, ...]) -> dict[str, Any]:
    id, created, workflow, name, state, changed = row
    return {
        "id": id,
        "created": created,
        "workflow": workflow,
        "name": name,
        "state": RunState(state),
        "changed": changed,
    }
