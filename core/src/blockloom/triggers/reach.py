"""What the tasks of runs reach of the triggers: they set some, and publish events that fire others."""

from collections.abc import Mapping
from typing import Any, Protocol

from ..errors import BadUsage
from ..store import Store, StoredRun
from .service import Triggers


class Publish(Protocol):
    """Publishes an event to all; `chain` is how many triggers fired in a row until then."""

    async def __call__(self, name: str, payload: Any = None, run: str | None = None, chain: int = 0) -> int: ...


class Reach:
    """Sets triggers and publishes events for runs, and knows how many triggers fired in a row until each run."""

    def __init__(self, store: Store | None, triggers: Triggers, publish: Publish) -> None:
        self._store = store
        self._triggers = triggers
        self._publish = publish

    async def set_trigger(self, run: str, key: str, document: Mapping[str, Any]) -> str:
        """Set a trigger for a task of a run, and give its id."""
        stored = await self._run(run)
        if stored is None:
            raise BadUsage("This run is kept nowhere, so that no trigger can outlive it: give it a store.")
        return (await self._triggers.set_by(key, stored.workflow, _chain(stored), document)).id

    async def publish_from(self, run: str, name: str, payload: Any) -> int:
        """Publish an event for a task of a run, and give how many runs heard it."""
        stored = await self._run(run)
        return await self._publish(name, payload, chain=0 if stored is None else _chain(stored))

    async def _run(self, id: str) -> StoredRun | None:
        return None if self._store is None else await self._store.get_run(id)


def _chain(run: StoredRun) -> int:
    return int(run.settings.get("chain", 0))
