"""Moments: read from text, counted on from one another, and named by cron expressions."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


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
    from cronsim import CronSim, CronSimError

    try:
        found = CronSim(expression, after.astimezone(zone))
        # In the second pass through an hour that the clock goes back over, cronsim names moments of the first pass.
        return next((moment for at in found if (moment := at.astimezone(UTC)) > after), None)
    except CronSimError as error:
        raise ValueError(str(error)) from None
    except OverflowError:
        return None


def _in_every_month(expression: str) -> str:
    *start, _month, weekday = expression.split()
    return " ".join([*start, "*", weekday])
