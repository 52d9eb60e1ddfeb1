"""What the tasks of a run reach outside themselves: bodies, events, other tasks, those who watch."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from threading import get_ident
from typing import Any, Protocol

from .block import BlockType
from .bodies import Bodies, Key
from .budget import Budget
from .errors import TaskFailed
from .events import Event
from .firing import is_timed, matches, wait_for_time
from .journal import Journal
from .mailbox import Mailbox
from .meter import Meter
from .places import Places
from .registry import Registry
from .spec import Graph, TriggerSpec
from .states import RunState
from .trigger import Fired, Published
from .vault import Vault

Find = Callable[[str], Awaitable[Graph]]
"""Gives a stored workflow by its id or unique name."""


class Outside(Protocol):
    """What the tasks of a run reach beyond it."""

    async def set_trigger(self, run: str, key: str, document: Mapping[str, Any]) -> str:
        """Set a trigger for a task of a run, and give its id."""

    async def publish_from(self, run: str, name: str, payload: Any) -> int:
        """Publish an event for a task of a run, and give how many runs heard it."""


class RunHost:
    """What the contexts of one run's tasks are given; see task.Host."""

    def __init__(
        self,
        journal: Journal,
        registry: Registry,
        places: Places,
        find: Find,
        clock: Callable[[], float],
        go_on: Callable[[], None],
        vault: Vault,
        budget: Budget,
        outside: Outside,
    ) -> None:
        self.run_id = journal.run
        self.bodies = Bodies(go_on, places)
        self.stops: dict[Key, RunState] = {}
        """Tasks that asked for the end of their graph, and how it shall end."""
        self._journal = journal
        self._vault = vault
        self._budget = budget
        self._outside = outside
        self._meter = Meter(budget)
        self._registry = registry
        self._places = places
        self._find = find
        self._clock = clock
        self._go_on = go_on
        self._mailbox = Mailbox()
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
        return await self._find(name)

    async def wait(self, holder: Key, trigger: TriggerSpec, fresh: bool) -> Fired:
        """Wait until a trigger fires; the task that waits lends its place meanwhile."""
        if trigger.type is None:
            raise TaskFailed("bad-trigger", "the trigger it waits for was not checked")
        scope, index = holder
        self._places.lend()
        self._go_on()
        try:
            if is_timed(trigger.type):
                return await wait_for_time(trigger, self._clock)
            event = await self._mailbox.take(
                (*scope.place, index), lambda event: matches(trigger, event, self.block_type), fresh
            )
            return Fired(event.payload, event.time)
        finally:
            self._places.retake()

    def publish(self, event: Published) -> None:
        """An event was published to this run."""
        self._mailbox.put(event)

    def close(self) -> None:
        """The run is over."""
        self._mailbox.close()

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
        self.stops[holder] = state

    def cancel_tasks(self, holder: Key, ids: Sequence[str]) -> None:
        """Cancel other tasks of the graph that `holder` is in."""
        scope, index = holder
        for id in ids:
            if (other := scope.plan.index.get(id)) is not None and other != index:
                scope.cancel(other, by=scope.ids[index])
        self._go_on()
