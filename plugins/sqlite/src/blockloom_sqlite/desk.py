"""A connection on a thread of its own: callers hand it work and await the answer."""

import asyncio
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple, TypeVar

from blockloom import BadUsage, BlockloomError

from .faults import told

_T = TypeVar("_T")

TOGETHER: Final = 1000
"""Pieces of work that are one transaction, at most."""


class _Job(NamedTuple):
    """A piece of work, and whom to answer."""

    work: Callable[[sqlite3.Connection], Any]
    answer: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop


class _Answer(NamedTuple):
    """What came of a piece of work."""

    job: _Job
    result: Any = None
    error: BaseException | None = None


class Desk:
    """Does what it is handed, in order; what waits together is one transaction, and is answered once that stands.

    A piece of work raises what it refuses before it changes anything. One that fails takes no other with it.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: str,
        begin: str,
        undone: Callable[[], None] = lambda: None,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        """`undone` is called where a transaction was not committed, `after` once the callers have their answers."""
        self._connection = connection
        self._path = path
        self._begin = begin
        self._undone = undone
        self._after = after
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name=f"sqlite {path}", daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Have `work` done in a transaction, and return what it returns."""
        if self._closing:
            raise BadUsage(f"The store {self._path} is closed.")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_T] = loop.create_future()
        self._jobs.put(_Job(work, answer, loop))
        return await answer

    async def close(self, last: Callable[[sqlite3.Connection], None] = lambda connection: None) -> None:
        """Do what has been handed in, then `last`, and close the connection."""
        if not self._closing:
            self._closing = True
            self._jobs.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)
        try:
            last(self._connection)
        finally:
            self._connection.close()

    def _serve(self) -> None:
        while jobs := self._waiting():
            answers = self._together(jobs)
            by_loop: defaultdict[asyncio.AbstractEventLoop, list[_Answer]] = defaultdict(list)
            for answer in answers:
                by_loop[answer.job.loop].append(answer)
            for loop, some in by_loop.items():
                if not loop.is_closed():
                    loop.call_soon_threadsafe(_give, some)
            self._after()

    def _waiting(self) -> list[_Job]:
        """Everything that waits; empty at the end."""
        jobs: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == TOGETHER:
                return jobs
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return jobs
        if jobs:
            self._jobs.put(None)
        return jobs

    def _together(self, jobs: list[_Job]) -> list[_Answer]:
        try:
            return self._transact(jobs)
        except Exception as error:
            if len(jobs) == 1:
                return [_Answer(jobs[0], None, told(error, self._path))]
            return [answer for job in jobs for answer in self._together([job])]

    def _transact(self, jobs: list[_Job]) -> list[_Answer]:
        connection = self._connection
        try:
            connection.execute(self._begin)
            answers = []
            for job in jobs:
                try:
                    answers.append(_Answer(job, job.work(connection)))
                except BlockloomError as refusal:
                    answers.append(_Answer(job, None, refusal))
            connection.execute("COMMIT")
        except BaseException:
            self._undone()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return answers


def _give(answers: list[_Answer]) -> None:
    for job, result, error in answers:
        if job.answer.done():
            continue
        if error is not None:
            job.answer.set_exception(error)
        else:
            job.answer.set_result(result)
