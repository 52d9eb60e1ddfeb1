"""The contract of a store, which keeps workflows, runs, published events and whatever else must outlive a process."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, runtime_checkable

from .errors import BadUsage, NotFound
from .events import Event
from .records import RUN_STATES
from .states import RunState
from .trigger import Published


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWorkflow:
    """A workflow as it is kept; `revision` grows by one with every change."""

    id: str
    revision: int
    graph: Mapping[str, Any]
    changed: float
    """When it was last changed, in seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHead:
    """What a list of runs says of each."""

    id: str
    created: float
    """When it was accepted, in seconds since 1970."""
    workflow: str | None = None
    name: str | None = None
    """The name in its graph."""
    state: RunState = RunState.PENDING
    changed: float | None = None
    """When its last event happened, in seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun(RunHead):
    """A run as it is kept, beside its journal."""

    graph: Mapping[str, Any]
    inputs: Mapping[str, Any]
    key: str | None = None
    """A caller's own name for it: the same key again is the same run."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """How it runs, such as `max_concurrency` and `durability`."""


EVENTS_AFTER: Final = "events_after"
"""The setting of a run that says how many events had been published in its store when it was accepted."""

OF_RUNS: Final = "of-runs"
"""The shelf for what belongs to one run, under ids that begin with the run's and a slash: it goes with the run."""


@runtime_checkable
class Store(Protocol):
    """Where workflows and runs are kept. What a call has answered, stays.

    Made from a URL, as `kind(url)`; the part before the colon is the kind's `name`. Raises StoreUnusable where it
    cannot be opened, StoreTaken where another process has it. Made as `kind(url, readonly=True)` it only reads, beside
    the process that has it; raises NotFound where there is nothing to read. A kind with `default = True` is what a user
    has who names none; it gives the URL of a store in a folder with `kind.url_in(folder)`.

    Every call may raise StoreFailed where it could not be done just now: it is not done, all or nothing, and may be
    tried again. Should the answer alone have been lost, `create_run`, `append` and `put` do no harm when made
    again. StoreUnusable says that it cannot be done any more.

    What it is given is not changed by it, nor by the caller afterwards.
    """

    name: str
    durable: bool
    """Whether what it holds outlives this process."""

    async def close(self) -> None:
        """Let go of everything that is open, with all that was answered kept."""

    # Workflows

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

    # Runs

    async def create_run(self, run: StoredRun) -> StoredRun:
        """Keep a new run, and return it; where its id or its key is known already, return that run instead."""

    async def append(self, run: str, events: Sequence[Event]) -> None:
        """Add events to the journal of a run, in order, all or none; raises NotFound.

        They carry on its `seq`, one after the other: those whose `seq` is recorded already are left as they are, so
        that a call whose answer was lost can be made again; where one between is missing, raises BadUsage.
        """

    async def get_run(self, id: str) -> StoredRun:
        """One run; raises NotFound."""

    async def runs(
        self,
        workflow: str | None = None,
        states: Collection[RunState] | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[RunHead]:
        """The runs, newest first, of one workflow and in one of these states; those older than the run `after`.

        Raises NotFound for an `after` that is not there.
        """

    async def events(self, run: str, after: int = 0, limit: int | None = None) -> list[Event]:
        """The journal of a run beyond `after`; raises NotFound."""

    async def delete_run(self, id: str) -> None:
        """Forget one run and its journal; raises NotFound."""

    async def prune(self, before: float) -> int:
        """Forget the runs that have ended, and the events published, before a moment; how many runs that were."""

    # Published events

    async def publish(self, event: Published, run: str | None = None) -> int:
        """Keep an event that was published, to all or to one run, and return its number: 1, 2, 3… in this store."""

    async def last_published(self) -> int:
        """The number of the event published last, forgotten or not; 0 before the first."""

    async def published(self, after: int = 0, limit: int | None = None) -> list[tuple[int, Published, str | None]]:
        """The events published beyond number `after`, each with its number and the run that it is for."""

    # Shelves: anything else, as JSON values by name

    async def put(self, shelf: str, id: str, value: Any) -> None:
        """Keep a value, in place of the one that is there."""

    async def add(self, shelf: str, id: str, value: Any) -> bool:
        """Keep a value if none is there; whether it was kept."""

    async def get(self, shelf: str, id: str) -> Any:
        """One value; None where there is none."""

    async def items(
        self, shelf: str, prefix: str = "", limit: int | None = None, newest: bool = False
    ) -> list[tuple[str, Any]]:
        """The ids that begin with `prefix` and their values, sorted by id; backwards with `newest`."""

    async def drop(self, shelf: str, prefix: str, exactly: bool = True) -> int:
        """Forget the value of one id, or of all that begin with it; how many that were."""


def unrecorded(run: str, recorded: int, events: Sequence[Event]) -> list[Event]:
    """Those events that a journal lacks whose last one is `recorded`; raises BadUsage where one between is missing."""
    fresh = [event for event in events if event.seq > recorded]
    for seq, event in enumerate(fresh, recorded + 1):
        if event.seq != seq:
            raise BadUsage(f"The journal of the run {run!r} goes on with event {seq}; {event.seq} cannot be next.")
    return fresh


def state_after(events: Sequence[Event]) -> RunState | None:
    """The state of the run that the last of these events leads to; None where none of them changes it."""
    return next((RUN_STATES[event.type] for event in reversed(events) if event.type in RUN_STATES), None)


async def find_workflow(store: Store, name: str) -> StoredWorkflow:
    """A stored workflow by its id or unique name; raises NotFound, or BadUsage where several have the name."""
    stored = await store.workflows()
    found = [w for w in stored if w.id == name] or [w for w in stored if w.graph.get("name") == name]
    if len(found) > 1:
        raise BadUsage(f"{len(found)} workflows are called {name!r}: use the id of one, such as {found[0].id!r}.")
    if not found:
        raise NotFound("workflow", name)
    return found[0]
