"""Trigger types: when something fires, in time or on an event."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

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


class TriggerType(Kind):
    """A kind of trigger. A subclass gives `name`, `Config` and either `next` or `matches`."""

    Config: ClassVar[type[kind.Config]] = kind.Config

    def check(self, config: Any) -> Iterable[Problem]:
        """What is wrong with settings that have the right shape; paths are relative to the settings."""
        return ()

    def next(self, config: Any, after: datetime) -> datetime | None:
        """The first moment after `after` (UTC) at which it fires; None if there is none any more."""
        return None

    def matches(self, config: Any, event: Published) -> bool:
        """Whether a published event fires it, as far as its conditions (see `embedded`) hold too."""
        return False

    def embedded(self, config: Any) -> Iterable[Embedded]:
        """Conditions in the settings, over the event's `payload`: all must hold for the event to fire it."""
        return ()
