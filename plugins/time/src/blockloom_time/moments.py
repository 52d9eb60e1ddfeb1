"""Moments: read from text, counted on from one another, and named by cron expressions."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
_A_DAY: Final = timedelta(days=1)
_A_SECOND: Final = timedelta(seconds=1)


def read(text: str) -> datetime:
    """The moment that `text` writes in ISO 8601, in UTC; without an offset it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text.strip())
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("the moment lies outside the years 1 to 9999") from None


def later(moment: datetime, seconds: float) -> datetime | None:
    """The moment so many seconds later; None beyond the year 9999."""
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return None


def zone(name: str) -> tzinfo:
    """The time zone of this IANA name. Raises ValueError."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, OSError) as error:  # beside the package tzdata, a folder such as "Europe" is an OSError
        raise ValueError(f"there is no time zone {name!r}") from error


def comes(expression: str) -> bool:
    """Whether the expression names any moment at all. Raises ValueError if it cannot be read."""
    try:
        return next_by_cron(expression, UTC, _ANY_TIME) is not None
    except ValueError as error:
        # Of 30 February, cronsim says that the day is bad; beside all months, such a day is fine.
        if str(error) != "Bad day-of-month":
            raise
        next_by_cron(_in_every_month(expression), UTC, _ANY_TIME)
        return False


def next_by_cron(expression: str, zone: tzinfo, after: datetime) -> datetime | None:
    """The first moment after `after` that the expression names on the zone's clock, in UTC; None if there is none.

    Raises ValueError if it cannot be read.
    """
    from cronsim import CronSimError

    try:
        return _next_fixed(expression, zone, after) if _is_fixed(expression) else _next_passing(expression, zone, after)
    except CronSimError as error:
        raise ValueError(str(error)) from None
    except OverflowError:
        return None


# cronsim is asked about the times on a dial only, without a zone: across a change of half an hour it loses its way.


def _is_fixed(expression: str) -> bool:
    """Whether an expression names minutes and hours, so that each of its times comes once a day, whatever clocks do."""
    fields = expression.split()
    return len(fields) == 5 and not fields[0].startswith("*") and not fields[1].startswith("*")


def _next_fixed(expression: str, zone: tzinfo, after: datetime) -> datetime | None:
    """The next of each day's times: the first where one is there twice, the end of the gap where one is not there."""
    for dial in _dial_times(expression, after.astimezone(zone).replace(tzinfo=None)):
        moment = dial.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) != dial:
            moment = _change(dial.replace(tzinfo=zone, fold=1).astimezone(UTC), moment, zone)
        if moment > after:
            return moment
    return None


def _next_passing(expression: str, zone: tzinfo, after: datetime) -> datetime | None:
    """The next moment at which the dial shows such a time, whether or not it has shown it before."""
    offset = _offset(after, zone)
    start = after.replace(tzinfo=None) + offset
    while (dial := next(_dial_times(expression, start), None)) is not None:
        moment = (dial - offset).replace(tzinfo=UTC)
        changed = _first_change(after, moment, zone)
        if changed is None:
            return moment
        after, offset = changed, _offset(changed, zone)
        start = changed.replace(tzinfo=None) + offset - timedelta(seconds=1)  # the moment of the change counts
    return None


def _dial_times(expression: str, after: datetime) -> Iterator[datetime]:
    """The times beyond `after` that an expression names, on a dial that nobody turns."""
    from cronsim import CronSim

    return iter(CronSim(expression, after))


def _first_change(after: datetime, until: datetime, zone: tzinfo) -> datetime | None:
    """The first moment beyond `after`, up to `until`, at which the clock is turned; None if it is not."""
    offset = _offset(after, zone)
    while after < until:
        later = min(after + _A_DAY, until)
        if _offset(later, zone) != offset:
            return _change(after, later, zone)
        after = later
    return None


def _change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The moment between these two at which the clock is turned, to the second."""
    offset = _offset(before, zone)
    before = before.replace(microsecond=0)
    while after - before > _A_SECOND:
        middle = before + timedelta(seconds=(after - before) // _A_SECOND // 2)
        before, after = (middle, after) if _offset(middle, zone) == offset else (before, middle)
    return after.replace(microsecond=0)


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _in_every_month(expression: str) -> str:
    *start, _month, weekday = expression.split()
    return " ".join([*start, "*", weekday])
