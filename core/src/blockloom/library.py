"""The workflows that a store keeps."""

from collections.abc import Callable, Mapping
from typing import Any

from .check import as_body, exposed_keys
from .errors import BadUsage, InvalidGraph
from .registry import Registry
from .requires import with_requires
from .spec import Graph
from .store import OF_RUNS, Store, StoredWorkflow, find_workflow
from .triggers import Triggers
from .values import new_id


class Library:
    """Workflows on a store, if there is one, with the triggers that stand in them."""

    triggers: Triggers

    def __init__(self, registry: Registry, store: Store | None, clock: Callable[[], float]) -> None:
        self.registry = registry
        self.store = store
        self._clock = clock

    @property
    def _kept(self) -> Store:
        if self.store is None:
            raise BadUsage("This engine keeps nothing: give it a store.")
        return self.store

    async def create_workflow(self, graph: Mapping[str, Any]) -> StoredWorkflow:
        """Keep a new workflow, problems and all; raises InvalidGraph only where a key can be read in it."""
        refuse_keys(graph)
        return await self._put_workflow(new_id("w"), graph, None)

    async def update_workflow(self, id: str, graph: Mapping[str, Any], revision: int) -> StoredWorkflow:
        """Replace a workflow's graph; raises Conflict where `revision` is not the one that stands, or InvalidGraph."""
        refuse_keys(graph)
        return await self._put_workflow(id, graph, revision)

    async def _put_workflow(self, id: str, graph: Mapping[str, Any], revision: int | None) -> StoredWorkflow:
        await self._kept.put_workflow(id, with_requires(graph, self.registry), self._clock(), revision)
        kept = await self._kept.get_workflow(id)
        await self.triggers.settle(id, kept.graph)
        return kept

    async def get_workflow(self, id: str) -> StoredWorkflow:
        """One workflow; raises NotFound."""
        return await self._kept.get_workflow(id)

    async def workflows(self) -> list[StoredWorkflow]:
        """All workflows."""
        return await self._kept.workflows()

    async def delete_workflow(self, id: str) -> None:
        """Forget a workflow; its runs stay."""
        await self._kept.delete_workflow(id)
        await self.triggers.settle(id, None)

    async def find(self, run: str, name: str) -> Graph:
        """A stored workflow, by its id or unique name, as a body; for one run it stays as it was found first."""
        place = f"{run}/{name}"
        graph = await self._kept.get(OF_RUNS, place)
        if graph is None:
            graph = (await find_workflow(self._kept, name)).graph
            await self._kept.add(OF_RUNS, place, graph)
        return as_body(graph, self.registry)


def refuse_keys(graph: Mapping[str, Any]) -> None:
    """Refuse to keep a document in which a key can be read; raises InvalidGraph with each place."""
    if found := exposed_keys(graph):
        raise InvalidGraph(found)
