"""Where a command keeps runs: in the store that it is told, or in the user's own."""

from typing import NamedTuple

from ..errors import BadUsage, BlockloomError, StoreTaken, StoreUnusable
from ..finding import Finding
from ..homestores import HomeStores
from ..memory import MemoryStore
from ..plugins import Plugins
from ..store import Store
from ..stores import open_store
from ..words import both
from .speech import note, one_line, say


class Chosen(NamedTuple):
    """A store that is open to write, and the home whose own it is, if it is that."""

    store: Store
    home: HomeStores | None = None

    async def gather(self) -> None:
        """Take in the runs that were kept beside it meanwhile."""
        if self.home is not None:
            await self.home.gather(self.store)


def choose(url: str | None, plugins: Plugins, beside: bool = False) -> Chosen:
    """The store behind a URL, or the user's own where there is none.

    With `beside`, a store of its own stands in for the user's while another process has that; where nothing can be
    kept, a warning says so. Raises StoreTaken and StoreUnusable.
    """
    if url is not None:
        return Chosen(open_named(url, plugins))
    home = HomeStores(plugins.registry)
    if why := _hindrance(home):
        note(say("Warning: ", "警告：") + why)
        return Chosen(MemoryStore())
    try:
        return Chosen(home.open(), home)
    except StoreTaken:
        if not beside:
            raise
        return Chosen(home.open_beside())


def open_named(url: str, plugins: Plugins, readonly: bool = False) -> Store:
    """The store behind a URL; whatever keeps it from opening is the URL's fault."""
    try:
        return open_store(url, plugins.registry, readonly)
    except BlockloomError:
        raise
    except Exception as error:  # a store raises what it likes
        why = one_line(f"{type(error).__name__}: {error}")
        raise BadUsage(say(f"The store {url} cannot be opened: {why}.", f"无法打开存储 {url}：{why}。")) from None


async def store_finding(plugins: Plugins) -> Finding:
    """How the user's own store does."""
    home = HomeStores(plugins.registry)
    if why := _hindrance(home):
        return Finding(name="store", text=why, state="warning")
    try:
        kept = [store for _, store in home.to_read()]
        for store in kept:
            await store.close()
    except StoreUnusable as error:
        return Finding(name="store", text=error.why, state="failed", remedy=error.remedy)
    if kept:
        return Finding(name="store", text=both(f"runs are kept in {home.url}", f"运行保存在 {home.url}"))
    return Finding(name="store", text=both(f"runs will be kept in {home.url}", f"运行将保存在 {home.url}"))


def _hindrance(home: HomeStores) -> str:
    """Why nothing is kept; empty where it is."""
    if not home.keeps:
        return say(
            "nothing is kept, for no installed plugin offers a default store.",
            "不会保存任何内容：没有已安装的插件提供默认存储。",
        )
    if not home.writable:
        return say(
            f"nothing is kept, for {home.folder} cannot be written. Set BLOCKLOOM_HOME to a folder that can.",
            f"不会保存任何内容：{home.folder} 不可写。请将 BLOCKLOOM_HOME 设为可写的文件夹。",
        )
    return ""
