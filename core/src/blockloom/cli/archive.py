"""The runs that are kept, as commands reach them: read beside whoever writes, or written where they lie."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass

import click

from ..engine import Engine
from ..errors import NotFound
from ..homestores import HomeStores
from ..live import RunView
from ..plugins import Plugins
from ..states import RunState
from ..store import RunHead, Store
from .speech import say
from .storing import open_named

store_option = click.option(
    "--store",
    metavar="URL",
    help=say("Where runs are kept, if not in your data folder.", "运行记录的存放处（若不在你的数据文件夹中）。"),
)


@dataclass(frozen=True, slots=True)
class Archive:
    """Every store that a command reads, by its URL: the one that it is told, or all that its user has."""

    stores: dict[str, Store]

    async def list(self, workflow: str | None, states: Collection[RunState] | None, limit: int | None) -> list[RunHead]:
        """The runs of all of them, the newest first."""
        found = [head for store in self.stores.values() for head in await store.runs(workflow, states, limit)]
        return sorted(found, key=lambda head: -head.created)[:limit]

    async def holding(self, id: str) -> str:
        """The URL of the store that has a run; raises NotFound."""
        for url, store in self.stores.items():
            try:
                await store.get_run(id)
            except NotFound:
                continue
            return url
        raise NotFound("run", id)


@asynccontextmanager
async def archive(url: str | None, plugins: Plugins) -> AsyncIterator[Archive]:
    """The stores of a command, open for reading."""
    stores: dict[str, Store] = {}
    try:
        if url is not None:
            stores[url] = open_named(url, plugins, readonly=True)
        else:
            stores.update(HomeStores(plugins.registry).to_read())
        yield Archive(stores)
    finally:
        for store in stores.values():
            await store.close()


async def read_run(id: str, url: str | None, plugins: Plugins) -> RunView:
    """One run as its journal tells it; raises NotFound."""
    async with archive(url, plugins) as kept:
        store = kept.stores[await kept.holding(id)]
        async with Engine(plugins, store, owns_store=False) as engine:
            return await engine.run(id)


@asynccontextmanager
async def to_write(id: str, url: str | None, plugins: Plugins) -> AsyncIterator[Store]:
    """The store that has a run, open to write; raises NotFound, and StoreTaken where another process has it."""
    async with archive(url, plugins) as kept:
        holding = await kept.holding(id)
    store = open_named(holding, plugins)
    try:
        yield store
    finally:
        await store.close()
