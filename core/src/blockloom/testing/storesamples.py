"""What the checks of a store stand on: sample runs and values, and a store that is closed again."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from .. import events as e
from ..errors import BlockloomError
from ..events import Event
from ..store import Store, StoredRun
from .conformance import Conformance

_S = TypeVar("_S", bound=Store)
_T = TypeVar("_T")

ODD: Final = "té 漢字 😀 \x00 \u2028 \\ \" '"
"""Text that a careless store breaks."""

GRAPH: Final = {"blockloom": 1, "name": "g", "tasks": [{"id": "a", "type": "merge", "x-note": ODD}], "connections": []}
VALUES: Final[dict[str, Any]] = {
    "integers": [0, -1, 2**53 + 1, 2**63, -(2**200), 10**4299],
    "numbers": [0.1, -0.0, 5e-324, 1.7976931348623157e308, 1e22, 1.0],
    "texts": ["", ODD, "\ufffe", "a" * 1000],
    "others": [None, True, False, [], {}, {"": {"$value": 1}}],
}
LAST: Final = "\U0010ffff"
"""The last character that there is."""

LARGE: Final = "large " * 20_000
"""More than 64 KiB of JSON."""


def a_run(id: str, **about: Any) -> StoredRun:
    """A run with no more said of it than needed."""
    return StoredRun(**{"id": id, "graph": GRAPH, "inputs": {}, "created": 1000.0, **about})


def a_journal(length: int, ends: bool = False) -> list[Event]:
    """The first events of a run, as many as `length`; with `ends`, the last of them is its end."""
    events = [Event(seq, 1000.25 + seq, e.TASK_STARTED, "a", {"n": seq}) for seq in range(1, length + 1)]
    events[0] = events[0]._replace(type=e.RUN_STARTED, task=None)
    if ends:
        events[-1] = events[-1]._replace(type=e.RUN_COMPLETED, task=None)
    return events


async def fill_store(store: Store, runs: int = 20, events: int = 50) -> None:
    """Keep so many runs that have ended, each with a journal of so many events and inputs of some length."""
    for n in range(runs):
        await store.create_run(a_run(f"r{n}", inputs={"n": n, "text": "x" * 2000}))
        await store.append(f"r{n}", a_journal(events, ends=True))


def on_store(open: Callable[[], _S], story: Callable[[_S], Awaitable[_T]]) -> _T:
    """Run a story on a store that is opened for it and closed afterwards, and give what it gives."""

    async def run() -> _T:
        store = open()
        try:
            return await story(store)
        finally:
            await store.close()

    return asyncio.run(run())


async def refuses(error: type[BlockloomError], call: Awaitable[Any]) -> None:
    """Hold that a call raises an error."""
    try:
        given = await call
    except error:
        return
    raise AssertionError(f"no {error.__name__} was raised; the answer was {given!r}")


class StoreChecks(Conformance):
    """Checks of a store that a subclass opens."""

    def open(self, folder: Path) -> Store:
        """A store in a folder; opened there again, it holds what it held if it is `durable`."""
        raise NotImplementedError

    def hold(self, folder: Path, check: Callable[[Store], Coroutine[Any, Any, None]]) -> None:
        """Run a check on a store that is closed afterwards."""
        on_store(partial(self.open, folder), check)
