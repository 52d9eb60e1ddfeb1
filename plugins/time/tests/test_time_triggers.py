from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from blockloom import Problem, TriggerType
from blockloom_time import AfterTrigger, AtTrigger, CronTrigger, EveryTrigger, blockloom_trigger_types
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 24, 10, 5, 30, 250_000, tzinfo=UTC)


def check(kind: TriggerType, **config: Any) -> list[Problem]:
    return list(kind.check(kind.Config(**config)))


def upcoming(kind: TriggerType, after: datetime = NOW, **config: Any) -> datetime | None:
    return kind.next(kind.Config(**config), after)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027-01-01T09:00:00+08:00", datetime(2027, 1, 1, 1, tzinfo=UTC)),
        ("2027-01-01T01:00:00Z", datetime(2027, 1, 1, 1, tzinfo=UTC)),
        ("2027-01-01 01:00", datetime(2027, 1, 1, 1, tzinfo=UTC)),
        (" 2027-01-01 ", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-11-24T10:05:30.250001Z", NOW + timedelta(microseconds=1)),
    ],
)
def test_at_fires_at_its_moment(text: str, expected: datetime) -> None:
    found = upcoming(AtTrigger(), time=text)
    assert found == expected
    assert found.tzinfo is UTC
    assert check(AtTrigger(), time=text) == []


def test_at_never_fires_twice() -> None:
    assert upcoming(AtTrigger(), NOW, time=NOW.isoformat()) is None
    assert upcoming(AtTrigger(), time="2020-01-01") is None
    assert check(AtTrigger(), time="2020-01-01") == []


@pytest.mark.parametrize("text", ["", "tomorrow", "2027-02-30", "2027-01-01T25:00", "0001-01-01T00:00+14:00", "9" * 50])
def test_a_time_that_cannot_be_read_is_a_problem(text: str) -> None:
    (problem,) = check(AtTrigger(), time=text)
    assert (problem.code, problem.path) == ("bad-trigger", "/time")


@pytest.mark.parametrize(("delay", "seconds"), [(90, 90), ("10m", 600), ("500ms", 0.5), ("1d", 86400), (0, 0)])
def test_after_counts_from_the_moment_it_is_asked_about(delay: Any, seconds: float) -> None:
    assert upcoming(AfterTrigger(), delay=delay) == NOW + timedelta(seconds=seconds)
    assert check(AfterTrigger(), delay=delay) == []


def test_every_stays_on_its_grid() -> None:
    moment: datetime | None = NOW
    found = []
    for _ in range(3):
        assert moment is not None
        moment = upcoming(EveryTrigger(), moment, interval="1h")
        found.append(moment)
    assert found == [NOW + timedelta(hours=n) for n in (1, 2, 3)]


@pytest.mark.parametrize("given", ["", "soon", "-1s", -1, "1 week", "1e3s"])
def test_a_duration_that_cannot_be_read_is_a_problem(given: Any) -> None:
    assert [(p.code, p.path) for p in check(AfterTrigger(), delay=given)] == [("bad-trigger", "/delay")]
    assert [(p.code, p.path) for p in check(EveryTrigger(), interval=given)] == [("bad-trigger", "/interval")]


@pytest.mark.parametrize("kind", [AfterTrigger, EveryTrigger])
def test_true_is_no_duration(kind: type[TriggerType]) -> None:
    (name,) = kind.Config.model_fields
    with pytest.raises(ValueError, match="valid"):
        kind.Config(**{name: True})


@pytest.mark.parametrize("interval", [0, 0.0, "0s", "0.0001ms"])
def test_an_interval_of_nothing_is_a_problem(interval: Any) -> None:
    (problem,) = check(EveryTrigger(), interval=interval)
    assert (problem.code, problem.path) == ("bad-trigger", "/interval")
    assert "without end" in problem.to_json("en")["message"]


@pytest.mark.parametrize("long", [1e300, 10**400, "9" * 400 + "d", "9999999d"])
def test_a_duration_beyond_the_calendar_never_comes(long: Any) -> None:
    assert len(check(AfterTrigger(), delay=long)) == len(check(EveryTrigger(), interval=long)) == 1


def test_beyond_the_calendar_there_is_no_next_moment() -> None:
    end = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    assert upcoming(EveryTrigger(), end, interval="1h") is None
    assert upcoming(AfterTrigger(), end, delay="1h") is None
    assert upcoming(CronTrigger(), end, expression="0 0 * * *", timezone="Asia/Shanghai") is None


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        (AtTrigger, {"time": "?"}),
        (AfterTrigger, {"delay": "?"}),
        (AfterTrigger, {"delay": 1e300}),
        (EveryTrigger, {"interval": 0}),
        (CronTrigger, {"expression": "?"}),
        (CronTrigger, {"expression": "0 0 30 2 *"}),
        (CronTrigger, {"expression": "0 0 * * *", "timezone": "?"}),
    ],
)
def test_problems_speak_both_languages(kind: type[TriggerType], config: dict[str, Any]) -> None:
    (problem,) = check(kind(), **config)
    english, chinese = problem.to_json("en"), problem.to_json("zh")
    for part in ("message", "hint"):
        assert english[part].isascii()
        assert not chinese[part].isascii()


def test_the_types_describe_themselves_in_both_languages_with_examples_that_work() -> None:
    for kind in blockloom_trigger_types():
        assert kind.icon
        assert kind.examples
        assert all(check(kind(), **example) == [] for example in kind.examples)
        assert all(set(words) == {"en", "zh"} for words in (kind.title, kind.description, kind.category))


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-14, 14))
def test_any_moment_written_in_iso_is_read_back(moment: datetime, hours: int) -> None:
    try:
        text = moment.astimezone(timezone(timedelta(hours=hours))).isoformat()
    except OverflowError:
        return
    found = upcoming(AtTrigger(), datetime.min.replace(tzinfo=UTC), time=text)
    assert found == (moment if moment > datetime.min.replace(tzinfo=UTC) else None)
