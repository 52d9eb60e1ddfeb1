"""Which moments of a trigger are due, and which of those that were missed are made up for. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

from ..errors import PluginError
from ..trigger import TriggerType

ON_TIME: Final = timedelta(seconds=30)
"""How late a firing may be and still not count as missed."""

WITHIN: Final = timedelta(days=1)
"""How long ago the last missed moment may be for `once` to make up for it."""

MOST_MISSED: Final = 100
"""Missed moments that `all` makes up for, the last ones."""

MOST_AT_ONCE: Final = 1000
"""Moments of one trigger that may be due at once."""

MOST_ASKED: Final = 100_000
"""Moments that a type is asked for at a time; where there are more, it goes on from the last minute."""

_BRIEF: Final = timedelta(minutes=1)


class Due(NamedTuple):
    """The moments that fire now, in order, and the last one that is passed over because it was missed."""

    moments: list[datetime]
    passed: datetime | None = None


def following(type: TriggerType, config: Any, after: datetime) -> datetime | None:
    """The next moment of a trigger; raises PluginError where its type does not move on."""
    try:
        moment = type.next(config, after)
        stands = moment is not None and moment <= after
    except Exception as error:
        raise PluginError(type.name, f"next raised {error.__class__.__name__}: {error}") from error
    if stands:
        raise PluginError(type.name, f"next gave {moment}, which is not after {after}")
    return moment


def due(type: TriggerType, config: Any, after: datetime, now: datetime, misfire: str) -> Due:
    """What fires of the moments after `after` up to `now`, by the policy for those that were missed."""
    first = following(type, config, after)
    if first is None or first > now:
        return Due([])
    if type.once:
        return _by_policy([first], first, now, misfire)
    if first > now - ON_TIME:
        return Due(latest(type, config, after, now, MOST_AT_ONCE))
    if misfire == "all":
        return Due(latest(type, config, after, now, MOST_MISSED))
    (last,) = latest(type, config, after, now, 1)
    if misfire == "skip":
        on_time = latest(type, config, max(after, _resumed(type, config, after, now - ON_TIME)), now, MOST_AT_ONCE)
        recent = [moment for moment in on_time if moment > now - ON_TIME]
        return Due(recent) if recent else Due([], last)
    return _by_policy([last], last, now, misfire)


def latest(type: TriggerType, config: Any, after: datetime, until: datetime, most: int) -> list[datetime]:
    """The last moments after `after` up to `until`, in order, at most so many."""
    span = _BRIEF
    while True:
        start = after if until - after <= span else _resumed(type, config, after, until - span)
        found = list(islice(_moments(type, config, start, until), MOST_ASKED + 1))
        if len(found) > MOST_ASKED and start < until - _BRIEF:
            found = list(islice(_moments(type, config, until - _BRIEF, until), MOST_ASKED))
        if start <= after or len(found) >= most:
            return found[-most:]
        span *= 8


def upcoming(type: TriggerType, config: Any, after: datetime, count: int) -> list[datetime]:
    """The first moments after `after`."""
    if type.once:
        count = min(count, 1)
    return list(islice(_moments(type, config, after, None), count))


def _by_policy(moments: list[datetime], last: datetime, now: datetime, misfire: str) -> Due:
    if last > now - ON_TIME or misfire == "all" or (misfire == "once" and last > now - WITHIN):
        return Due(moments)
    return Due([], last)


def _resumed(type: TriggerType, config: Any, after: datetime, until: datetime) -> datetime:
    try:
        start = type.resume(config, after, until)
        stands = after <= start <= until
    except Exception as error:
        raise PluginError(type.name, f"resume raised {error.__class__.__name__}: {error}") from error
    if not stands:
        raise PluginError(type.name, f"resume gave {start}, which is not between {after} and {until}")
    return start


def _moments(type: TriggerType, config: Any, after: datetime, until: datetime | None) -> Iterator[datetime]:
    moment = following(type, config, after)
    while moment is not None and (until is None or moment <= until):
        yield moment
        moment = following(type, config, moment)
