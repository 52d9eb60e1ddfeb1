"""What a store cannot do just now is tried again, for as long as that takes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from ..errors import StoreFailed

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

PAUSE: Final = 1.0
"""Seconds until a call of the store is made again."""


async def persist(call: Callable[[], Awaitable[_T]]) -> _T:
    """What a call of the store gives, made again while the store cannot do it."""
    while True:
        try:
            return await call()
        except StoreFailed as error:
            _log.warning("%s Trying again.", error.message)
            await asyncio.sleep(PAUSE)
