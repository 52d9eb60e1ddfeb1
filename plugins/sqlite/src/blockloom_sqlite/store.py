"""The store that keeps everything in one file of SQLite."""

import os
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from blockloom import (
    BadUsage,
    Event,
    NotFound,
    Published,
    RunHead,
    RunState,
    StoredRun,
    StoredWorkflow,
    copy_value,
)

from . import journal, runs, shelves, workflows
from .desk import Desk
from .headroom import Headroom
from .lock import OwnerLock
from .opening import examine, make, open_to_read, open_to_write, path_of, say_closed, shrink
from .packing import encode

_T = TypeVar("_T")


class SqliteStore:
    """A store in one file, which one process writes; any number may read it meanwhile (`readonly`)."""

    name = "sqlite"
    durable = True
    default = True
    """It is what a user has who names no store."""

    def __init__(self, url: str, readonly: bool = False) -> None:
        self.url = url
        self.path = path_of(url)
        self._where = str(self.path)
        if readonly and not os.path.exists(self.path):
            raise NotFound("store", self._where)
        examine(self.path)
        self._lock = None if readonly else OwnerLock(self.path)
        try:
            writing = None if readonly else self._open_to_write()
            reading = open_to_read(self.path)
        except BaseException:
            if self._lock is not None:
                self._lock.release()
            raise
        self._ends = journal.Ends()
        self._room = None if writing is None else Headroom(self.path, writing)
        self._writer = None
        if writing is not None and self._room is not None:
            self._writer = Desk(writing, self._where, "BEGIN IMMEDIATE", self._ends.forget, self._room.keep)
        self._reader = Desk(reading, self._where, "BEGIN")

    @classmethod
    def url_in(cls, folder: Path) -> str:
        """The URL of a store in a folder of its own."""
        return f"sqlite:///{folder / 'blockloom.db'}"

    def _open_to_write(self) -> sqlite3.Connection:
        if not self.path.exists():
            make(self.path)
        return open_to_write(self.path)

    async def close(self) -> None:
        """See Store."""
        await self._reader.close()
        if self._writer is not None:
            await self._writer.close(say_closed)
        if self._room is not None:
            self._room.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    async def write(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Have something done on the connection that writes, in a transaction."""
        if self._writer is None:
            raise BadUsage(f"The store {self._where} is open for reading only.")
        return await self._writer.do(work)

    # Workflows

    async def put_workflow(self, id: str, graph: Mapping[str, Any], changed: float, revision: int | None) -> int:
        """See Store."""
        text = _json(dict(graph))
        return await self.write(lambda db: workflows.put(db, id, text, changed, revision))

    async def get_workflow(self, id: str) -> StoredWorkflow:
        """See Store."""
        return await self._reader.do(lambda db: workflows.get(db, id))

    async def workflows(self) -> list[StoredWorkflow]:
        """See Store."""
        return await self._reader.do(workflows.every)

    async def delete_workflow(self, id: str) -> None:
        """See Store."""
        await self.write(lambda db: workflows.delete(db, id))

    # Runs

    async def create_run(self, run: StoredRun) -> StoredRun:
        """See Store."""
        return await self.write(lambda db: runs.create(db, run))

    async def append(self, run: str, events: Sequence[Event]) -> None:
        """See Store."""
        if events:
            made = journal.Addition(run, events)
            await self.write(lambda db: self._ends.append(db, made))
        else:
            await self._reader.do(lambda db: runs.number(db, run))

    async def get_run(self, id: str) -> StoredRun:
        """See Store."""
        return await self._reader.do(lambda db: runs.get(db, id))

    async def runs(
        self,
        workflow: str | None = None,
        states: Collection[RunState] | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[RunHead]:
        """See Store."""
        return await self._reader.do(lambda db: runs.heads(db, workflow, states, limit, after))

    async def events(self, run: str, after: int = 0, limit: int | None = None) -> list[Event]:
        """See Store."""
        return await self._reader.do(lambda db: journal.read(db, run, after, limit))

    async def delete_run(self, id: str) -> None:
        """See Store."""
        await self.write(lambda db: self._forget(db, id))

    async def prune(self, before: float) -> int:
        """See Store; done in slices, so that writing goes on meanwhile. The file shrinks by what has become free."""
        await self.write(lambda db: shelves.prune(db, before))
        gone = some = await self.write(lambda db: self._forget_old(db, before))
        while some == runs.SLICE:
            some = await self.write(lambda db: self._forget_old(db, before))
            gone += some
        left = await self.write(shrink)
        while 0 < (now := await self.write(shrink)) < left:
            left = now
        return gone

    def _forget(self, db: sqlite3.Connection, id: str) -> None:
        self._ends.forget()
        runs.delete(db, id)

    def _forget_old(self, db: sqlite3.Connection, before: float) -> int:
        self._ends.forget()
        return runs.prune(db, before)

    # Published events

    async def publish(self, event: Published, run: str | None = None) -> int:
        """See Store."""
        payload = _json(event.payload)
        return await self.write(lambda db: shelves.publish(db, event.time.timestamp(), event.name, payload, run))

    async def last_published(self) -> int:
        """See Store."""
        return await self._reader.do(shelves.last_published)

    async def published(self, after: int = 0, limit: int | None = None) -> list[tuple[int, Published, str | None]]:
        """See Store."""
        return await self._reader.do(lambda db: shelves.published(db, after, limit))

    # Shelves

    async def put(self, shelf: str, id: str, value: Any) -> None:
        """See Store."""
        text = _json(value)
        await self.write(lambda db: shelves.put(db, shelf, id, text))

    async def add(self, shelf: str, id: str, value: Any) -> bool:
        """See Store."""
        text = _json(value)
        return await self.write(lambda db: shelves.add(db, shelf, id, text))

    async def get(self, shelf: str, id: str) -> Any:
        """See Store."""
        return await self._reader.do(lambda db: shelves.get(db, shelf, id))

    async def items(
        self, shelf: str, prefix: str = "", limit: int | None = None, newest: bool = False
    ) -> list[tuple[str, Any]]:
        """See Store."""
        return await self._reader.do(lambda db: shelves.items(db, shelf, prefix, limit, newest))

    async def drop(self, shelf: str, prefix: str, exactly: bool = True) -> int:
        """See Store."""
        return await self.write(lambda db: shelves.drop(db, shelf, prefix, exactly))


def _json(value: Any) -> str:
    """A value that comes from outside, as JSON; raises BadValue for what JSON cannot say."""
    return encode(copy_value(value)).decode()
