"""Fires the triggers that go by time, at their moments and after those that were missed."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ..errors import PluginError
from .actions import World
from .alarm import Alarm
from .firings import Firings
from .moments import due
from .patience import persist
from .standing import Standing

_A_LITTLE: Final = timedelta(microseconds=1)
"""What is added where moments move with the clock, so that none ever comes again."""

Spawn = Callable[[Awaitable[Any]], object]
"""Lets something be done in the background."""


class Clockwork:
    """The alarm of all triggers that go by time, and what happens when it rings."""

    def __init__(
        self,
        world: World,
        standing: Mapping[str, Standing],
        firings: Firings,
        save: Callable[[Standing], Awaitable[None]],
        spawn: Spawn,
    ) -> None:
        self._standing = standing
        self._firings = firings
        self._save = save
        self._spawn = spawn
        self._alarm = Alarm(world.clock, self._ring, self._shift)
        self.run = self._alarm.run
        self.now = self._alarm.look
        self._pull_back()

    def set(self, trigger: Standing) -> None:
        """Fire a trigger at its next moment."""
        self._alarm.set(trigger.id, trigger.next())

    def remove(self, id: str) -> None:
        """Fire a trigger no more."""
        self._alarm.set(id, None)

    def _ring(self, id: str, now: datetime) -> None:
        self._spawn(self._fire_due(self._standing[id], now))

    async def _fire_due(self, trigger: Standing, now: datetime) -> None:
        """Fire what is due of one trigger. It is done with those moments at once; on record, once they are kept."""
        if trigger.spec is None or trigger.spec.type is None:
            return
        try:
            found = due(trigger.spec.type, trigger.spec.config, trigger.since, now, trigger.misfire)
        except PluginError as error:
            trigger.fail(error)
            return
        last = max([*found.moments, *([] if found.passed is None else [found.passed])], default=None)
        if last is not None:
            trigger.since, trigger.spent = last, trigger.spec.type.once
        for moment in found.moments:
            await self._firings.note(trigger, moment)
        if found.passed is not None:
            await self._firings.pass_over(trigger, found.passed)
        if not trigger.gone:
            self.set(trigger)
            await persist(lambda: self._save(trigger))

    def _shift(self, step: timedelta) -> None:
        """The clock was set: what counts time that passes moves along."""
        for trigger in self._elapsing():
            trigger.since += step + _A_LITTLE
            self._spawn(persist(partial(self._save, trigger)))
            self.set(trigger)

    def _pull_back(self) -> None:
        """What counts time cannot have begun in the future: the clock was set back while nobody looked."""
        now = self.now()
        for trigger in self._elapsing():
            trigger.since = min(trigger.since, now + _A_LITTLE)

    def _elapsing(self) -> list[Standing]:
        return [t for t in self._standing.values() if t.is_armed and t.type is not None and t.type.elapses]
