"""Forty expressions on the days on which the clocks of four zones change, against a table.

The table was made from the rules by going through every minute of each day, and read through by eye. The rules are
those of Debian's cron. What names minutes and hours (neither field begins with `*`) fires once for each of its times:
for one that is not there, at the first minute after the gap; for one that is there twice, in the first pass. Everything
else, and whatever has six fields, fires at each minute that really comes, in both passes. A `'` marks the second pass.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from blockloom_time import CronTrigger

KIND = CronTrigger()


def rows() -> Iterator[tuple[str, str, str, list[str]]]:
    """Zone, date, expression, and the times at which it fires on that day."""
    zone = date = ""
    for line in Path(__file__).with_name("daylight.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            zone, date = line.split()[1:3]
            date = date.rstrip(":")
        elif line:
            expression, _, times = line.partition("|")
            yield zone, date, expression.strip(), [] if times.strip() == "-" else times.split()


TABLE = list(rows())


def firings(expression: str, zone: str, date: str) -> list[str]:
    """The times of a day at which an expression fires, as the table writes them."""
    local, config = ZoneInfo(zone), KIND.Config(expression=expression, timezone=zone)
    day = datetime.fromisoformat(date)
    after = day.replace(tzinfo=local).astimezone(UTC) - timedelta(hours=3)
    found = []
    while (moment := KIND.next(config, after)) is not None:
        shown = moment.astimezone(local)
        if shown.date() > day.date():
            break
        if shown.date() == day.date():
            found.append(shown.strftime("%H:%M:%S").removesuffix(":00") + "'" * shown.fold)
        after = moment
    return found


def test_the_table_is_as_large_as_it_should_be() -> None:
    assert len({(zone, date) for zone, date, _, _ in TABLE}) == 8
    assert len({zone for zone, _, _, _ in TABLE}) == 4
    assert len({expression for _, _, expression, _ in TABLE}) == 40
    assert len(TABLE) == 320


@pytest.mark.parametrize(("zone", "date"), sorted({(zone, date) for zone, date, _, _ in TABLE}))
def test_a_day_on_which_clocks_change_is_as_the_table_says(zone: str, date: str) -> None:
    of_day = [(expression, times) for its, on, expression, times in TABLE if (its, on) == (zone, date)]
    wrong = {e: (firings(e, zone, date), times) for e, times in of_day if firings(e, zone, date) != times}
    assert wrong == {}
