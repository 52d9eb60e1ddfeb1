"""The contract of a store, which keeps workflows and runs, and the kind that keeps them in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar, runtime_checkable

from .errors import Conflict, NotFound
from .events import Event
from .records import RUN_STATES
from .states import RunState

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWorkflow:
    """A workflow as it is kept; `revision` grows by one with every change."""

    id: str
    revision: int
    graph: Mapping[str, Any]
    changed: float
    """When it was last changed, in seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run as it is kept, beside its journal."""

    id: str
    graph: Mapping[str, Any]
    inputs: Mapping[str, Any]
    created: float
    """When it was accepted, in seconds since 1970."""
    workflow: str | None = None
    key: str | None = None
    """A caller's own name for it: the same key again is the same run."""
    state: RunState = RunState.PENDING
    settings: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Store(Protocol):
    """Where workflows and runs are kept. What a call has answered, stays."""

    async def close(self) -> None:
        """Let go of everything that is open."""

    async def put_workflow(self, id: str, graph: Mapping[str, Any], changed: float, revision: int | None) -> int:
        """Keep a graph and return its new revision; `revision` is the one it replaces, None for a new workflow.

        Raises NotFound, or Conflict where another revision stands.
        """

    async def get_workflow(self, id: str) -> StoredWorkflow:
        """One workflow; raises NotFound."""

    async def workflows(self) -> list[StoredWorkflow]:
        """All workflows, in the order in which they were made."""

    async def delete_workflow(self, id: str) -> None:
        """Forget one workflow; raises NotFound. Its runs stay."""

    async def create_run(self, run: StoredRun) -> StoredRun:
        """Keep a new run, and return it; where its key is known already, return the run of that key instead."""

    async def append(self, run: str, events: Sequence[Event]) -> None:
        """Add events to the journal of a run, in order, all or none; they carry on its `seq`."""

    async def get_run(self, id: str) -> StoredRun:
        """One run; raises NotFound."""

    async def runs(self, workflow: str | None = None, state: RunState | None = None) -> list[StoredRun]:
        """The runs, oldest first, by workflow and state."""

    async def events(self, run: str, after: int = 0, limit: int | None = None) -> list[Event]:
        """The journal of a run beyond `after`; raises NotFound."""


class MemoryStore:
    """A store that keeps everything in this process and loses it with it."""

    name = "memory"

    def __init__(self, url: str = "memory:") -> None:
        self.url = url
        self._workflows: dict[str, StoredWorkflow] = {}
        self._runs: dict[str, StoredRun] = {}
        self._keys: dict[str, str] = {}
        self._events: dict[str, list[Event]] = {}

    async def close(self) -> None:
        """Nothing is open."""

    async def put_workflow(self, id: str, graph: Mapping[str, Any], changed: float, revision: int | None) -> int:
        """See Store."""
        standing = self._workflows.get(id)
        if revision is not None and standing is None:
            raise NotFound("workflow", id)
        if standing is not None and revision != standing.revision:
            raise Conflict("workflow", id, standing.revision)
        made = StoredWorkflow(id=id, revision=(revision or 0) + 1, graph=graph, changed=changed)
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
        if run.key is not None:
            known = self._keys.setdefault(run.key, run.id)
            if known != run.id:
                return self._runs[known]
        self._runs[run.id] = run
        self._events[run.id] = []
        return run

    async def append(self, run: str, events: Sequence[Event]) -> None:
        """See Store."""
        _known(self._events, "run", run).extend(events)
        if events and (state := state_after(events)) is not None:
            self._runs[run] = replace(self._runs[run], state=state)

    async def get_run(self, id: str) -> StoredRun:
        """See Store."""
        return _known(self._runs, "run", id)

    async def runs(self, workflow: str | None = None, state: RunState | None = None) -> list[StoredRun]:
        """See Store."""
        return [r for r in self._runs.values() if workflow in (None, r.workflow) and state in (None, r.state)]

    async def events(self, run: str, after: int = 0, limit: int | None = None) -> list[Event]:
        """See Store."""
        journal = _known(self._events, "run", run)
        return journal[after:] if limit is None else journal[after : after + limit]


def state_after(events: Sequence[Event]) -> RunState | None:
    """The state of the run that the last of these events leads to; None where none of them changes it."""
    return next((RUN_STATES[event.type] for event in reversed(events) if event.type in RUN_STATES), None)


def _known(held: Mapping[str, _T], what: str, id: str) -> _T:
    try:
        return held[id]
    except KeyError:
        raise NotFound(what, id) from None
