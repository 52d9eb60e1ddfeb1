"""A store that fails when it is told to, to see that nothing is lost or hangs for it."""

from collections.abc import Callable, Collection, Coroutine
from functools import wraps
from typing import Any, TypeVar, cast

from ..errors import StoreFailed
from ..store import Store

_F = TypeVar("_F", bound=Callable[..., Coroutine[Any, Any, Any]])


def _passed_on(method: _F) -> _F:
    """The method of the same name of the store within, which may be told to fail."""

    @wraps(method)
    async def call(self: "FaultStore", *args: Any, **named: Any) -> Any:
        return await self._call(method.__name__, *args, **named)

    return cast(_F, call)


class FaultStore:
    """Another store whose calls fail with StoreFailed where their numbers, counted from 1, are `failing`.

    A call fails before it does anything; with `late`, once it has been done, as where its answer is lost on the way.
    `calls` holds the names of the calls so far, so that a test can go on until a story needs no more of them:

        failing, ended = 0, False
        while not ended:
            failing += 1
            store = FaultStore(MemoryStore(), failing={failing})
            ...
            ended = len(store.calls) < failing
    """

    def __init__(self, store: Store, failing: Collection[int] = (), late: bool = False) -> None:
        self.name, self.durable = store.name, store.durable
        self.inner = store
        self.failing = failing
        self.late = late
        self.calls: list[str] = []

    put_workflow = _passed_on(Store.put_workflow)
    get_workflow = _passed_on(Store.get_workflow)
    workflows = _passed_on(Store.workflows)
    delete_workflow = _passed_on(Store.delete_workflow)
    create_run = _passed_on(Store.create_run)
    append = _passed_on(Store.append)
    get_run = _passed_on(Store.get_run)
    runs = _passed_on(Store.runs)
    events = _passed_on(Store.events)
    delete_run = _passed_on(Store.delete_run)
    prune = _passed_on(Store.prune)
    publish = _passed_on(Store.publish)
    last_published = _passed_on(Store.last_published)
    published = _passed_on(Store.published)
    put = _passed_on(Store.put)
    add = _passed_on(Store.add)
    get = _passed_on(Store.get)
    items = _passed_on(Store.items)
    drop = _passed_on(Store.drop)

    async def close(self) -> None:
        """Close the store within; this never fails."""
        await self.inner.close()

    async def _call(self, name: str, *args: Any, **named: Any) -> Any:
        self.calls.append(name)
        number = len(self.calls)
        fails = number in self.failing
        if fails and not self.late:
            raise StoreFailed(self.name, f"call {number}, {name}, was told to fail")
        answer = await getattr(self.inner, name)(*args, **named)
        if fails:
            raise StoreFailed(self.name, f"the answer to call {number}, {name}, was told to get lost")
        return answer
