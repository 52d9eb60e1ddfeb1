"""Published events and shelves in the file."""

import sqlite3
from datetime import UTC, datetime
from typing import Any, Final

from blockloom import Published

from .packing import decode

_LAST: Final = "\U0010ffff"


def publish(db: sqlite3.Connection, time: float, name: str, payload: str, run: str | None) -> int:
    """See Store.publish; `payload` is JSON."""
    made = db.execute(
        "INSERT INTO published (time, name, payload, run) VALUES (?, ?, ?, ?)", (time, name, payload, run)
    )
    return made.lastrowid or 0


def last_published(db: sqlite3.Connection) -> int:
    """See Store.last_published."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'published'").fetchone()
    return row[0] if row else 0


def published(db: sqlite3.Connection, after: int, limit: int | None) -> list[tuple[int, Published, str | None]]:
    """See Store.published."""
    rows = db.execute(
        "SELECT n, time, name, payload, run FROM published WHERE n > ? ORDER BY n LIMIT ?",
        (after, -1 if limit is None else limit),
    )
    return [
        (n, Published(name=name, payload=decode(payload), time=datetime.fromtimestamp(time, UTC)), run)
        for n, time, name, payload, run in rows
    ]


def prune(db: sqlite3.Connection, before: float) -> None:
    """Forget the events that were published before a moment."""
    db.execute("DELETE FROM published WHERE time < ?", (before,))


def put(db: sqlite3.Connection, shelf: str, id: str, value: str) -> None:
    """See Store.put; `value` is JSON."""
    db.execute("INSERT OR REPLACE INTO shelf VALUES (?, ?, ?)", (shelf, id, value))


def add(db: sqlite3.Connection, shelf: str, id: str, value: str) -> bool:
    """See Store.add; `value` is JSON."""
    return db.execute("INSERT OR IGNORE INTO shelf VALUES (?, ?, ?)", (shelf, id, value)).rowcount == 1


def get(db: sqlite3.Connection, shelf: str, id: str) -> Any:
    """See Store.get."""
    row = db.execute("SELECT value FROM shelf WHERE shelf = ? AND id = ?", (shelf, id)).fetchone()
    return None if row is None else decode(row[0])


def items(db: sqlite3.Connection, shelf: str, prefix: str, limit: int | None, newest: bool) -> list[tuple[str, Any]]:
    """See Store.items."""
    order = "DESC" if newest else "ASC"
    where, given = _beginning(prefix)
    rows = db.execute(
        f"SELECT id, value FROM shelf WHERE shelf = ?{where} ORDER BY id {order} LIMIT ?",
        (shelf, *given, -1 if limit is None else limit),
    )
    return [(id, decode(value)) for id, value in rows]


def drop(db: sqlite3.Connection, shelf: str, prefix: str, exactly: bool) -> int:
    """See Store.drop."""
    where, given = (" AND id = ?", (prefix,)) if exactly else _beginning(prefix)
    return db.execute(f"DELETE FROM shelf WHERE shelf = ?{where}", (shelf, *given)).rowcount


def _beginning(prefix: str) -> tuple[str, tuple[str, ...]]:
    """What holds of the ids that begin with a prefix: they are sorted by code points, and end before the next one."""
    start = prefix.rstrip(_LAST)
    if not start:
        return " AND id >= ?", (prefix,)
    following = ord(start[-1]) + 1
    if following == 0xD800:
        following = 0xE000  # half a surrogate pair is no text
    return " AND id >= ? AND id < ?", (prefix, start[:-1] + chr(following))
