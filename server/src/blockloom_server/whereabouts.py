"""Where the server of a store is, written in that store for the commands that are used beside it."""

from contextlib import suppress
from typing import Final

from blockloom.errors import StoreFailed
from blockloom.store import Store

SHELF: Final = "server"
ADDRESS: Final = "address"


async def announce(store: Store, address: str) -> None:
    """Say where the server is; where that cannot be written just now, commands do not find it, and that is all."""
    with suppress(StoreFailed):
        await store.put(SHELF, ADDRESS, address)


async def withdraw(store: Store) -> None:
    """Say that there is no server any more."""
    with suppress(StoreFailed):
        await store.drop(SHELF, ADDRESS)


async def address_of(store: Store) -> str | None:
    """Where the server of a store is, or was when it was killed; None if there is none."""
    found: str | None = await store.get(SHELF, ADDRESS)
    return found
