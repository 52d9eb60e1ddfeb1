"""What the tasks of a run reach outside themselves: bodies, events, other tasks, those who watch."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from threading import get_ident
from typing import Any

from .awaiting import Awaiting
from .block import BlockType
from .bodies import Bodies, Key
from .errors import UnknownPart
from .events import Event
from .journal import Journal
from .meter import Meter
from .outfit import Outfit
from .past import Past
from .places import Places
from .run import Log, Run
from .spec import Graph, TriggerSpec
from .states import RunState
from .task import Answer
from .trigger import Fired


class RunHost:
    """What the contexts of one run's tasks are given; see task.Host."""

    def __init__(
        self,
        outfit: Outfit,
        journal: Journal,
        log: Log,
        places: Places,
        go_on: Callable[[], None],
        past: Past,
        carry_on: Callable[[Run], None],
    ) -> None:
        self.run_id = journal.run
        self.bodies = Bodies(go_on, places, past, carry_on)
        self.awaiting = Awaiting(outfit.registry, log.clock, past, go_on)
        self.done: dict[Key, dict[str, Any]] = {}
        """What tasks have done to their graphs, to be told with their completion; see `Run.complete`."""
        self._journal = journal
        self._vault = outfit.vault
        self._budget = log.budget
        self._meter = Meter(log.budget)
        self._registry = outfit.registry
        self._outside = outfit.outside
        self._places = places
        self._find = outfit.find
        self._clock = log.clock
        self._go_on = go_on
        self._lending: dict[Key, int] = {}
        self._loop = asyncio.get_running_loop()
        self._thread = get_ident()

    def note(self, task: str, type: str, data: Mapping[str, Any]) -> None:
        """Tell those who watch; nothing is recorded. May be called from any thread."""
        event = Event(0, self._clock(), type, task, self._vault.mask(data))
        if get_ident() == self._thread:
            self._journal.note(event)
        else:
            self._loop.call_soon_threadsafe(self._journal.note, event)

    def block_type(self, name: str) -> BlockType:
        """The block type of this name."""
        return self._registry.block(name)

    def secret(self, name: str) -> str:
        """The value of a secret."""
        return self._vault.open(name)

    def call(self, task: str) -> AbstractAsyncContextManager[None]:
        """Count a call of a task, and end it where the time for calls is used up."""
        return self._meter.call(task)

    def spend(self, task: str, tokens: int) -> None:
        """Count tokens that a task has used; raises TaskFailed where they go beyond the budget."""
        self._budget.add(task, "tokens", tokens)
        if "tokens" in self._budget.limits and self._budget.left("tokens") < 0:
            raise self._budget.used_up("tokens")

    async def run_body(self, holder: Key, graph: Graph, inputs: Mapping[str, Any], key: int | None) -> dict[str, Any]:
        """Run a graph as a scope that `holder` holds."""
        return await self.bodies.run(holder, graph, inputs, key)

    async def find_workflow(self, name: str) -> Graph:
        """A stored workflow, by its id or unique name."""
        return await self._find(self.run_id, name)

    async def wait(self, holder: Key, number: int, trigger: TriggerSpec, fresh: bool) -> Fired:
        """Wait until a trigger fires; the task that waits lends its place meanwhile."""
        async with self._lent(holder):
            return await self.awaiting.fire(holder, number, trigger, fresh)

    async def ask(self, holder: Key, number: int, form: Mapping[str, Any]) -> Answer:
        """Wait for the next answer of a person; the task that waits lends its place meanwhile."""
        async with self._lent(holder):
            return await self.awaiting.ask(holder, number, form)

    def in_flight(self, root: Run) -> list[Key]:
        """The tasks that run code of their own and may run again, so that leaving them is no fault of theirs."""
        return [
            (scope, index)
            for scope in (root, *self.bodies.scopes.values())
            for index in sorted(scope.running - scope.doomed.keys())
            if scope.plan.tasks[index].type.rerun and not self._goes_on((scope, index))
        ]

    def _goes_on(self, task: Key) -> bool:
        """Whether a task that runs holds bodies or waits, so that it can go on where it is."""
        return self.bodies.holds(task) or task in self._lending

    @asynccontextmanager
    async def _lent(self, holder: Key) -> AsyncIterator[None]:
        self._lending[holder] = self._lending.get(holder, 0) + 1
        self._places.lend()
        self._go_on()
        try:
            yield
        finally:
            self._places.retake()
            self._lending[holder] -= 1
            if not self._lending[holder]:
                del self._lending[holder]

    def answer(self, root: Run, task: str, value: Any, block: str | None) -> None:
        """A person answers a task of the run, also one in a body; raises UnknownPart, WrongState and BadUsage."""
        outer, dot, id = task.rpartition(".")
        scope = root if not dot else self.bodies.scopes.get(outer + dot)
        if scope is None or id not in scope.plan.index:
            raise UnknownPart("task", task, f"The run {self.run_id}", [] if scope is None else list(scope.plan.index))
        self.awaiting.answer((scope, scope.plan.index[id]), value, block)

    def close(self) -> None:
        """The run is over."""
        self.awaiting.mailbox.close()

    async def set_trigger(self, key: str, document: Mapping[str, Any]) -> str:
        """Set a trigger that outlives the run."""
        return await self._outside.set_trigger(self.run_id, key, document)

    async def publish_event(self, name: str, payload: Any) -> int:
        """Publish an event to all."""
        return await self._outside.publish_from(self.run_id, name, payload)

    async def room(self) -> None:
        """Wait until there is a free place and nothing that is ready to take it."""
        await self._places.seek()

    def end_bodies(self, holder: Key) -> None:
        """End the bodies that `holder` holds."""
        self.bodies.end_all(holder)

    def stop_scope(self, holder: Key, state: RunState) -> None:
        """End the graph that `holder` is in, once it has completed."""
        self.done.setdefault(holder, {})["ends"] = state

    def cancel_tasks(self, holder: Key, ids: Sequence[str]) -> None:
        """Cancel other tasks of the graph that `holder` is in."""
        scope, index = holder
        others = [scope.plan.index[id] for id in ids if scope.plan.index.get(id, index) != index]
        for other in others:
            scope.cancel(other, by=scope.ids[index])
        if running := [scope.plan.tasks[other].id for other in others if other in scope.running]:
            self.done.setdefault(holder, {}).setdefault("cancels", []).extend(running)
        self._go_on()
