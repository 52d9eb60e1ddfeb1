"""Runs the listeners of triggers whose types have one, and begins again where one fails."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from ..trigger import Receipt
from .standing import Standing

_log = logging.getLogger(__name__)

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
"""Seconds until a listener that failed is begun again: at first, and at most."""

FireNow = Callable[[str, Any, str | None], Awaitable[Receipt]]
"""Fires a trigger by its id, with a payload and a key."""


class _Fire:
    """What one listener is given; see `trigger.Fire`."""

    def __init__(self, standing: Standing, fire: FireNow, settings: Mapping[str, Any]) -> None:
        self.trigger = standing.id
        self.settings = settings
        self._standing = standing
        self._fire = fire

    async def __call__(self, payload: Any = None, key: str | None = None) -> Receipt:
        return await self._fire(self.trigger, payload, key)

    def at(self, address: str) -> None:
        self._standing.address, self._standing.problem = address, None


class Listeners:
    """A task for each trigger that listens; `settings` are by the name of the type."""

    def __init__(self, fire: FireNow, settings: Mapping[str, Mapping[str, Any]]) -> None:
        self._fire = fire
        self._settings = settings
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def add(self, standing: Standing) -> None:
        """Let a trigger listen."""
        self._tasks[standing.id] = asyncio.get_running_loop().create_task(self._listen(standing))

    def remove(self, id: str) -> None:
        """Let a trigger listen no more."""
        if (task := self._tasks.pop(id, None)) is not None:
            task.cancel()

    async def close(self) -> None:
        """Let none listen any more."""
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values())
        self._tasks.clear()

    async def _listen(self, standing: Standing) -> None:
        assert standing.spec is not None
        assert standing.spec.type is not None
        type = standing.spec.type
        fire = _Fire(standing, self._fire, self._settings.get(type.name, {}))
        pause = FIRST_PAUSE
        while True:
            try:
                await type.listen(standing.spec.config, fire)
                standing.problem = "Its listener has ended by itself."
            except asyncio.CancelledError:
                standing.address = None
                raise
            except Exception as error:
                standing.problem = f"Its listener failed: {error}"[:2000]
                _log.warning("the listener of the trigger %s failed: %s", standing.id, error)
            standing.address = None
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
