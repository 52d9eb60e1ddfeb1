"""Workflows and runs on a store: what the command line, the server and programs all call."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from types import TracebackType
from typing import Any, Final
from weakref import WeakValueDictionary

from .agenda import Agenda
from .beginnings import Result
from .cache import Cache
from .check import check, complete_inputs, prepare, wanted_limits
from .errors import BadUsage, InvalidGraph, NotFound, StoreFailed, WrongState
from .executor import Executor, InProcessExecutor
from .launching import Launcher
from .library import Library
from .live import LiveRun, PastRun, RunView
from .outfit import Outfit
from .places import Groups
from .plan import Plan
from .plugins import Plugins
from .problem import Problem
from .publications import Publications
from .registry import Registry
from .revival import Revival, Revived, give_strikes, last_graph, reusable
from .run import Log, Run
from .states import RUN_ENDS, RunState
from .store import EVENTS_AFTER, RunHead, Store, StoredRun
from .transfer import IMPORTED
from .triggers import Reach, Triggers, World
from .values import copy_value, new_id
from .vault import Vault
from .watchdog import Watchdog

_log = logging.getLogger(__name__)

DURABILITIES: Final = ("sync", "async", "exit")
"""When results reach the store: before what depends on them starts, soon and in order, or at the end."""


class Engine(Library):
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
        super().__init__(offered.fresh(), store, clock)
        observers = plugins.observers if isinstance(plugins, Plugins) else []
        self._watchdog = Watchdog(plugins) if isinstance(plugins, Plugins) else None
        self._executor = executor or InProcessExecutor()
        self._vault = Vault()
        world = World(
            registry=self.registry, store=store, clock=clock, start=self.start, run=self.run, mask=self._vault.mask
        )
        self.triggers = Triggers(world, listening)
        """The triggers that stand by themselves; they fire once they are opened."""
        self._outfit = Outfit(
            executor=self._executor,
            registry=self.registry,
            groups=Groups(groups),
            cache=Cache(clock, store, self._vault.mask),
            find=self.find,
            outside=Reach(store, self.triggers, self.publish),
            vault=self._vault,
        )
        self._owns_store = owns_store
        self._publications = Publications(store, clock, self.triggers.publish)
        self._launcher = Launcher(self._outfit, store, observers, self._publications)
        self._revival = Revival(self.registry, clock)
        self._keys: dict[str, str] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __aenter__(self) -> "Engine":
        if self._watchdog is not None:
            self._watchdog.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End what runs, leaving it as recorded, and let go of everything."""
        if self._watchdog is not None:
            self._watchdog.stop()
        await self.triggers.close()
        for run in self.live:
            await run.abandon()
        await self._launcher.close()
        await self.registry.close()
        await self._executor.close()
        await self._outfit.cache.close()
        self._vault.close()
        if self.store is not None and self._owns_store:
            await self.store.close()

    def check(self, graph: Any) -> list[Problem]:
        """Everything that is wrong with a graph."""
        return check(graph, self.registry)

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
        settings = _settings(max_concurrency, durability, chain, limits)
        plan = prepare(graph, self.registry)
        given = self._vault.mask(complete_inputs(plan, inputs or {}))
        async with self._turn(key):
            made = await self._new(plan, given, workflow, settings, key)
            kept = await self._accept(made)
            if kept.id != made.id:
                if await self._has_begun(kept.id):
                    return await self.run(kept.id)
                plan = prepare(kept.graph, self.registry)  # it was kept, and nobody was told so: it begins now
            live = self._launcher.launch(kept, Run(plan, Log(self._clock), Agenda()))
        live.start(lambda: live.run.begin(kept.inputs), then)
        await self._launcher.catch_up(live)
        return live

    def _turn(self, key: str | None) -> AbstractAsyncContextManager[Any]:
        """The turn of a call with this key: one by one, so that it is known before it is asked for again."""
        return nullcontext() if key is None else self._turns.setdefault(key, asyncio.Lock())

    async def run(self, id: str) -> RunView:
        """One run, going on or over; raises NotFound."""
        if id in self._launcher.runs:
            return self._launcher.runs[id]
        if self.store is None:
            raise NotFound("run", id)
        stored, events = await self.store.get_run(id), await self.store.events(id)
        plan = partial(self._plan_of, last_graph(stored.graph, events))
        return PastRun(id, _task_ids(stored.graph), events, stored.workflow, plan)

    async def _has_begun(self, id: str) -> bool:
        return id in self._launcher.runs or bool(await self._kept.events(id, limit=1))

    async def publish(self, name: str, payload: Any = None, run: str | None = None, chain: int = 0) -> int:
        """Publish an event to every run that goes on and to the triggers, or to one run alone; how many runs heard it.

        It is kept before the answer comes. `chain` is how many triggers fired in a row until somebody published it.
        Raises NotFound.
        """
        heard = self.live if run is None else [await self.run(run)]
        number, event = await self._publications.publish(name, self._vault.mask(copy_value(payload)), run, chain)
        return sum(one.publish(number, event) for one in heard if isinstance(one, LiveRun))

    @property
    def live(self) -> list[LiveRun]:
        """The runs that go on."""
        return self._launcher.live

    @property
    def stalled(self) -> bool:
        """Whether a run waits for the store, which cannot record it just now, as on a full disk."""
        return self._launcher.stalled

    def listen(self, listener: Callable[[LiveRun], None]) -> Callable[[], None]:
        """Have `listener` called with every run as it begins, whoever starts it; the answer ends that."""
        return self._launcher.listen(listener)

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

    async def _accept(self, made: StoredRun) -> StoredRun:
        """Keep a new run, and give it, or the run that stands under its key already.

        Where the store's answer is lost, one without a key is taken back: nobody can ask for it again.
        """
        if self.store is None:
            known = made.id if made.key is None else self._keys.setdefault(made.key, made.id)
            return made if known == made.id else self._launcher.runs[known].stored
        try:
            return await self.store.create_run(made)
        except StoreFailed:
            if made.key is None:
                self._launcher.take_back(made.id)
            raise

    async def _new(
        self, plan: Plan, given: Mapping[str, Any], workflow: str | None, settings: Mapping[str, Any], key: str | None
    ) -> StoredRun:
        told = {name: value for name, value in settings.items() if value is not None}
        return StoredRun(
            id=new_id("r"),
            graph=plan.document,
            inputs=given,
            created=self._clock(),
            workflow=workflow,
            name=plan.name or None,
            key=key,
            settings={**told, EVENTS_AFTER: await self._publications.last()},
        )

    async def retry(self, id: str) -> RunView:
        """Let a failed run go on: with what failed, and what was canceled for it; the rest stays as it is."""
        view, stored, (run, past) = await self._revive(id)
        if view.state is not RunState.FAILED:
            raise WrongState("run", id, view.state.value, "only a failed run can be retried")
        past.reopen()
        live = self._launcher.launch(stored, run, past)
        live.start(run.retry_failed)
        await self._launcher.catch_up(live)
        return live

    async def rerun(self, id: str, start: str | None = None, inputs: Mapping[str, Any] | None = None) -> RunView:
        """Start a new run of the same graph; what does not come after the task `start` is not done again.

        Without `inputs` it has those of the old run. A result is used again only where the task is given the same.
        """
        _, stored, (old, _) = await self._revive(id)
        reuse = reusable(old, start)
        given = self._vault.mask(complete_inputs(old.plan, old.inputs if inputs is None else inputs))
        settings = {**stored.settings, "reuses": {"run": id, "from": start}}
        made = await self._new(old.plan, given, stored.workflow, settings, None)
        await self._accept(made)
        live = self._launcher.launch(made, Run(old.plan, Log(self._clock), Agenda()), reuse=reuse)
        live.start(lambda: live.run.begin(given))
        return live

    async def recover(self) -> list[str]:
        """Carry on every run that was open when the store was last let go of; their ids, the oldest first.

        What is on record is not done again. A run whose types are no longer installed stays as it is, and so does one
        that came from another store in a document.
        """
        heads = await self._kept.runs(states=set(RunState) - RUN_ENDS)
        return await self._carry_on([head.id for head in reversed(heads) if head.id not in self._launcher.runs])

    async def carry_on(self, id: str) -> RunView:
        """Carry on one run that was open when the store was let go of; raises WrongState and InvalidGraph."""
        view = await self.run(id)
        if not isinstance(view, LiveRun):
            if view.state in RUN_ENDS:
                raise WrongState("run", id, view.state.value, "only a run that is not over can be carried on")
            await self._carry_on([id], strictly=True)
        return await self.run(id)

    async def _carry_on(self, ids: Sequence[str], strictly: bool = False) -> list[str]:
        revived: dict[str, tuple[StoredRun, Revived]] = {}
        for id in ids:
            stored, events = await self._kept.get_run(id), await self._kept.events(id)
            if stored.settings.get(IMPORTED) and not strictly:
                continue
            try:
                revived[id] = stored, self._revival.revive(stored.graph, events)
            except InvalidGraph as error:
                if strictly:
                    raise
                _log.warning("run %s stays as it is: %s", id, error.message)
        give_strikes({id: past for id, (_, (_, past)) in revived.items()}, self._outfit.probation)
        for stored, (run, past) in revived.values():
            reuses = stored.settings.get("reuses")
            reuse = None if reuses is None else await self._reusable(reuses)
            if stored.id in self._launcher.runs:  # somebody else has carried it on meanwhile
                continue
            live = self._launcher.launch(stored, run, past, reuse)
            live.carry_on()
            await self._launcher.catch_up(live)
        return list(revived)

    async def _reusable(self, reuses: Mapping[str, Any]) -> Mapping[int, Result]:
        """The results that a new run was to use again; none where the old one is no longer there."""
        try:
            _, _, (old, _) = await self._revive(reuses["run"])
        except NotFound:
            return {}
        return reusable(old, reuses["from"])

    async def drain(self, seconds: float) -> None:
        """Start nothing more, and give what runs so many seconds to end; call `close` then."""
        if draining := [asyncio.ensure_future(run.drain()) for run in self.live]:
            _, late = await asyncio.wait(draining, timeout=seconds)
            for one in late:
                one.cancel()

    async def delete_run(self, id: str) -> None:
        """Forget a run that is over, with its journal; raises NotFound and WrongState."""
        view = await self.run(id)
        if view.state not in RUN_ENDS:
            raise WrongState("run", id, view.state.value, "wait for its end, or stop it, first")
        await self._kept.delete_run(id)
        self._launcher.runs.pop(id, None)

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

    async def _revive(self, id: str) -> tuple[RunView, StoredRun, Revived]:
        """A run, and its state made anew from its events; one that goes on is refused."""
        view = await self.run(id)
        if view.state not in RUN_ENDS:
            raise WrongState("run", id, view.state.value, "wait for its end, or stop it, first")
        stored = view.stored if isinstance(view, LiveRun) else await self._kept.get_run(id)
        return view, stored, self._revival.revive(stored.graph, view.events)


def _settings(
    max_concurrency: int | None, durability: str | None, chain: int, limits: Mapping[str, Any] | None
) -> dict[str, Any]:
    """How a run is to run, None where nothing was said; raises BadUsage."""
    if max_concurrency is not None and max_concurrency < 1:
        raise BadUsage(f"max_concurrency must be at least 1; it is {max_concurrency}.")
    if durability not in (None, *DURABILITIES):
        raise BadUsage(f"durability is one of {', '.join(DURABILITIES)}; it is {durability!r}.")
    return {
        "max_concurrency": max_concurrency,
        "durability": durability,
        "chain": chain or None,
        "limits": wanted_limits(limits or {}) or None,
    }


def _task_ids(graph: Mapping[str, Any]) -> Sequence[str]:
    return [task["id"] for task in graph.get("tasks") or ()]
