"""Workflows in the file."""

import sqlite3
from typing import Any

from blockloom import Conflict, NotFound, StoredWorkflow

from .packing import decode

_COLUMNS = "id, revision, graph, changed"


def put(db: sqlite3.Connection, id: str, graph: str, changed: float, revision: int | None) -> int:
    """See Store.put_workflow; `graph` is JSON."""
    row = db.execute("SELECT revision FROM workflow WHERE id = ?", (id,)).fetchone()
    if row is None:
        if revision is not None:
            raise NotFound("workflow", id)
        db.execute("INSERT INTO workflow (id, revision, changed, graph) VALUES (?, 1, ?, ?)", (id, changed, graph))
        return 1
    standing: int = row[0]
    if revision != standing:
        raise Conflict("workflow", id, standing)
    db.execute("UPDATE workflow SET revision = revision + 1, changed = ?, graph = ? WHERE id = ?", (changed, graph, id))
    return standing + 1


def get(db: sqlite3.Connection, id: str) -> StoredWorkflow:
    """See Store.get_workflow."""
    row = db.execute(f"SELECT {_COLUMNS} FROM workflow WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise NotFound("workflow", id)
    return _made(row)


def every(db: sqlite3.Connection) -> list[StoredWorkflow]:
    """See Store.workflows."""
    return [_made(row) for row in db.execute(f"SELECT {_COLUMNS} FROM workflow ORDER BY n")]


def delete(db: sqlite3.Connection, id: str) -> None:
    """See Store.delete_workflow."""
    if not db.execute("DELETE FROM workflow WHERE id = ?", (id,)).rowcount:
        raise NotFound("workflow", id)


def _made(row: tuple[Any, ...]) -> StoredWorkflow:
    id, revision, graph, changed = row
    return StoredWorkflow(id=id, revision=revision, graph=decode(graph), changed=changed)
