"""The types that the blocks and tasks of one event loop share: made once, kept warm, closed as the loop ends."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final
from weakref import WeakKeyDictionary

from ..plugins import installed
from ..registry import Registry

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


async def _keep() -> AsyncGenerator[Registry]:
    # A loop ends the generators that are still open before it ends itself: so the types are closed in their own loop.
    registry = installed().registry.fresh()
    try:
        yield registry
    finally:
        await registry.close()
