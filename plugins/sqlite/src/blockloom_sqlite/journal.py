"""The journals of runs in the file: a row holds many events."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from blockloom import Event, NotFound, state_after, unrecorded

from .packing import Apart, Row, decode, hashes, pack_events, unpack_events
from .runs import hold, number, values_of

DATA: Final = 3
"""Where the data of an event stand in its row."""


class Addition:
    """Events to be added to a journal, written once as JSON."""

    def __init__(self, run: str, events: Sequence[Event]) -> None:
        self.events = unrecorded(run, events[0].seq - 1, events)
        self.first, self.last = events[0].seq, events[-1].seq
        self.state = state_after(events)
        self.apart: Apart = {}
        self.rows: list[Row] = list(pack_events(events, self.apart))


def append(db: sqlite3.Connection, run: str, made: Addition) -> None:
    """See Store.append."""
    changed = db.execute(
        "UPDATE run SET seq = ?, state = coalesce(?, state), changed = ? WHERE id = ? AND seq = ?",
        (made.last, made.state, made.events[-1].time, run, made.first - 1),
    ).rowcount
    if not changed:
        _append_rest(db, run, made)
        return
    n = number(db, run)
    db.executemany(
        "INSERT INTO journal (run, first, last, events) VALUES (?, ?, ?, ?)", [(n, *row) for row in made.rows]
    )
    if made.apart:
        hold(db, n, made.apart)


def _append_rest(db: sqlite3.Connection, run: str, made: Addition) -> None:
    """Add what is not recorded yet; raises where something between is missing."""
    row = db.execute("SELECT seq FROM run WHERE id = ?", (run,)).fetchone()
    if row is None:
        raise NotFound("run", run)
    if fresh := unrecorded(run, row[0], made.events):
        append(db, run, Addition(run, fresh))


def read(db: sqlite3.Connection, run: str, after: int, limit: int | None) -> list[Event]:
    """See Store.events."""
    n = number(db, run)
    until = None if limit is None else after + limit
    found: list[Event] = []
    rows = db.execute(
        "SELECT first, events FROM journal WHERE run = ? AND last > ? AND first <= ? ORDER BY last",
        (n, after, 2**62 if until is None else until),
    )
    known: dict[str, Any] = {}
    for first, text in rows.fetchall():
        events = decode(text)
        wanted = {hash for event in events for hash in hashes(event, DATA)}
        known |= values_of(db, wanted - known.keys())
        found += unpack_events(first, events, known)
    skipped = max(0, after + 1 - found[0].seq) if found else 0
    return found[skipped : None if limit is None else skipped + limit]
