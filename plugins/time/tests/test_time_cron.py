from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from blockloom_time import CronTrigger
from hypothesis import given, settings
from hypothesis import strategies as st

KIND = CronTrigger()
BERLIN = "Europe/Berlin"


def problems(**config: Any) -> list[tuple[str, str]]:
    return [(p.path, p.to_json("en")["message"]) for p in KIND.check(KIND.Config(**config))]


def firings(expression: str, zone: str, after: datetime, count: int) -> list[datetime]:
    config = KIND.Config(expression=expression, timezone=zone)
    found: list[datetime] = []
    for _ in range(count):
        moment = KIND.next(config, found[-1] if found else after)
        assert moment is not None
        assert moment.tzinfo is UTC
        found.append(moment)
    return found


def on_the_clock(moments: list[datetime], zone: str) -> list[str]:
    return [m.astimezone(ZoneInfo(zone)).strftime("%d %H:%M %Z") for m in moments]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def test_the_zone_s_clock_counts() -> None:
    after = utc(2026, 11, 24)
    assert firings("0 9 * * *", "Asia/Shanghai", after, 2) == [utc(2026, 11, 24, 1), utc(2026, 11, 25, 1)]
    assert KIND.next(KIND.Config(expression="0 9 * * *"), after) == utc(2026, 11, 24, 9)


def test_the_next_moment_is_after_not_at() -> None:
    assert firings("0 9 * * *", "UTC", utc(2026, 11, 24, 9), 1) == [utc(2026, 11, 25, 9)]
    assert firings("0 9 * * *", "UTC", utc(2026, 11, 24, 8, 59, 59, 999_999), 1) == [utc(2026, 11, 24, 9)]


def test_six_fields_begin_with_seconds() -> None:
    after = utc(2026, 11, 24)
    assert firings("*/20 * * * * *", "UTC", after, 2) == [after + timedelta(seconds=s) for s in (20, 40)]


def test_forward_a_moment_that_is_not_there_fires_when_the_clock_has_moved() -> None:
    moments = firings("30 2 * * *", BERLIN, utc(2026, 3, 28), 3)
    assert on_the_clock(moments, BERLIN) == ["28 02:30 CET", "29 03:00 CEST", "30 02:30 CEST"]


def test_forward_a_star_goes_by_time_that_has_passed() -> None:
    moments = firings("*/30 * * * *", BERLIN, utc(2026, 3, 29, 0, 15), 3)
    assert on_the_clock(moments, BERLIN) == ["29 01:30 CET", "29 03:00 CEST", "29 03:30 CEST"]


def test_back_a_moment_that_is_there_twice_fires_once() -> None:
    moments = firings("30 2 * * *", BERLIN, utc(2026, 10, 24), 3)
    assert on_the_clock(moments, BERLIN) == ["24 02:30 CEST", "25 02:30 CEST", "26 02:30 CET"]


def test_back_a_star_fires_in_both_passes() -> None:
    moments = firings("*/30 * * * *", BERLIN, utc(2026, 10, 24, 23, 45), 5)
    assert on_the_clock(moments, BERLIN) == [
        "25 02:00 CEST",
        "25 02:30 CEST",
        "25 02:00 CET",
        "25 02:30 CET",
        "25 03:00 CET",
    ]


def test_asked_in_the_second_pass_it_never_answers_with_the_first() -> None:
    second_pass = utc(2026, 10, 25, 1, 10)  # 02:10 CET; 02:30 CEST was 40 minutes ago
    assert on_the_clock(firings("30 2 * * *", BERLIN, second_pass, 1), BERLIN) == ["26 02:30 CET"]


@pytest.mark.parametrize("expression", ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 30-31 FEB *", "0 0 */31 2 FRI#5"])
def test_a_date_that_never_comes_is_a_problem(expression: str) -> None:
    ((path, message),) = problems(expression=expression)
    assert path == "/expression"
    assert message.endswith("never comes.")


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("", "too few fields or too many"),
        ("* * * *", "too few fields or too many"),
        ("@daily", "too few fields or too many"),
        ("60 * * * *", "its minute is wrong"),
        ("0 24 * * *", "its hour is wrong"),
        ("0 0 32 * *", "its day of the month is wrong"),
        ("0 0 32 2 *", "its day of the month is wrong"),
        ("0 0 1 13 *", "its month is wrong"),
        ("0 0 * * XYZ", "its day of the week is wrong"),
        ("61 * * * * *", "its second is wrong"),
        ("1" * 5000 + " * * * *", "something in it is wrong"),
    ],
)
def test_an_expression_that_cannot_be_read_is_a_problem_that_says_where(expression: str, why: str) -> None:
    ((path, message),) = problems(expression=expression)
    assert path == "/expression"
    assert why in message
    assert len(message) < 250


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "Europe", "../etc/passwd", "/etc/passwd", "a\0b"])
def test_an_unknown_zone_is_a_problem(zone: str) -> None:
    assert [path for path, _ in problems(expression="0 9 * * *", timezone=zone)] == ["/timezone"]


def test_all_problems_come_at_once() -> None:
    assert [path for path, _ in problems(expression="?", timezone="?")] == ["/timezone", "/expression"]


@pytest.mark.parametrize("expression", ["0 0 29 2 *", "0 9 * * MON-FRI", "0 0 L * *", "0 0 * 2 MON#5", "0 0 30 2 MON"])
def test_a_date_that_comes_seldom_is_fine(expression: str) -> None:
    assert problems(expression=expression) == []


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["30 2 * * *", "*/20 * * * *", "0 0 * * *", "15 1-3 * * *", "0,30 */2 * * *", "0 2 * 3,10 SUN"]),
    st.sampled_from([BERLIN, "America/Havana", "Australia/Lord_Howe", "Asia/Shanghai", "Africa/Cairo", "UTC"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
)
def test_moments_always_move_on(expression: str, zone: str, after: datetime) -> None:
    moments = [after, *firings(expression, zone, after, 8)]
    assert all(earlier < later for earlier, later in pairwise(moments))
