"""The store that keeps everything in this process and loses it with it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from .errors import Conflict, NotFound
from .events import Event
from .states import RUN_ENDS, RunState
from .store import OF_RUNS, RunHead, StoredRun, StoredWorkflow, state_after, unrecorded
from .trigger import Published
from .values import copy_value

_T = TypeVar("_T")


class MemoryStore:
    """A store that keeps everything in this process and loses it with it."""

    name = "memory"
    durable = False

    def __init__(self, url: str = "memory:", readonly: bool = False) -> None:
        self.url = url
        self._workflows: dict[str, StoredWorkflow] = {}
        self._runs: dict[str, StoredRun] = {}
        self._keys: dict[str, str] = {}
        self._events: dict[str, list[Event]] = {}
        self._published: dict[int, tuple[Published, str | None]] = {}
        self._last = 0
        self._shelves: dict[str, dict[str, Any]] = {}

    async def close(self) -> None:
        """Nothing is open."""

    async def put_workflow(self, id: str, graph: Mapping[str, Any], changed: float, revision: int | None) -> int:
        """See Store."""
        standing = self._workflows.get(id)
        if revision is not None and standing is None:
            raise NotFound("workflow", id)
        if standing is not None and revision != standing.revision:
            raise Conflict("workflow", id, standing.revision)
        made = StoredWorkflow(id=id, revision=(revision or 0) + 1, graph=copy_value(dict(graph)), changed=changed)
        self._workflows[id] = made
        return made.revision

    async def get_workflow(self, id: str) -> StoredWorkflow:
        """See Store."""
        return _known(self._workflows, "workflow", id)

    async def workflows(self) -> list[StoredWorkflow]:
        """See Store."""
        return list(self._workflows.values())

    async def delete_workflow(self, id: str) -> None:
        """See Store."""
        _known(self._workflows, "workflow", id)
        del self._workflows[id]

    async def create_run(self, run: StoredRun) -> StoredRun:
        """See Store."""
        if run.id in self._runs:
            return self._runs[run.id]
        if run.key is not None:
            known = self._keys.setdefault(run.key, run.id)
            if known != run.id:
                return self._runs[known]
        self._runs[run.id] = run
        self._events[run.id] = []
        return run

    async def append(self, run: str, events: Sequence[Event]) -> None:
        """See Store."""
        journal = _known(self._events, "run", run)
        fresh = unrecorded(run, len(journal), events)
        if not fresh:
            return
        journal.extend(fresh)
        standing = self._runs[run]
        self._runs[run] = replace(standing, state=state_after(fresh) or standing.state, changed=fresh[-1].time)

    async def get_run(self, id: str) -> StoredRun:
        """See Store."""
        return _known(self._runs, "run", id)

    async def runs(
        self,
        workflow: str | None = None,
        states: Collection[RunState] | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[RunHead]:
        """See Store."""
        newest: list[RunHead] = list(reversed(self._runs.values()))
        if after is not None:
            newest = newest[newest.index(_known(self._runs, "run", after)) + 1 :]
        fit = [r for r in newest if workflow in (None, r.workflow) and (states is None or r.state in states)]
        return fit[:limit]

    async def events(self, run: str, after: int = 0, limit: int | None = None) -> list[Event]:
        """See Store."""
        journal = _known(self._events, "run", run)
        return journal[after:] if limit is None else journal[after : after + limit]

    async def delete_run(self, id: str) -> None:
        """See Store."""
        run = _known(self._runs, "run", id)
        del self._runs[id], self._events[id]
        await self.drop(OF_RUNS, f"{id}/", exactly=False)
        if run.key is not None:
            del self._keys[run.key]

    async def prune(self, before: float) -> int:
        """See Store."""
        gone = [r.id for r in self._runs.values() if r.state in RUN_ENDS and (r.changed or r.created) < before]
        for id in gone:
            await self.delete_run(id)
        for number in [n for n, (event, _) in self._published.items() if event.time.timestamp() < before]:
            del self._published[number]
        return len(gone)

    async def publish(self, event: Published, run: str | None = None) -> int:
        """See Store."""
        self._last += 1
        self._published[self._last] = (event, run)
        return self._last

    async def last_published(self) -> int:
        """See Store."""
        return self._last

    async def published(self, after: int = 0, limit: int | None = None) -> list[tuple[int, Published, str | None]]:
        """See Store."""
        return [(number, *kept) for number, kept in self._published.items() if number > after][:limit]

    async def put(self, shelf: str, id: str, value: Any) -> None:
        """See Store."""
        self._shelves.setdefault(shelf, {})[id] = copy_value(value)

    async def add(self, shelf: str, id: str, value: Any) -> bool:
        """See Store."""
        held = self._shelves.setdefault(shelf, {})
        if id in held:
            return False
        held[id] = copy_value(value)
        return True

    async def get(self, shelf: str, id: str) -> Any:
        """See Store."""
        return copy_value(self._shelves.get(shelf, {}).get(id))

    async def items(
        self, shelf: str, prefix: str = "", limit: int | None = None, newest: bool = False
    ) -> list[tuple[str, Any]]:
        """See Store."""
        held = self._shelves.get(shelf, {})
        ids = sorted((id for id in held if id.startswith(prefix)), reverse=newest)
        return [(id, copy_value(held[id])) for id in ids[:limit]]

    async def drop(self, shelf: str, prefix: str, exactly: bool = True) -> int:
        """See Store."""
        held = self._shelves.get(shelf, {})
        gone = [id for id in held if (id == prefix if exactly else id.startswith(prefix))]
        for id in gone:
            del held[id]
        return len(gone)


def _known(held: Mapping[str, _T], what: str, id: str) -> _T:
    try:
        return held[id]
    except KeyError:
        raise NotFound(what, id) from None
