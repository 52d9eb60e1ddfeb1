"""What the workflows, blocks and tasks of one event loop share: types, made once and kept warm, and a watchdog."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final
from weakref import WeakKeyDictionary

from ..plugins import installed
from ..registry import Registry
from ..watchdog import Watchdog

_HELD: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Registry, AsyncGenerator[Registry]]]] = (
    WeakKeyDictionary()
)


async def warm_registry() -> Registry:
    """The installed types, as the running loop keeps them open."""
    loop = asyncio.get_running_loop()
    if loop not in _HELD:
        keeping = _keep()
        _HELD[loop] = await anext(keeping), keeping
    return _HELD[loop][0]


async def watch() -> None:
    """Have the plugin named whose code holds up the running loop, as long as that lasts."""
    await warm_registry()


async def _keep() -> AsyncGenerator[Registry]:
    # A loop ends the generators that are still open before it ends itself: so the types are closed in their own loop.
    registry, watchdog = installed().registry.fresh(), Watchdog(installed())
    watchdog.start()
    try:
        yield registry
    finally:
        watchdog.stop()
        await registry.close()
