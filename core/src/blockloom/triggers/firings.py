"""The firings of all triggers: each is kept before anything comes of it, happens once, and keeps what came of it."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, Final

from ..errors import BlockloomError, NotFound, TaskFailed
from ..live import RunView
from ..states import RUN_ENDS, RunState
from ..store import Store
from ..trigger import Receipt
from ..values import new_id
from .actions import LARGEST, World, begin, settle
from .firing import MISSED, Firing, identity
from .lane import Lane
from .patience import persist
from .standing import Standing, iso

_log = logging.getLogger(__name__)

OPEN: Final = "firings"
"""The shelf of the firings of which something may still come."""

DONE: Final = "fired"
"""The shelf of the firings that are over."""

KEYS: Final = "firing-keys"
"""The shelf of the firings that callers have named, by the trigger and the name."""

KEPT: Final = 1000
"""Firings that are kept of each trigger, the last ones; somewhat more until they are next counted."""

Listener = Callable[[Standing, Firing], None]
"""Called with a firing once it has begun or was passed over."""


class Firings:
    """Notes firings, has them carried out in their lanes, and keeps their outcome."""

    def __init__(self, world: World, standing: Mapping[str, Standing]) -> None:
        self._world = world
        self._standing = standing
        self._lanes: dict[str, Lane] = {}
        self._listeners: list[Listener] = []
        self._begun: dict[str, asyncio.Event] = {}
        self._counts: dict[str, int] = {}
        self._resting = False

    async def open(self) -> None:
        """Take up the firings that were not seen to their end."""
        for id, record in await self._store.items(OPEN):
            firing = Firing.from_record(record)
            trigger = self._standing.get(firing.trigger)
            if trigger is None or await self._store.get(DONE, id) is not None:
                await self._store.drop(OPEN, id)
            else:
                lane = self._lane(trigger)
                if lane.find(id) is None:
                    lane.take(firing)

    def rest(self) -> None:
        """Begin nothing any more."""
        self._resting = True
        for lane in self._lanes.values():
            lane.rest()

    async def close(self) -> None:
        """Leave everything as it is kept."""
        for lane in self._lanes.values():
            await lane.close()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called with every firing; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def note(
        self, trigger: Standing, time: datetime, mark: str = "", payload: Any = None, chain: int = 0
    ) -> Firing | None:
        """A trigger fires: keep it, and carry it out. None where that has happened before."""
        firing = await self._keep(trigger, time, mark, payload, chain)
        if firing is None:
            return None
        lane = self._lane(self._standing[trigger.id])
        if (reason := lane.turned_away()) is None:
            lane.take(firing)
        else:
            firing.skip(reason)
            await self._close(trigger, firing)
        return firing

    async def pass_over(self, trigger: Standing, time: datetime) -> None:
        """Keep that a moment was missed and is not made up for."""
        firing = await self._keep(trigger, time, "", None, 0)
        if firing is not None:
            firing.skip(MISSED)
            await self._close(trigger, firing)

    async def fail(self, trigger: Standing, time: datetime, mark: str, payload: Any, type: str, message: str) -> None:
        """Keep that a trigger could not tell whether it fires."""
        firing = await self._keep(trigger, time, mark, payload, 0)
        if firing is not None:
            firing.fail(type, message)
            await self._close(trigger, firing)

    async def fire_now(self, trigger: Standing, time: datetime, payload: Any, key: str | None) -> Receipt:
        """Fire now, and answer once it has begun or waits for another firing; the same `key` is the same firing."""
        mark = f"+{new_id()}"
        if key is not None:
            name = f"{trigger.id}/{sha256(key.encode()).hexdigest()}"
            if not await self._store.add(KEYS, name, [iso(time), mark]):
                written, mark = await self._store.get(KEYS, name)
                time = datetime.fromisoformat(written)
        firing = await self.note(trigger, time, mark, payload)
        if firing is None:
            firing = await self._find(trigger, identity(trigger.id, time, mark))
        if firing.state == RunState.PENDING and firing.id in self._lane(trigger).running:
            await self._begun.setdefault(firing.id, asyncio.Event()).wait()
        return Receipt(firing.id, firing.state, firing.run, firing.error)

    async def of(self, trigger: Standing, limit: int | None = None) -> list[Firing]:
        """The firings of a trigger, the newest first."""
        lane = self._lanes.get(trigger.id)
        going_on = {firing.id: firing for firing in (lane.firings if lane is not None else ())}
        prefix = f"{trigger.id}/"
        for shelf in (OPEN, DONE):
            for id, record in await self._store.items(shelf, prefix, limit, newest=True):
                going_on.setdefault(id, Firing.from_record(record))
        return [going_on[id] for id in sorted(going_on, reverse=True)][:limit]

    def hand_over(self, trigger: Standing) -> None:
        """A trigger stands in place of another of its id: what goes on is its now."""
        if trigger.id in self._lanes:
            self._lanes[trigger.id].trigger = trigger

    async def forget(self, trigger: Standing) -> None:
        """Forget all firings of a trigger; runs go on."""
        if (lane := self._lanes.pop(trigger.id, None)) is not None:
            await lane.close()
        for shelf in (OPEN, DONE, KEYS):
            await self._store.drop(shelf, f"{trigger.id}/", exactly=False)

    # Inside

    @property
    def _store(self) -> Store:
        assert self._world.store is not None
        return self._world.store

    def _lane(self, trigger: Standing) -> Lane:
        if trigger.id not in self._lanes:
            self._lanes[trigger.id] = Lane(trigger, self._carry_out)
            if self._resting:
                self._lanes[trigger.id].rest()
        return self._lanes[trigger.id]

    async def _keep(self, trigger: Standing, time: datetime, mark: str, payload: Any, chain: int) -> Firing | None:
        """A new firing, kept; None where there is one of its identity, or the trigger was deleted."""
        id = identity(trigger.id, time, mark)
        payload = self._world.mask(payload)
        firing = Firing(id=id, trigger=trigger.id, time=time, fired=self._world.clock(), payload=payload)
        firing.chain = max(trigger.chain, chain) + 1
        if await persist(lambda: self._store.get(DONE, id)) is not None:
            return None
        record = firing.to_record()
        if not await persist(lambda: self._store.add(OPEN, id, record)):
            lane = self._lanes.get(trigger.id)
            if (lane is not None and lane.find(id) is not None) or await self._store.get(OPEN, id) != record:
                return None  # else it was this very call that kept it, and whose answer was lost
        if trigger.id in self._standing:
            return firing
        await self._store.drop(OPEN, id)  # it was deleted meanwhile
        return None

    async def _find(self, trigger: Standing, id: str) -> Firing:
        """A firing that has happened."""
        if (lane := self._lanes.get(trigger.id)) is not None and (firing := lane.find(id)) is not None:
            return firing
        record = await self._store.get(DONE, id)
        if record is None:
            raise NotFound("trigger", trigger.id)  # it was deleted meanwhile, and its firings with it
        return Firing.from_record(record)

    async def _carry_out(self, trigger: Standing, firing: Firing) -> None:
        """See a firing through: begin its run, wait for its end, keep the outcome."""
        try:
            run = await persist(lambda: self._begin(trigger, firing))
            firing.run, firing.state = run.id, RunState.RUNNING.value
            self._tell(trigger, firing)
            record = firing.to_record()
            await persist(lambda: self._store.put(OPEN, firing.id, record))
            await run.wait()
            if run.state not in RUN_ENDS:
                return  # it is left as it stands, and so is the firing
            settle(trigger, firing, run)
        except TaskFailed as error:
            firing.fail(error.type, error.message)
        except BlockloomError as error:
            firing.fail(error.code, error.message)
        except Exception as error:
            _log.exception("the firing %s could not be carried out", firing.id)
            firing.fail(type(error).__name__, str(error)[:2000])
        await self._close(trigger, firing)

    async def _begin(self, trigger: Standing, firing: Firing) -> RunView:
        """The run of a firing: the one that is known to be its, else the one of its identity."""
        if firing.run is not None:
            return await self._world.run(firing.run)
        return await begin(self._world, self._store, trigger, firing)

    async def _close(self, trigger: Standing, firing: Firing) -> None:
        """Keep what came of a firing."""
        self._tell(trigger, firing)
        firing.shorten(LARGEST)
        record = firing.to_record()
        await persist(lambda: self._store.put(DONE, firing.id, record))
        await self._trim(trigger.id)
        await persist(lambda: self._store.drop(OPEN, firing.id))

    async def _trim(self, trigger: str) -> None:
        """Forget the oldest firings, now and then."""
        self._counts[trigger] = self._counts.get(trigger, 0) + 1
        if self._counts[trigger] % (KEPT // 10) == 0:
            kept = await persist(lambda: self._store.items(DONE, f"{trigger}/", KEPT + KEPT // 2, newest=True))
            for id, _ in kept[KEPT:]:
                await persist(partial(self._store.drop, DONE, id))

    def _tell(self, trigger: Standing, firing: Firing) -> None:
        if firing.told:
            return
        firing.told = True
        if (begun := self._begun.pop(firing.id, None)) is not None:
            begun.set()
        for listener in tuple(self._listeners):
            listener(trigger, firing)
