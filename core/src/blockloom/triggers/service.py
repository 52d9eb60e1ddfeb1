"""All triggers of one engine: they are set here, kept in its store, and fire while it is open."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from ..check import exposed_keys
from ..errors import BadUsage, InvalidTrigger, NotFound, WrongState
from ..firing import is_timed
from ..sentences import problem
from ..store import Store
from ..trigger import Published, Receipt
from ..values import copy_value
from ..words import both
from .actions import World
from .clockwork import Clockwork
from .events import EventReader
from .firing import Firing
from .firings import Firings, Listener
from .listening import Listeners
from .making import make, make_held
from .moments import upcoming
from .standing import Standing, at, written

TRIGGERS: Final = "triggers"
"""The shelf of the triggers."""

KEPT_SPENT: Final = timedelta(days=7)
"""How long a trigger is kept that a run has set and that can fire no more."""

SWEEP: Final = timedelta(hours=1)
"""How often such triggers are looked for."""


class Triggers:
    """The standing triggers of an engine. They are kept at once, and fire from `open` to `close`."""

    def __init__(self, world: World, settings: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._world = world
        self._standing: dict[str, Standing] = {}
        self._loading = asyncio.Lock()
        self._loaded = False
        self._firings = Firings(world, self._standing)
        self._listeners = Listeners(self.fire, settings or {})
        self._events = EventReader(world, self._firings)
        self._clockwork: Clockwork | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._swept = at(0)

    # Their life

    async def open(self) -> None:
        """Let the triggers fire, those first that fired before and were not seen to their end."""
        await self._load()
        workflows = {workflow.id: workflow for workflow in await self._store.workflows()}
        for workflow in workflows.values():
            await self._settle(workflow.id, workflow.graph, at(workflow.changed))
        for holder in {trigger.holder for trigger in self._standing.values()} - workflows.keys() - {None}:
            await self._settle(str(holder), None, self._now())
        await self._sweep()
        await self._firings.open()
        self._clockwork = Clockwork(self._world, self._standing, self._firings, self._save, self._spawn)
        for trigger in self._standing.values():
            self._arm(trigger)
        self._spawn(self._clockwork.run())
        self._spawn(self._events.run())

    async def rest(self) -> None:
        """Let nothing fire any more; of what has begun, the outcome is still kept."""
        self._clockwork = None
        self._firings.rest()
        await self._listeners.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Let nothing fire any more, and leave what has begun; it is taken up when they are opened again."""
        await self.rest()
        await self._firings.close()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called with every firing once it has begun or was passed over; the answer ends that."""
        return self._firings.listen(listener)

    # Setting them

    async def create(self, document: Mapping[str, Any]) -> Standing:
        """Set a new trigger; raises InvalidTrigger with everything that is wrong with it, and NotFound."""
        made = await self._make(document)
        if made.id in self._standing:
            raise InvalidTrigger([problem("duplicate-id", "/id", id=made.id, what=both("trigger", "触发器"))])
        return await self._put(made)

    async def set_by(self, key: str, workflow: str | None, chain: int, document: Mapping[str, Any]) -> Standing:
        """Set a trigger for the task with this idempotency key: the same key again is the same trigger.

        Without an action or a workflow of its own it runs `workflow`. A trigger of its id that stands in no document
        gives way to it.
        """
        await self._load()
        known = next((trigger for trigger in self._standing.values() if trigger.key == key), None)
        if known is not None:
            return known
        if workflow is not None and document.get("action") is None and document.get("workflow") is None:
            document = {**document, "workflow": workflow}
        made = await self._make(document)
        made.key, made.chain = key, chain
        if made.id in self._standing:
            self._own(made.id)
        await self._sweep()
        return await self._put(made)

    async def update(self, document: Mapping[str, Any]) -> Standing:
        """Replace a trigger by another document of its id; where it fires otherwise, it begins anew."""
        await self._load()
        old = self._own(str(document.get("id")))
        made = await self._make(document)
        made.key, made.chain = old.key, old.chain
        made.carry_on(old)
        return await self._put(made)

    async def delete(self, id: str) -> None:
        """Forget a trigger and its firings; runs that it has started go on."""
        await self._load()
        await self._forget(self._own(id))

    async def enable(self, id: str, enabled: bool = True) -> Standing:
        """Let a trigger fire, or fire no more; one that is enabled again begins anew."""
        trigger = await self.get(id)
        if enabled and not trigger.enabled:
            trigger.since, trigger.event, trigger.spent = self._now(), self._events.last, False
        trigger.enabled = enabled
        await self._save(trigger)
        self._arm(trigger)
        return trigger

    async def settle(self, workflow: str, graph: Mapping[str, Any] | None) -> None:
        """Let exactly the triggers stand that are in a workflow's document; None where it was deleted."""
        await self._load()
        await self._settle(workflow, graph, self._now())

    # Looking at them

    async def get(self, id: str) -> Standing:
        """One trigger; raises NotFound."""
        await self._load()
        if id not in self._standing:
            raise NotFound("trigger", id)
        return self._standing[id]

    async def all(self) -> list[Standing]:
        """All of them."""
        await self._load()
        return list(self._standing.values())

    async def firings(self, id: str, limit: int | None = None) -> list[Firing]:
        """The firings of a trigger, the newest first; raises NotFound."""
        return await self._firings.of(await self.get(id), limit)

    async def upcoming(self, id: str, count: int) -> list[datetime]:
        """The moments at which a trigger will fire next, as far as that is known."""
        trigger = await self.get(id)
        if not trigger.is_armed or trigger.spec is None or trigger.spec.type is None:
            return []
        return upcoming(trigger.spec.type, trigger.spec.config, trigger.since, count)

    # Firing them

    async def fire(self, id: str, payload: Any = None, key: str | None = None) -> Receipt:
        """Fire a trigger now, whatever its type; the same `key` again is the same firing. Answers once it has begun.

        Raises NotFound, WrongState where the triggers are not open or this one cannot be used, and BadValue.
        """
        trigger = await self.get(id)
        if self._clockwork is None:
            raise WrongState("trigger", id, "asleep", "the triggers of this engine are not open")
        if trigger.spec is None:
            raise WrongState("trigger", id, "unusable", trigger.problem or "its type is not there")
        return await self._firings.fire_now(trigger, self._now(), copy_value(payload), key)

    async def publish(self, event: Published, run: str | None = None, chain: int = 0) -> int:
        """Add an event to the log, and return its number; those for one run fire no trigger.

        `chain` is how many triggers fired in a row until somebody published it.
        """
        return await self._events.publish(event, run, chain)

    # Inside

    @property
    def _store(self) -> Store:
        if self._world.store is None:
            raise BadUsage("This engine keeps nothing, so that no trigger can stand in it: give it a store.")
        return self._world.store

    async def _load(self) -> None:
        async with self._loading:
            if self._loaded:
                return
            for id, record in await self._store.items(TRIGGERS):
                self._standing[id] = Standing.from_record(id, record, self._world.registry)
            await self._events.load()
            self._loaded = True

    def _now(self) -> datetime:
        return at(self._world.clock()) if self._clockwork is None else self._clockwork.now()

    def _own(self, id: str) -> Standing:
        """One that may be changed here: it stands in no workflow's document."""
        if id not in self._standing:
            raise NotFound("trigger", id)
        holder = self._standing[id].holder
        if holder is not None:
            raise BadUsage(f"The trigger {id!r} stands in the document of the workflow {holder!r}: change it there.")
        return self._standing[id]

    async def _make(self, document: Mapping[str, Any]) -> Standing:
        if found := exposed_keys(document):
            raise InvalidTrigger(found)
        await self._load()
        return await make(document, self._world.registry, self._store, self._now(), self._events.last)

    async def _put(self, made: Standing) -> Standing:
        """Let a trigger stand, in place of the one with its id."""
        if (old := self._standing.get(made.id)) is not None:
            old.gone = True
        self._standing[made.id] = made
        await self._save(made)
        self._firings.hand_over(made)
        self._arm(made)
        return made

    async def _save(self, trigger: Standing) -> None:
        if not trigger.gone:
            await self._store.put(TRIGGERS, trigger.id, trigger.to_record())

    async def _forget(self, trigger: Standing) -> None:
        trigger.gone = True
        self._standing.pop(trigger.id, None)
        self._disarm(trigger.id)
        await self._store.drop(TRIGGERS, trigger.id)
        await self._firings.forget(trigger)

    async def _sweep(self) -> None:
        """Forget what runs have set and what can fire no more, after a while."""
        now = self._now()
        if now < self._swept + SWEEP:
            return
        self._swept = now
        for trigger in list(self._standing.values()):
            if trigger.key is not None and trigger.is_over and trigger.since < now - KEPT_SPENT:
                await self._forget(trigger)

    async def _settle(self, workflow: str, graph: Mapping[str, Any] | None, since: datetime) -> None:
        old = {id: trigger for id, trigger in self._standing.items() if trigger.holder == workflow}
        made = [make_held(workflow, d, self._world.registry, since, self._events.last) for d in written(graph)]
        for id in old.keys() - {trigger.id for trigger in made}:
            await self._forget(old[id])
        for trigger in made:
            if trigger.id not in old:
                await self._put(trigger)
            elif old[trigger.id].document != trigger.document:
                trigger.carry_on(old[trigger.id])
                await self._put(trigger)

    def _arm(self, trigger: Standing) -> None:
        """See that a trigger fires, if these triggers are open."""
        if self._clockwork is None:
            return
        self._disarm(trigger.id)
        if trigger.is_armed and trigger.type is not None:
            if is_timed(trigger.type):
                self._clockwork.set(trigger)
            elif trigger.listens:
                self._listeners.add(trigger)
            else:
                self._events.add(trigger)

    def _disarm(self, id: str) -> None:
        self._events.remove(id)
        self._listeners.remove(id)
        if self._clockwork is not None:
            self._clockwork.remove(id)

    def _spawn(self, work: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
