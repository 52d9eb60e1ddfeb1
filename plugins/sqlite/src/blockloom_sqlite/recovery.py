"""Copies what can still be read of a damaged file into a new store."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

from blockloom import BlockloomError, StoredRun, StoreUnusable

from .packing import decode, unpack, unpack_events
from .store import SqliteStore

_UNREADABLE: Final = (sqlite3.Error, ValueError, KeyError, IndexError, TypeError, OverflowError, BlockloomError)

_PLAIN: Final = (
    ("workflow", "n", "id, revision, changed, graph", 3),
    ("published", "n", "n, time, name, payload, run", 3),
    ("shelf", "shelf, id", "shelf, id, value", 2),
)
"""Tables whose rows are copied as they are: the name, the key, the columns, and which of these is JSON."""


class Recovered(NamedTuple):
    """How many rows of each table could be copied, and the runs that are not whole, each with what is lost."""

    rows: Counter[str]
    losses: list[str]


async def recover(damaged: Path, new: Path) -> Recovered:
    """Copy what can be read of a file into a new one; raises StoreUnusable where that is nothing, or `new` is there."""
    found = Recovered(Counter(), [])
    with closing(_open(damaged, new)) as source:
        target = SqliteStore(f"sqlite:///{new}")
        try:
            for table, key, columns, json in _PLAIN:
                for row in _rows(source, table, key, columns):
                    await _copy_row(target, table, columns, row, json, found)
            texts: dict[bytes, str] = dict(_rows(source, "value", "rowid", "hash, json"))
            values = _Values(texts)
            for row in _rows(source, "run", "n", "n, id, key, workflow, name, created, settings, state, graph, inputs"):
                await _copy_run(source, target, row, values, found)
        finally:
            await target.close()
    return found


class _Values(dict[str, Any]):
    """Values by their hash, read when they are asked for."""

    def __init__(self, texts: Mapping[bytes, str]) -> None:
        super().__init__()
        self._texts = texts

    def __missing__(self, hash: str) -> Any:
        return decode(self._texts[bytes.fromhex(hash)])


def _open(damaged: Path, new: Path) -> sqlite3.Connection:
    if new.exists():
        raise StoreUnusable(str(new), "there is such a file already", "Name one that is not there.")
    try:
        source = sqlite3.connect(f"{damaged.as_uri()}?mode=ro", uri=True, isolation_level=None)
        try:
            source.execute("SELECT 1 FROM blockloom").fetchone()
        except BaseException:
            source.close()
            raise
    except sqlite3.Error as error:
        raise StoreUnusable(str(damaged), f"nothing of it can be read ({error})", "Restore a backup.") from None
    return source


async def _copy_row(
    target: SqliteStore, table: str, columns: str, row: tuple[Any, ...], json: int, found: Recovered
) -> None:
    sql = f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(row))})"
    try:
        decode(row[json])
        await target.write(lambda db: db.execute(sql, row).rowcount)
    except _UNREADABLE as error:
        found.losses.append(f"{table} {row[0]}: {error}")
    else:
        found.rows[table] += 1


async def _copy_run(
    source: sqlite3.Connection, target: SqliteStore, row: tuple[Any, ...], values: _Values, found: Recovered
) -> None:
    n, id, key, workflow, name, created, settings, state, graph, inputs = row
    try:
        packed = decode(inputs)
        run = StoredRun(
            id=id,
            key=key,
            workflow=workflow,
            name=name,
            created=created,
            graph=values[graph.hex()],
            inputs=unpack(packed, 0, values)["inputs"],
            settings=decode(settings),
        )
        await target.create_run(run)
    except _UNREADABLE as error:
        found.losses.append(f"run {id}: its graph or inputs ({error})")
        return
    found.rows["run"] += 1
    recorded = 0
    try:
        sql = "SELECT first, events FROM journal WHERE place > ? AND place < ? ORDER BY place"
        for first, text in source.execute(sql, (n << 32, (n + 1) << 32)):
            events = unpack_events(first, decode(text), values)
            await target.append(id, events)
            recorded = events[-1].seq
        whole = (await target.get_run(id)).state == state
    except _UNREADABLE:
        whole = False
    if not whole:
        found.losses.append(f"run {id}: the events from {recorded + 1} on")


def _rows(db: sqlite3.Connection, table: str, key: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a table as far as they can be read: from its beginning on, and then from its end back."""
    parts = key.split(", ")
    seen = set()
    for order in ("ASC", "DESC"):
        by = ", ".join(f"{part} {order}" for part in parts)
        try:
            for row in db.execute(f"SELECT {key}, {columns} FROM {table} NOT INDEXED ORDER BY {by}"):
                if row[: len(parts)] in seen:
                    return
                seen.add(row[: len(parts)])
                yield row[len(parts) :]
            return
        except sqlite3.Error:
            continue
