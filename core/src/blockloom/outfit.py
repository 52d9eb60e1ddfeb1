"""What the runs of one engine share."""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .cache import Cache
from .executor import Executor
from .places import Groups
from .probation import Probation
from .registry import Registry
from .spec import Graph
from .vault import Vault

Find = Callable[[str, str], Awaitable[Graph]]
"""Gives, for a run, the stored workflow of an id or unique name; for one run it stays the same."""


class Outside(Protocol):
    """What the tasks of a run reach beyond it."""

    async def set_trigger(self, run: str, key: str, document: Mapping[str, Any]) -> str:
        """Set a trigger for a task of a run, and give its id."""

    async def publish_from(self, run: str, name: str, payload: Any) -> int:
        """Publish an event for a task of a run, and give how many runs heard it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outfit:
    """What the runs of one engine share: an executor, types, limits, results, and where workflows are found."""

    executor: Executor
    registry: Registry
    groups: Groups
    cache: Cache
    find: Find
    outside: Outside
    vault: Vault
    chance: Callable[[], float] = random.random
    probation: Probation = field(default_factory=Probation)
