"""The engine as the server's clients share it: every run and every change passes here and is told of."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from blockloom.engine import Engine
from blockloom.errors import Conflict
from blockloom.finding import SANDBOX, Finding
from blockloom.live import RunView
from blockloom.plugins import Plugins
from blockloom.store import Store, StoredWorkflow
from blockloom.triggers import Firing, Standing

from .notices import Notices

WORKFLOW_CHANGED: Final = "workflow.changed"
TRIGGER_FIRED: Final = "trigger.fired"

TRIES: Final = 100
"""How often an edit is begun anew because another came first."""

Edit = Callable[[dict[str, Any]], dict[str, Any]]
"""A new graph from a standing one."""


class Hub:
    """One engine on one store, and those who listen."""

    def __init__(
        self,
        plugins: Plugins,
        store: Store,
        clock: Callable[[], float] = time.time,
        listening: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.plugins = plugins
        self.store = store
        self.engine = Engine(plugins, store, clock=clock, listening=listening)
        self.notices = Notices(clock)
        self._sandbox = asyncio.ensure_future(asyncio.to_thread(plugins.findings, SANDBOX))

    async def sandbox(self) -> list[Finding]:
        """The layers that keep code from this machine, looked at once, from the start on."""
        return await asyncio.shield(self._sandbox)

    async def open(self) -> None:
        """Let the triggers fire, and tell of it."""
        self.engine.triggers.listen(lambda *fired: self.notices.add(TRIGGER_FIRED, told_of(*fired)))
        await self.engine.triggers.open()

    async def close(self) -> None:
        """End what runs, leaving it as recorded."""
        await asyncio.wait([self._sandbox])
        await self.engine.close()

    async def start(
        self, graph: Mapping[str, Any], inputs: Mapping[str, Any], workflow: str | None, **settings: Any
    ) -> RunView:
        """Start a run; see Engine.start."""
        return await self.engine.start(graph, inputs, workflow=workflow, **settings)

    async def create(self, graph: Mapping[str, Any]) -> StoredWorkflow:
        """Keep a new workflow."""
        return self._changed(await self.engine.create_workflow(graph))

    async def update(self, id: str, graph: Mapping[str, Any], revision: int) -> StoredWorkflow:
        """Replace a workflow's graph; raises Conflict."""
        return self._changed(await self.engine.update_workflow(id, graph, revision))

    async def edit(self, id: str, edit: Edit) -> StoredWorkflow:
        """Change a workflow's graph by a function of it, whoever else does so at the same time."""
        for attempt in range(TRIES):
            standing = await self.engine.get_workflow(id)
            try:
                return await self.update(id, edit(dict(standing.graph)), standing.revision)
            except Conflict:
                if attempt == TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    async def delete(self, id: str) -> None:
        """Forget a workflow."""
        await self.engine.delete_workflow(id)
        self.notices.add(WORKFLOW_CHANGED, {"workflow": id, "revision": None, "deleted": True})

    def counts(self) -> dict[str, int]:
        """How many types of each kind there are."""
        found: dict[str, int] = {}
        for offer in self.engine.registry.offers():
            found[offer.kind] = found.get(offer.kind, 0) + 1
        return found

    def type(self, kind: str, name: str) -> dict[str, Any]:
        """All that a type says about itself; raises UnknownType or TypeConflict."""
        return self.engine.registry.offer(kind, name).to_json()

    def _changed(self, kept: StoredWorkflow) -> StoredWorkflow:
        self.notices.add(WORKFLOW_CHANGED, {"workflow": kept.id, "revision": kept.revision})
        return kept


def told_of(trigger: Standing, firing: Firing) -> dict[str, Any]:
    """What `trigger.fired` tells of a firing."""
    told = {name: value for name, value in firing.to_json().items() if name not in ("id", "outputs", "payload")}
    workflow = trigger.holder or trigger.document.get("workflow")
    return {"firing": firing.id, **told} | ({} if workflow is None else {"workflow": workflow})
