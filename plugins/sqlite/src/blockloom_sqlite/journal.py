"""The journals of runs in the file: a row holds many events."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from blockloom import Event, state_after, unrecorded

from .packing import Apart, Row, decode, hashes, pack_events, unpack_events
from .runs import hold, number, values_of

DATA: Final = 3
"""Where the data of an event stand in its row."""


KNOWN: Final = 10_000
"""Runs of which it is remembered where their journals end."""


class Addition:
    """Events to be added to a journal, written once as JSON."""

    def __init__(self, run: str, events: Sequence[Event]) -> None:
        self.run = run
        self.events = unrecorded(run, events[0].seq - 1, events)
        self.state = state_after(events)
        self.apart: Apart = {}
        self.rows: list[Row] = list(pack_events(events, self.apart))


class Ends:
    """Where journals end, as the one who writes remembers it: the number of the run in the file, and its last event."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int]] = {}

    def forget(self) -> None:
        """Look in the file again."""
        self._known.clear()

    def append(self, db: sqlite3.Connection, made: Addition) -> None:
        """See Store.append."""
        n, last = self._known.get(made.run) or self._look(db, made.run)
        if made.events[0].seq != last + 1:
            fresh = unrecorded(made.run, last, made.events)
            if not fresh:
                return
            made = Addition(made.run, fresh)
        db.executemany(
            "INSERT INTO journal (place, first, time, events) VALUES (?, ?, ?, ?)",
            [((n << 32) + last, first, time, events) for first, last, time, events in made.rows],
        )
        if made.state is not None:
            moved = made.events[-1].time
            db.execute("UPDATE run SET state = ?, moved = ? WHERE n = ?", (made.state, moved, n))
        if made.apart:
            hold(db, n, made.apart)
        if len(self._known) >= KNOWN:
            self._known.clear()
        self._known[made.run] = n, made.events[-1].seq

    def _look(self, db: sqlite3.Connection, run: str) -> tuple[int, int]:
        n = number(db, run)
        sql = "SELECT max(place) FROM journal WHERE place > ? AND place < ?"
        place = db.execute(sql, (n << 32, (n + 1) << 32)).fetchone()[0]
        return n, 0 if place is None else place - (n << 32)


def read(db: sqlite3.Connection, run: str, after: int, limit: int | None) -> list[Event]:
    """See Store.events."""
    n = number(db, run)
    until = 2**32 if limit is None else after + limit
    found: list[Event] = []
    rows = db.execute(
        "SELECT first, events FROM journal WHERE place > ? AND place < ? AND first <= ? ORDER BY place",
        ((n << 32) + min(after, 2**32 - 1), (n + 1) << 32, until),
    )
    known: dict[str, Any] = {}
    for first, text in rows.fetchall():
        events = decode(text)
        wanted = {hash for event in events for hash in hashes(event, DATA)}
        known |= values_of(db, wanted - known.keys())
        found += unpack_events(first, events, known)
    skipped = max(0, after + 1 - found[0].seq) if found else 0
    return found[skipped : None if limit is None else skipped + limit]
