"""Keeps a store small: what ended long ago is forgotten."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from .cache import forget_results
from .errors import StoreFailed
from .store import Store

_log = logging.getLogger(__name__)

EVERY: Final = 3600.0
"""Seconds after which it looks again, at most."""


async def forget_old(store: Store, age: float, clock: Callable[[], float] = time.time) -> None:
    """Forget the runs that ended, the events published and the results cached more than `age` seconds ago, for ever.

    What goes on or waits is kept, however old it is. A store that fails just now is asked again later.
    """
    while True:
        try:
            gone = await store.prune(clock() - age)
            await forget_results(store, clock() - age)
            if gone:
                _log.info("%d runs that ended more than %d seconds ago are forgotten", gone, age)
        except StoreFailed as error:
            _log.warning("old runs are not forgotten yet: %s", error.message)
        await asyncio.sleep(min(EVERY, max(age / 10, 1.0)))
