"""What the checks of a store stand on: sample runs and values, and a store that is closed again."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from .. import events as e
from ..errors import BlockloomError
from ..events import Event
from ..store import Store, StoredRun
from .conformance import Conformance

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

        async def run() -> None:
            store = self.open(folder)
            try:
                await check(store)
            finally:
                await store.close()

        asyncio.run(run())
