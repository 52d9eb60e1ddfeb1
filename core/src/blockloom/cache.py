"""Results that may stand for new ones: of equal types, settings, blocks and inputs."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final

from pydantic_core import to_json

from .plan import TaskPlan
from .values import copy_value

MOST: Final = 10_000
"""Results that are kept; the ones unused for the longest time go first."""


class Cache:
    """Results by what they were computed from, each with the time of its making."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[bytes, tuple[float, Mapping[str, Any]]] = OrderedDict()

    def get(self, task: TaskPlan, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """A recorded result that is young enough, as a copy; None where there is none."""
        key = _key(task, given)
        made, outputs = self._kept.get(key, (0.0, None))
        if outputs is None or task.cache is None:
            return None
        if self._clock() - made > task.cache:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        copied: dict[str, Any] = copy_value(dict(outputs))
        return copied

    def put(self, task: TaskPlan, given: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        """Record a result, if it is not one that is recorded already."""
        self._kept.setdefault(_key(task, given), (self._clock(), outputs))
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)


def _key(task: TaskPlan, given: Mapping[str, Any]) -> bytes:
    blocks = [[block.id, block.type, block.content.model_dump(mode="json")] for block, _ in task.sequence]
    sees = [list(visible.sees) for visible in task.sequence]
    config = task.config.model_dump(mode="json", by_alias=True)
    parts = [task.type.name, task.type.version, config, blocks, sees, sorted(given.items())]
    return sha256(to_json(parts)).digest()
