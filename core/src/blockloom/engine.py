"""Workflows and runs on a store: what the command line, the server and programs all call."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Final

from .agenda import Agenda
from .cache import Cache
from .check import as_body, check, complete_inputs, exposed_keys, prepare, wanted_limits
from .errors import BadUsage, InvalidGraph, NotFound, UnknownPart, WrongState
from .events import RUN_EDITED, Event
from .executor import Executor, InProcessExecutor
from .graph import reach
from .journal import Journal
from .live import LiveRun, PastRun, RunView
from .places import Groups
from .plan import Plan
from .plugins import Plugins
from .problem import Problem
from .registry import Registry
from .run import Log, Run
from .scheduler import Outfit, Result, Scheduler
from .spec import Graph
from .states import RUN_ENDS, RunState, TaskState
from .store import RunHead, Store, StoredRun, StoredWorkflow
from .trigger import Published
from .triggers import Reach, Triggers, World
from .values import copy_value, new_id
from .vault import Vault

DURABILITIES: Final = ("sync", "async", "exit")
"""When results reach the store: before what depends on them starts, soon and in order, or at the end."""

KEPT: Final = 100
"""Runs that are over and stay in memory; older ones are read back from the store."""


class Engine:
    """Runs workflows. Open it with `async with`; closing it ends what still runs."""

    def __init__(
        self,
        plugins: Plugins | Registry,
        store: Store | None = None,
        executor: Executor | None = None,
        clock: Callable[[], float] = time.time,
        owns_store: bool = True,
        groups: Mapping[str, int] | None = None,
        listening: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        offered = plugins.registry if isinstance(plugins, Plugins) else plugins
        self.registry = offered.fresh()
        self.store = store
        self._observers = plugins.observers if isinstance(plugins, Plugins) else []
        self._executor = executor or InProcessExecutor()
        self._vault = Vault()
        world = World(registry=self.registry, store=store, clock=clock, start=self.start, run=self.run)
        self.triggers = Triggers(world, listening)
        """The triggers that stand by themselves; they fire once they are opened."""
        self._outfit = Outfit(
            executor=self._executor,
            registry=self.registry,
            groups=Groups(groups),
            cache=Cache(clock),
            find=self._find,
            outside=Reach(store, self.triggers, self.publish),
            vault=self._vault,
        )
        self._clock = clock
        self._owns_store = owns_store
        self._runs: dict[str, RunView] = {}
        self._keys: dict[str, str] = {}
        self._listeners: list[Callable[[LiveRun], None]] = []
        self._accepting = asyncio.Lock()

    async def __aenter__(self) -> "Engine":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End what runs, leaving it as recorded, and let go of everything."""
        await self.triggers.close()
        for run in self.live:
            await run.abandon()
        await self.registry.close()
        await self._executor.close()
        self._vault.close()
        if self.store is not None and self._owns_store:
            await self.store.close()

    def check(self, graph: Any) -> list[Problem]:
        """Everything that is wrong with a graph."""
        return check(graph, self.registry)

    # Workflows

    async def create_workflow(self, graph: Mapping[str, Any]) -> StoredWorkflow:
        """Keep a new workflow, problems and all; raises InvalidGraph only where a key can be read in it."""
        refuse_keys(graph)
        return await self._put_workflow(new_id("w"), graph, None)

    async def update_workflow(self, id: str, graph: Mapping[str, Any], revision: int) -> StoredWorkflow:
        """Replace a workflow's graph; raises Conflict where `revision` is not the one that stands, or InvalidGraph."""
        refuse_keys(graph)
        return await self._put_workflow(id, graph, revision)

    async def get_workflow(self, id: str) -> StoredWorkflow:
        """One workflow; raises NotFound."""
        return await self._kept.get_workflow(id)

    async def workflows(self) -> list[StoredWorkflow]:
        """All workflows."""
        return await self._kept.workflows()

    async def delete_workflow(self, id: str) -> None:
        """Forget a workflow; its runs stay."""
        await self._kept.delete_workflow(id)
        await self.triggers.settle(id, None)

    async def _put_workflow(self, id: str, graph: Mapping[str, Any], revision: int | None) -> StoredWorkflow:
        await self._kept.put_workflow(id, graph, self._clock(), revision)
        kept = await self._kept.get_workflow(id)
        await self.triggers.settle(id, kept.graph)
        return kept

    # Runs

    async def start(
        self,
        graph: Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None,
        *,
        workflow: str | None = None,
        max_concurrency: int | None = None,
        durability: str | None = None,
        key: str | None = None,
        chain: int = 0,
        limits: Mapping[str, Any] | None = None,
        then: Callable[[], Awaitable[None]] | None = None,
    ) -> RunView:
        """Start a run and return at once, the run being kept already.

        `key` is the caller's own name for it: the same key again is the same run. `limits` go before those of the
        graph. `chain` is how many triggers fired in a row until it was started. `then` is called when it is over.
        Raises InvalidGraph or InvalidInputs, with everything that is wrong.
        """
        limits = wanted_limits(limits or {})
        if max_concurrency is not None and max_concurrency < 1:
            raise BadUsage(f"max_concurrency must be at least 1; it is {max_concurrency}.")
        if durability not in (None, *DURABILITIES):
            raise BadUsage(f"durability is one of {', '.join(DURABILITIES)}; it is {durability!r}.")
        plan = prepare(graph, self.registry)
        given = self._vault.mask(complete_inputs(plan, inputs or {}))
        made = StoredRun(
            id=new_id("r"),
            graph=plan.document,
            inputs=given,
            created=self._clock(),
            workflow=workflow,
            name=plan.name or None,
            key=key,
            settings={name: value for name, value in {"chain": chain, "limits": limits}.items() if value},
        )
        async with self._accepting:  # one by one, so that a key is known before it is asked for again
            kept = await self._accept(made)
            if kept != made.id:
                return await self.run(kept)
            live = self._launch(plan, made.id, workflow, max_concurrency, limits=limits)
        live.start(lambda: live.run.begin(given), then)
        return live

    async def run(self, id: str) -> RunView:
        """One run, going on or over; raises NotFound."""
        if id in self._runs:
            return self._runs[id]
        if self.store is None:
            raise NotFound("run", id)
        stored, events = await self.store.get_run(id), await self.store.events(id)
        plan = partial(self._plan_of, _last_graph(stored.graph, events))
        return PastRun(id, _task_ids(stored.graph), events, stored.workflow, plan)

    async def publish(self, name: str, payload: Any = None, run: str | None = None, chain: int = 0) -> int:
        """Publish an event to every run that goes on and to the triggers, or to one run alone; how many runs heard it.

        It is kept before the answer comes. `chain` is how many triggers fired in a row until somebody published it.
        Raises NotFound.
        """
        carried = self._vault.mask(copy_value(payload))
        event = Published(name=name, payload=carried, time=datetime.fromtimestamp(self._clock(), UTC))
        heard = self.live if run is None else [await self.run(run)]
        if self.store is not None:
            await self.triggers.publish(event, run, chain)
        return sum(one.publish(event) for one in heard if isinstance(one, LiveRun))

    @property
    def live(self) -> list[LiveRun]:
        """The runs that go on."""
        return [run for run in self._runs.values() if isinstance(run, LiveRun) and not run.run.over]

    def listen(self, listener: Callable[[LiveRun], None]) -> Callable[[], None]:
        """Have `listener` called with every run as it begins, whoever starts it; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def runs(
        self,
        workflow: str | None = None,
        states: Collection[RunState] | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[RunHead]:
        """The runs that are kept, newest first; see Store.runs."""
        return await self._kept.runs(workflow, states, limit, after)

    def _plan_of(self, graph: Mapping[str, Any]) -> Plan | None:
        """The plan of a graph that has run; None where its types are no longer there."""
        try:
            return prepare(graph, self.registry)
        except InvalidGraph:
            return None

    async def _accept(self, made: StoredRun) -> str:
        """Keep a new run; the id of the run that stands under its key already, else its own."""
        if self.store is not None:
            return (await self.store.create_run(made)).id
        return made.id if made.key is None else self._keys.setdefault(made.key, made.id)

    @property
    def _kept(self) -> Store:
        if self.store is None:
            raise BadUsage("This engine keeps nothing: give it a store.")
        return self.store

    async def _find(self, name: str) -> Graph:
        """A stored workflow, by its id or unique name, as a body."""
        stored = await self._kept.workflows()
        named = [w for w in stored if w.id == name] or [w for w in stored if w.graph.get("name") == name]
        if len(named) > 1:
            raise BadUsage(f"{len(named)} workflows are called {name!r}: use the id of one, such as {named[0].id!r}.")
        if not named:
            raise NotFound("workflow", name)
        return as_body(named[0].graph, self.registry)

    async def retry(self, id: str) -> RunView:
        """Let a failed run go on: with what failed, and what was canceled for it; the rest stays as it is."""
        past, run = await self._revive(id)
        if past.state is not RunState.FAILED:
            raise WrongState("run", id, past.state.value, "only a failed run can be retried")
        live = self._launch(run.plan, id, past.workflow, run=run)
        live.start(run.retry_failed)
        return live

    async def rerun(self, id: str, start: str | None = None, inputs: Mapping[str, Any] | None = None) -> RunView:
        """Start a new run of the same graph; what does not come after the task `start` is not done again.

        Without `inputs` it has those of the old run. A result is used again only where the task is given the same.
        """
        past, old = await self._revive(id)
        plan = old.plan
        if start is not None and start not in plan.index:
            raise UnknownPart("task", start, "The run", list(plan.index)[:20])
        again = reach([plan.index[start]], plan.ahead) if start is not None else set(range(len(plan.tasks)))
        reuse = {
            task.index: Result(old.given[task.index] or {}, old.gave[task.index] or {})
            for task in plan.tasks
            if task.index not in again and not task.type.starts and old.states[task.index] is TaskState.COMPLETED
        }
        given = self._vault.mask(complete_inputs(plan, old.inputs if inputs is None else inputs))
        made = StoredRun(
            id=new_id("r"), graph=plan.document, inputs=given, created=self._clock(), workflow=past.workflow
        )
        await self._accept(made)
        live = self._launch(plan, made.id, made.workflow, reuse=reuse)
        live.start(lambda: live.run.begin(given))
        return live

    async def edit(self, id: str, graph: Mapping[str, Any]) -> RunView:
        """Let a run go on with another graph: what has not begun may be added, removed, connected and moved.

        Raises InvalidGraph, and WrongState with the tasks that have begun and would change.
        """
        view = await self.run(id)
        if not isinstance(view, LiveRun):
            raise WrongState("run", id, view.state.value, "only a run that goes on can be edited")
        plan = prepare(graph, self.registry)
        if (plan.document.get("inputs") or {}) != (view.run.plan.document.get("inputs") or {}):
            raise WrongState("run", id, view.state.value, "the inputs of what has begun cannot be changed any more")
        await view.edit(plan)
        return view

    async def _revive(self, id: str) -> tuple[RunView, Run]:
        """A run, and its state made anew from its events; one that goes on is refused."""
        view = await self.run(id)
        if view.state not in RUN_ENDS:
            raise WrongState("run", id, view.state.value, "wait for its end, or stop it, first")
        if isinstance(view, LiveRun):
            plan = view.plan
        else:
            plan = prepare(_last_graph((await self._kept.get_run(id)).graph, view.events), self.registry)
        run = Run(plan, Log(self._clock), Agenda())
        run.replay(view.events)
        return view, run

    def _launch(
        self,
        plan: Plan,
        id: str,
        workflow: str | None,
        max_concurrency: int | None = None,
        run: Run | None = None,
        reuse: Mapping[int, Result] | None = None,
        limits: Mapping[str, float] | None = None,
    ) -> LiveRun:
        """A run in this engine's hands: a new one, or one that goes on from what is recorded."""
        made = run or Run(plan, Log(self._clock), Agenda())
        made.log.guard(self._vault.mask, {**plan.limits, **(limits or {})})
        journal = Journal(id, made.log, self.store, self._observers)
        journal.recorded = len(made.log.events)
        scheduler = Scheduler(made, journal, self._outfit, max_concurrency, reuse)
        live = LiveRun(made, scheduler, journal, workflow)
        self._runs[id] = live
        self._forget()
        for listener in tuple(self._listeners):
            listener(live)
        return live

    def _forget(self) -> None:
        """Let go of the oldest runs that are over, where the store can give them back."""
        if self.store is None or len(self._runs) <= KEPT:
            return
        over = [id for id, run in self._runs.items() if run.state in RUN_ENDS]
        for id in over[: len(self._runs) - KEPT]:
            del self._runs[id]


def refuse_keys(graph: Mapping[str, Any]) -> None:
    """Refuse to keep a document in which a key can be read; raises InvalidGraph with each place."""
    if found := exposed_keys(graph):
        raise InvalidGraph(found)


def _task_ids(graph: Mapping[str, Any]) -> Sequence[str]:
    return [task["id"] for task in graph.get("tasks") or ()]


def _last_graph(graph: Mapping[str, Any], events: Sequence[Event]) -> Mapping[str, Any]:
    """The graph that a run went by in the end: the one it began with, or that of its last edit."""
    return next((event.data["graph"] for event in reversed(events) if event.type == RUN_EDITED), graph)
