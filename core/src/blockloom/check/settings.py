"""What any task may set: retry, timeout, group, cache."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..kind import Duration
from ..plan import Retry
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

    def plan_of_retry(self) -> Retry | None:
        """The retry as the plan holds it."""
        made = self.retry
        return None if made is None else Retry(made.attempts, made.delay, made.backoff, made.max_delay, made.jitter)

    def plan_of_cache(self) -> float | None:
        """For how many seconds a result may be used again; None for never."""
        if isinstance(self.cache, CacheSettings):
            return self.cache.ttl
        return math.inf if self.cache else None


_NONE = TaskSettings()
_KEYS = tuple(TaskSettings.model_fields)


def read_settings(draft: Draft, task: Mapping[str, Any], *path: str | int) -> TaskSettings:
    """The settings of a task, those with problems left at their defaults."""
    given = {key: task[key] for key in _KEYS if key in task}
    if not given:
        return _NONE
    try:
        return TaskSettings.model_validate(given)
    except ValidationError as error:
        for flaw in flaws(error, given):
            draft.add("bad-config", *path, *flaw.path, why=flaw.named, type=task.get("type"))
    return _NONE
