"""The user's own store: in the data folder, with small ones beside it for runs that find it taken.

One process writes a store. So a run that is started while another process has the user's store, as a server does, is
kept in a store of its own beside it, and is moved into the user's store by the next process that has that.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

from .errors import BadUsage, NotFound, StoreTaken, StoreUnusable
from .home import home
from .memory import MemoryStore
from .registry import Registry
from .states import RUN_ENDS
from .store import Store
from .transfer import copy_run
from .values import new_id

_ASIDE: Final = "runs"


class HomeStores:
    """The user's own store, of the kind that says `default = True`; without such a kind, nothing is kept."""

    def __init__(self, registry: Registry, folder: Path | None = None) -> None:
        self.folder = folder or home()
        self._kind = _default(registry)

    @property
    def keeps(self) -> bool:
        """Whether anything is kept: whether a plugin offers a kind for it."""
        return self._kind is not None

    @property
    def url(self) -> str:
        """The URL of the user's store."""
        return self._url(self.folder)

    @property
    def writable(self) -> bool:
        """Whether the folder is there, or can be made, and may be written."""
        there = next(folder for folder in (self.folder, *self.folder.parents) if folder.exists())
        return there.is_dir() and os.access(there, os.W_OK)

    def open(self) -> Store:
        """The user's store, to write; raises StoreTaken where another process has it, and StoreUnusable."""
        return self._open(self.folder)

    def open_beside(self) -> Store:
        """A new store beside the user's."""
        return self._open(self.folder / _ASIDE / new_id())

    def to_read(self) -> Iterator[tuple[str, Store]]:
        """Every store there is, the user's first, by its URL and open for reading; the caller closes each."""
        with suppress(NotFound):
            yield self.url, self._open(self.folder, readonly=True)
        for folder in self._asides():
            with suppress(NotFound, StoreUnusable):
                yield self._url(folder), self._open(folder, readonly=True)

    async def gather(self, store: Store) -> None:
        """Move what lies beside the user's store into it, but for runs that go on or were cut off."""
        for folder in self._asides():
            with suppress(NotFound, StoreTaken, StoreUnusable):
                await self._open(folder, readonly=True).close()  # one that is being made is not there yet
                aside = self._open(folder)
                try:
                    open_runs = await _move(aside, store)
                finally:
                    await aside.close()
                if not open_runs:
                    shutil.rmtree(folder, ignore_errors=True)

    def _asides(self) -> list[Path]:
        try:
            return sorted(folder for folder in (self.folder / _ASIDE).iterdir() if folder.is_dir())
        except OSError:
            return []

    def _url(self, folder: Path) -> str:
        return "memory:" if self._kind is None else cast(str, self._kind.url_in(folder))

    def _open(self, folder: Path, readonly: bool = False) -> Store:
        if self._kind is None:
            return MemoryStore()
        if readonly:
            return cast(Store, self._kind(self._url(folder), readonly=True))
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            remedy = "Set BLOCKLOOM_HOME to a folder that can be written, or use --store."
            raise StoreUnusable(str(folder), f"the folder cannot be made: {error.strerror}", remedy) from None
        return cast(Store, self._kind(self._url(folder)))


async def _move(source: Store, target: Store) -> int:
    """Move the runs that are over; how many are not."""
    heads = await source.runs()
    over = [head.id for head in reversed(heads) if head.state in RUN_ENDS]
    for id in over:
        await copy_run(source, target, id)
        await source.delete_run(id)
    return len(heads) - len(over)


def _default(registry: Registry) -> Any:
    """The kind that is the default; None where there is none."""
    found = [offer for offer in registry.offers("store") if getattr(offer.type, "default", False)]
    if len(found) > 1:
        owners = " and ".join(offer.owner for offer in found)
        raise BadUsage(f"Several plugins offer a default store: {owners}. Uninstall all but one, or use --store.")
    return found[0].type if found else None
