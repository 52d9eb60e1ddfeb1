"""What any task may set: retry, timeout, group, cache."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import BadUsage
from ..kind import Duration, Retry
from ..validation import flaws
from ..words import both, tell
from .shape import Draft


class RetrySettings(BaseModel):
    """`retry` of a task: `attempts` counts the first."""

    model_config = ConfigDict(extra="forbid", strict=True)

    attempts: Annotated[int, Field(ge=1, le=1000)] = 3
    delay: Duration = 1.0
    backoff: Annotated[float, Field(ge=1, le=100)] = 2.0
    max_delay: Duration = 60.0
    jitter: bool = True


class CacheSettings(BaseModel):
    """`cache` of a task: for how long a result may be used again."""

    model_config = ConfigDict(extra="forbid", strict=True)

    ttl: Duration = math.inf


class LimitSettings(BaseModel):
    """`limits` of a workflow or a run: what its calls may come to together."""

    model_config = ConfigDict(extra="forbid", strict=True)

    calls: Annotated[int, Field(ge=1)] | None = None
    tokens: Annotated[int, Field(ge=1)] | None = None
    seconds: Annotated[Duration, Field(gt=0)] | None = None


class TaskSettings(BaseModel):
    """The settings that every task may have, whatever its type."""

    model_config = ConfigDict(extra="ignore", strict=True)

    retry: RetrySettings | None = None
    timeout: Duration | None = None
    group: Annotated[str, Field(min_length=1)] | None = None
    cache: bool | CacheSettings | None = None


def read_limits(draft: Draft) -> None:
    """Read the `limits` of a graph; a body has none, for they are those of the run."""
    given = draft.field(draft.graph, "limits", dict)
    try:
        draft.limits = limits_of(given)
    except ValidationError as error:
        for flaw in flaws(error, given):
            draft.add("bad-setting", "limits", *flaw.path, name="limits", why=flaw.named, advice=_LIMITS)
    if given and draft.is_body:
        why = both("a body has no limits of its own", "内嵌的图没有自己的上限")
        draft.add("bad-setting", "limits", name="limits", why=why, advice=_OUTSIDE)


def limits_of(given: Mapping[str, Any]) -> dict[str, float]:
    """Limits as numbers, by name; raises ValidationError."""
    return LimitSettings.model_validate(given).model_dump(exclude_none=True)


def wanted_limits(given: Mapping[str, Any]) -> dict[str, float]:
    """Limits of a run as numbers, by name; raises BadUsage."""
    try:
        return limits_of(given)
    except ValidationError as error:
        wrong = "; ".join(tell(flaw.named) for flaw in flaws(error, given))
        advice = "write whole numbers from 1 up as calls and tokens, and a duration as seconds"
        raise BadUsage(f"These are no limits of a run: {wrong}; {advice}.") from None


class Settings(NamedTuple):
    """The same as the plan holds it; `cache` is for how many seconds a result may be used again, None for never."""

    retry: Retry | None = None
    timeout: float | None = None
    group: str | None = None
    cache: float | None = None


_LIMITS: Final = both(
    'Write whole numbers from 1 up as "calls" and "tokens", and a duration as "seconds".',
    '请写 "calls" 和 "tokens"（不小于 1 的整数）以及 "seconds"（时长）。',
)
_OUTSIDE: Final = both("Put them beside the tasks of the outermost graph.", "请写在最外层的图中。")
_NONE: Final = Settings()
_KEYS: Final = frozenset(TaskSettings.model_fields)


def read_settings(draft: Draft, task: Mapping[str, Any], *path: str | int) -> Settings:
    """The settings of a task, those with problems left at their defaults."""
    if _KEYS.isdisjoint(task):
        return _NONE
    given = {key: task[key] for key in TaskSettings.model_fields if key in task}
    try:
        made = TaskSettings.model_validate(given)
    except ValidationError as error:
        for flaw in flaws(error, given):
            draft.add("bad-config", *path, *flaw.path, why=flaw.named, type=task.get("type"))
        return _NONE
    retry, cache = made.retry, made.cache
    again = Retry(retry.attempts, retry.delay, retry.backoff, retry.max_delay, retry.jitter) if retry else None
    ttl = cache.ttl if isinstance(cache, CacheSettings) else math.inf if cache else None
    return Settings(again, made.timeout, made.group, ttl)
