"""The sentences about triggers that cannot work, in both languages."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from blockloom import Problem

Words: TypeAlias = Mapping[str, str]
"""One sentence by language."""


class Flaw(NamedTuple):
    """One way to be wrong: what it is, and what to do about it."""

    text: Words
    advice: Words


BAD_TIME: Final = Flaw(
    {"en": "{given} is not a time.", "zh": "{given} 不是可识别的时间。"},
    {
        "en": "Write it in ISO 8601, as 2027-01-01T09:00:00+08:00; without an offset it is UTC.",
        "zh": "请使用 ISO 8601，例如 2027-01-01T09:00:00+08:00；没有时区偏移时按 UTC 计算。",
    },
)
BAD_DURATION: Final = Flaw(
    {"en": "{given} is not a duration.", "zh": "{given} 不是时长。"},
    {
        "en": 'Write seconds as a number, or "500ms", "1.5s", "10m", "2h", "1d".',
        "zh": '请写秒数，或 "500ms"、"1.5s"、"10m"、"2h"、"1d"。',
    },
)
NO_INTERVAL: Final = Flaw(
    {
        "en": "The interval {given} is nothing: it would fire without end.",
        "zh": "间隔 {given} 为零，会无休止地触发。",
    },
    {"en": "Choose an interval above zero.", "zh": "请选择大于零的间隔。"},
)
TOO_LONG: Final = Flaw(
    {"en": "{given} is longer than any calendar: it never comes.", "zh": "{given} 超出了日历范围，永远不会到来。"},
    {"en": "Choose something shorter.", "zh": "请选择更短的时长。"},
)
BAD_ZONE: Final = Flaw(
    {"en": "There is no time zone {given}.", "zh": "没有名为 {given} 的时区。"},
    {
        "en": "Use a name of the IANA list, such as Asia/Shanghai, Europe/Berlin or UTC.",
        "zh": "请使用 IANA 时区名，例如 Asia/Shanghai、Europe/Berlin 或 UTC。",
    },
)
BAD_CRON: Final = Flaw(
    {
        "en": "The cron expression {given} cannot be read: {why}.",
        "zh": "无法识别 cron 表达式 {given}：{why}。",
    },
    {
        "en": 'Write five fields: minute, hour, day of the month, month, day of the week, as "0 9 * * MON-FRI".',
        "zh": '请写五个字段：分、时、日、月、星期，例如 "0 9 * * MON-FRI"。',
    },
)
NEVER: Final = Flaw(
    {"en": "The cron expression {given} never comes.", "zh": "cron 表达式 {given} 所指的时刻永远不会到来。"},
    {"en": "Choose a day that one of its months has.", "zh": "请选择所列月份中存在的日期。"},
)

_REASONS: Final[Mapping[str, Words]] = {
    "Wrong number of fields": {"en": "it has too few fields or too many", "zh": "字段数目不对"},
    "Bad second": {"en": "its second is wrong", "zh": "“秒”字段有误"},
    "Bad minute": {"en": "its minute is wrong", "zh": "“分”字段有误"},
    "Bad hour": {"en": "its hour is wrong", "zh": "“时”字段有误"},
    "Bad day-of-month": {"en": "its day of the month is wrong", "zh": "“日”字段有误"},
    "Bad month": {"en": "its month is wrong", "zh": "“月”字段有误"},
    "Bad day-of-week": {"en": "its day of the week is wrong", "zh": "“星期”字段有误"},
}
_LONGEST: Final = 100
_NO_REASON: Final[Words] = {"en": "something in it is wrong", "zh": "其中有误"}


def problem(path: str, flaw: Flaw, given: Any, reason: str = "") -> Problem:
    """The flaw as a problem at `path`; `reason` is what the reader of cron expressions said."""
    why = _REASONS.get(reason, _NO_REASON)
    shown = repr(given)
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    text = {language: words.format(given=shown, why=why[language]) for language, words in flaw.text.items()}
    return Problem(code="bad-trigger", path=path, text=text, advice=flaw.advice)
