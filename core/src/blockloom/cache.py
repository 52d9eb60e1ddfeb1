"""Results that may stand for new ones: of equal types, settings, blocks and inputs."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any, Final

from pydantic_core import to_json

from .errors import BadValue, StoreFailed, StoreUnusable
from .plan import TaskPlan
from .store import Store
from .values import copy_value

MOST: Final = 10_000
"""Results that are kept in memory; the ones unused for the longest time go first."""

RESULTS: Final = "results"
"""The shelf of results, each as `[made, outputs]` under the hash of what it was computed from."""

BY_AGE: Final = "results-by-age"
"""The shelf of the same hashes, each behind the time of its making, so that the oldest come first."""

SLICE: Final = 500


class Cache:
    """Results by what they were computed from, each with the time of its making; a store that lasts keeps them too.

    In the store there is none in which a secret stands: `mask` says so.
    """

    def __init__(
        self, clock: Callable[[], float], store: Store | None = None, mask: Callable[[Any], Any] = lambda value: value
    ) -> None:
        self._clock = clock
        self._store = store if store is not None and store.durable else None
        self._mask = mask
        self._kept: OrderedDict[bytes, tuple[float, Mapping[str, Any]]] = OrderedDict()
        self._writing: set[asyncio.Task[None]] = set()

    @property
    def lasts(self) -> bool:
        """Whether there may be results of earlier processes: `recall` finds them."""
        return self._store is not None

    def get(self, task: TaskPlan, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """A result in memory that is young enough, as a copy; None where there is none."""
        return self._young(task, _key(task, given))

    async def recall(self, task: TaskPlan, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """A result in the store that is young enough; None where there is none, or the store does not answer."""
        key = _key(task, given)
        if self._store is not None:
            with suppress(StoreFailed):
                if (found := await self._store.get(RESULTS, key.hex())) is not None:
                    self._keep(key, *found)
        return self._young(task, key)

    def put(self, task: TaskPlan, given: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        """Record a result, if it is not one that is recorded already."""
        key = _key(task, given)
        if key in self._kept:
            return
        made = self._clock()
        self._keep(key, made, outputs)
        if self._store is not None and self._mask(outputs) is outputs:
            writing = asyncio.get_running_loop().create_task(_write(self._store, key.hex(), made, outputs))
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)

    async def close(self) -> None:
        """Wait until the store has what was recorded."""
        if self._writing:
            await asyncio.wait(self._writing)

    def _keep(self, key: bytes, made: float, outputs: Mapping[str, Any]) -> None:
        self._kept[key] = made, outputs
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def _young(self, task: TaskPlan, key: bytes) -> dict[str, Any] | None:
        made, outputs = self._kept.get(key, (0.0, None))
        if outputs is None or task.cache is None:
            return None
        if self._clock() - made > task.cache:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        copied: dict[str, Any] = copy_value(dict(outputs))
        return copied


async def forget_results(store: Store, before: float) -> int:
    """Forget the results in a store that were made before a moment; how many they were."""
    gone = 0
    while True:
        old = [id for id, _ in await store.items(BY_AGE, limit=SLICE) if float(id.partition("/")[0]) < before]
        for id in old:
            key = id.partition("/")[2]
            found = await store.get(RESULTS, key)
            if found is not None and found[0] < before:
                gone += await store.drop(RESULTS, key)
            await store.drop(BY_AGE, id)
        if len(old) < SLICE:
            return gone


async def _write(store: Store, key: str, made: float, outputs: Mapping[str, Any]) -> None:
    with suppress(StoreFailed, StoreUnusable, BadValue):  # it is only computed again then
        await store.put(RESULTS, key, [made, dict(outputs)])
        await store.put(BY_AGE, f"{made:020.6f}/{key}", None)


def _key(task: TaskPlan, given: Mapping[str, Any]) -> bytes:
    blocks = [[block.id, block.type, block.content.model_dump(mode="json")] for block, _ in task.sequence]
    sees = [list(visible.sees) for visible in task.sequence]
    config = task.config.model_dump(mode="json", by_alias=True)
    parts = [task.type.name, task.type.version, config, blocks, sees, sorted(given.items())]
    return sha256(to_json(parts)).digest()
