"""Trigger types: when something fires, in time or on an event."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Protocol

from . import kind
from .kind import Embedded, Kind
from .problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An event that somebody published: a name, a JSON payload, and when (UTC)."""

    name: str
    payload: Any
    time: datetime


class Fired(NamedTuple):
    """One firing of a trigger: what the event carried (None for a time), and when (UTC)."""

    payload: Any
    time: datetime


class Receipt(NamedTuple):
    """What came of a firing so far: its id and state, the run that it started (None without one), or why it failed."""

    firing: str
    state: str
    run: str | None = None
    error: Mapping[str, Any] | None = None


class Fire(Protocol):
    """What a listener is given: calling it fires the trigger, which is kept before the answer comes."""

    trigger: str
    """The id of the trigger."""
    settings: Mapping[str, Any]
    """What whoever runs the engine has set for the trigger's type, such as a port."""

    async def __call__(self, payload: Any = None, key: str | None = None) -> Receipt:
        """Fire with a payload; the same `key` again is the same firing. Raises BadValue for what is not JSON."""

    def at(self, address: str) -> None:
        """Tell where it listens, for people."""


class TriggerType(Kind):
    """A kind of trigger. A subclass gives `name`, `Config` and one of `next`, `matches` and `listen`."""

    Config: ClassVar[type[kind.Config]] = kind.Config
    once: ClassVar[bool] = False
    """It fires once, and then never again."""
    elapses: ClassVar[bool] = False
    """It counts time that passes, rather than reading a clock: where the clock is set, its moments move along."""

    def check(self, config: Any) -> Iterable[Problem]:
        """What is wrong with settings that have the right shape; paths are relative to the settings."""
        return ()

    def next(self, config: Any, after: datetime) -> datetime | None:
        """The first moment after `after` (UTC) at which it fires; None if there is none any more."""
        return None

    def resume(self, config: Any, after: datetime, until: datetime) -> datetime:
        """A moment from which `next` goes on beyond `until` as it would from `after`, which comes before it.

        It spares asking for every moment of a long time. A type whose moments do not depend on each other gives
        `until`; one that cannot say gives `after`.
        """
        return after

    def matches(self, config: Any, event: Published) -> bool:
        """Whether a published event fires it, as far as its conditions (see `embedded`) hold too."""
        return False

    def embedded(self, config: Any) -> Iterable[Embedded]:
        """Conditions in the settings, over the event's `payload`: all must hold for the event to fire it."""
        return ()

    async def listen(self, config: Any, fire: Fire) -> None:
        """Listen to the world for one standing trigger, and call `fire`; ends when it is canceled.

        Where it raises, the trigger shows why, and it is called again after a while.
        """


def listens(type: TriggerType) -> bool:
    """Whether a trigger type has a listener of its own."""
    return type.__class__.listen is not TriggerType.listen


def can_be_awaited(type: TriggerType) -> bool:
    """Whether a task can wait for a trigger of this type: it fires in time, or on events."""
    own = type.__class__
    return own.next is not TriggerType.next or own.matches is not TriggerType.matches or not listens(type)
