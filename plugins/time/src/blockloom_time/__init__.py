"""The time triggers: at a moment, after a delay, every so often, and by a cron expression."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any, ClassVar

import blockloom
from blockloom import BadValue, Problem, TriggerType, duration

from . import moments, sentences

__all__ = ["AfterTrigger", "AtTrigger", "CronTrigger", "EveryTrigger", "blockloom_trigger_types"]

_CATEGORY = {"en": "Time", "zh": "时间"}


class AtTrigger(TriggerType):
    """Fires once, at a moment."""

    name = "at"
    title: ClassVar = {"en": "At a moment", "zh": "在某一时刻"}
    description: ClassVar = {
        "en": "Fires once, at a moment in ISO 8601; without an offset it is UTC.",
        "zh": "在指定时刻（ISO 8601）触发一次；没有时区偏移时按 UTC 计算。",
    }
    icon = "📅"
    category: ClassVar = _CATEGORY
    examples = ({"time": "2027-01-01T09:00:00+08:00"}, {"time": "2027-01-01T01:00:00Z"})

    class Config(blockloom.Config):
        """The moment, as ISO 8601."""

        time: str

    def check(self, config: Any) -> Iterable[Problem]:
        """A time that cannot be read."""
        try:
            moments.read(config.time)
        except ValueError:
            yield sentences.problem("/time", sentences.BAD_TIME, config.time)

    def next(self, config: Any, after: datetime) -> datetime | None:
        """The moment, if it is still to come."""
        moment = moments.read(config.time)
        return moment if moment > after else None

    def resume(self, config: Any, after: datetime, until: datetime) -> datetime:
        """`until`: there is but one moment."""
        return until


class AfterTrigger(TriggerType):
    """Fires once a delay has passed."""

    name = "after"
    title: ClassVar = {"en": "After a delay", "zh": "延迟之后"}
    description: ClassVar = {
        "en": "Fires when a delay has passed since it was set.",
        "zh": "设置之后，经过指定的延迟时间触发。",
    }
    icon = "⏳"
    category: ClassVar = _CATEGORY
    examples = ({"delay": "10m"}, {"delay": 90})
    once = True
    elapses = True

    class Config(blockloom.Config):
        """The delay: seconds, or text such as "10m"."""

        model_config: ClassVar = {"strict": True}  # true is no duration

        delay: int | float | str

    def check(self, config: Any) -> Iterable[Problem]:
        """A delay that cannot be read or that no calendar holds."""
        return _duration_problems("/delay", config.delay, zero_is_fine=True)

    def next(self, config: Any, after: datetime) -> datetime | None:
        """`after` and the delay: `after` is when the delay began."""
        return moments.later(after, duration(config.delay))


class EveryTrigger(TriggerType):
    """Fires again and again, an interval apart."""

    name = "every"
    title: ClassVar = {"en": "Every so often", "zh": "每隔一段时间"}
    description: ClassVar = {
        "en": "Fires again and again, an interval apart; the first time when one interval has passed.",
        "zh": "每隔固定的时间触发一次；第一次在经过一个间隔之后。",
    }
    icon = "🔁"
    category: ClassVar = _CATEGORY
    examples = ({"interval": "1h"}, {"interval": 30})
    elapses = True

    class Config(blockloom.Config):
        """The interval: seconds, or text such as "1h"."""

        model_config: ClassVar = {"strict": True}  # true is no duration

        interval: int | float | str

    def check(self, config: Any) -> Iterable[Problem]:
        """An interval that cannot be read, is nothing, or that no calendar holds."""
        return _duration_problems("/interval", config.interval, zero_is_fine=False)

    def next(self, config: Any, after: datetime) -> datetime | None:
        """`after` and the interval: `after` is the scheduled moment before, so the grid does not drift."""
        return moments.later(after, duration(config.interval))

    def resume(self, config: Any, after: datetime, until: datetime) -> datetime:
        """The last moment of the grid that is not beyond `until`."""
        interval = timedelta(seconds=duration(config.interval))
        return after + (until - after) // interval * interval


class CronTrigger(TriggerType):
    """Fires by a cron expression, on the clock of a time zone."""

    name = "cron"
    title: ClassVar = {"en": "By a cron expression", "zh": "按 cron 表达式"}
    description: ClassVar = {
        "en": "Fires by a cron expression of five fields (six with seconds first), on the clock of a time zone.",
        "zh": "按 cron 表达式触发（五个字段；六个字段时第一个是秒），以所选时区的时钟为准。",
    }
    icon = "🕘"
    category: ClassVar = _CATEGORY
    examples = (
        {"expression": "0 9 * * MON-FRI", "timezone": "Asia/Shanghai"},
        {"expression": "*/15 * * * *"},
    )

    class Config(blockloom.Config):
        """The expression, and the name of the time zone whose clock counts."""

        expression: str
        timezone: str = "UTC"

    def check(self, config: Any) -> Iterable[Problem]:
        """An unknown time zone, and an expression that cannot be read or never comes."""
        try:
            moments.zone(config.timezone)
        except ValueError:
            yield sentences.problem("/timezone", sentences.BAD_ZONE, config.timezone)
        try:
            comes = moments.comes(config.expression)
        except ValueError as error:
            yield sentences.problem("/expression", sentences.BAD_CRON, config.expression, str(error))
        else:
            if not comes:
                yield sentences.problem("/expression", sentences.NEVER, config.expression)

    def next(self, config: Any, after: datetime) -> datetime | None:
        """The first moment after `after` that the expression names on the zone's clock."""
        return moments.next_by_cron(config.expression, moments.zone(config.timezone), after)

    def resume(self, config: Any, after: datetime, until: datetime) -> datetime:
        """`until`: the calendar does not depend on what was."""
        return until


@blockloom.hookimpl
def blockloom_trigger_types() -> Sequence[type[TriggerType]]:
    """The trigger types of this plugin."""
    return [AtTrigger, AfterTrigger, EveryTrigger, CronTrigger]


def _duration_problems(path: str, given: Any, *, zero_is_fine: bool) -> Iterable[Problem]:
    try:
        seconds = duration(given)
    except BadValue:
        yield sentences.problem(path, sentences.BAD_DURATION, given)
        return
    except OverflowError:  # a whole number beyond every float
        seconds = inf
    if moments.later(datetime(2000, 1, 1, tzinfo=UTC), seconds) is None:
        yield sentences.problem(path, sentences.TOO_LONG, given)
    elif not zero_is_fine and not timedelta(seconds=seconds):
        yield sentences.problem(path, sentences.NO_INTERVAL, given)
