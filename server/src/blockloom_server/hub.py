"""The engine as the server's clients share it: every run and every change passes here and is told of."""

import asyncio
import time
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, Final

from blockloom.engine import Engine
from blockloom.errors import BlockloomError, Conflict, StoreFailed
from blockloom.events import Event
from blockloom.finding import SANDBOX, Finding
from blockloom.live import RunView
from blockloom.plugin import Observer
from blockloom.plugins import Plugins
from blockloom.store import Store, StoredWorkflow
from blockloom.triggers import Firing, Standing, persist

from .lines import Lines
from .metrics import Metrics, runs_by_state, tasks_by_state
from .notices import Notices
from .telling import Telling

WORKFLOW_CHANGED: Final = "workflow.changed"
TRIGGER_FIRED: Final = "trigger.fired"

TRIES: Final = 100
"""How often an edit is begun anew because another came first."""

PATIENCE: Final = 2.0
"""Seconds in which the store must answer for the server to be ready."""

RUN_LINES: Final = 200
"""Lines a second in the log about runs."""

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
        self.lines = Lines()
        self._run_lines = Lines(RUN_LINES)
        self.metrics = Metrics()
        watched = copy(plugins)
        watched.observers = [*plugins.observers, Observer(self._see)]
        self.engine = Engine(watched, store, clock=clock, listening=listening)
        self.notices = Notices(clock)
        self._opening: asyncio.Task[None] | None = None
        self.telling = Telling()
        self.draining = False
        """Whether the server is about to stop: nothing new is begun."""
        self._show()
        self._sandbox = asyncio.ensure_future(asyncio.to_thread(plugins.findings, SANDBOX))

    async def sandbox(self) -> list[Finding]:
        """The layers that keep code from this machine, looked at once, from the start on."""
        return await asyncio.shield(self._sandbox)

    async def open(self) -> None:
        """Carry on what the store holds open, and let the triggers fire; where the store fails, as soon as it can."""
        self.engine.triggers.listen(lambda *fired: self.notices.add(TRIGGER_FIRED, told_of(*fired)))
        try:
            await self._open()
        except StoreFailed:
            self._opening = asyncio.create_task(persist(self._open))

    async def _open(self) -> None:
        await self.engine.recover()
        await self.engine.triggers.open()

    async def close(self) -> None:
        """End what runs, leaving it as recorded."""
        if self._opening is not None:
            self._opening.cancel()
        await asyncio.wait([self._sandbox])
        await self.engine.close()
        self._run_lines.close()
        self.lines.close()

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

    async def unready(self) -> str | None:
        """Why no run should be started here just now; None where all is well."""
        if self.draining:
            return "stopping"
        if self.engine.stalled:
            return "store"
        try:
            async with asyncio.timeout(PATIENCE):
                await self.store.runs(limit=1)
        except (BlockloomError, TimeoutError, OSError):
            return "store"
        return None

    def _see(self, run: str, event: Event) -> None:
        """Count a recorded event, and write of a run's beginning and end into the log."""
        self.metrics.see(run, event)
        if event.type.startswith("run."):
            error = event.data.get("error") or {}
            self._run_lines.tell(
                event.type, "runs", run=run, seq=event.seq, task=error.get("task"), error=error.get("type")
            )

    def _show(self) -> None:
        """The figures of the moment."""
        show, engine = self.metrics.show, self.engine
        show("blockloom_runs", lambda: runs_by_state(engine.live))
        show("blockloom_tasks", lambda: tasks_by_state(engine.live))

    def _changed(self, kept: StoredWorkflow) -> StoredWorkflow:
        self.notices.add(WORKFLOW_CHANGED, {"workflow": kept.id, "revision": kept.revision})
        return kept


def told_of(trigger: Standing, firing: Firing) -> dict[str, Any]:
    """What `trigger.fired` tells of a firing."""
    told = {name: value for name, value in firing.to_json().items() if name not in ("id", "outputs", "payload")}
    workflow = trigger.holder or trigger.document.get("workflow")
    return {"firing": firing.id, **told} | ({} if workflow is None else {"workflow": workflow})
