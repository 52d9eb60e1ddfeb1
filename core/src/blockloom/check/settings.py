"""What any task may set: retry, timeout, group, cache."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..kind import Duration, Retry
from ..validation import flaws
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


class TaskSettings(BaseModel):
    """The settings that every task may have, whatever its type."""

    model_config = ConfigDict(extra="ignore", strict=True)

    retry: RetrySettings | None = None
    timeout: Duration | None = None
    group: Annotated[str, Field(min_length=1)] | None = None
    cache: bool | CacheSettings | None = None


class Settings(NamedTuple):
    """The same as the plan holds it; `cache` is for how many seconds a result may be used again, None for never."""

    retry: Retry | None = None
    timeout: float | None = None
    group: str | None = None
    cache: float | None = None


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
