"""Runs as programs hold them: one that is going on, and one that is over and read back from its journal."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from .errors import StoreUnusable, WrongState
from .events import Event
from .explain import Explanation, explain
from .journal import Journal
from .plan import Plan
from .records import Records, TaskRecord
from .replan import offending
from .run import Run
from .scheduler import Scheduler
from .states import RunState
from .store import StoredRun
from .trigger import Published
from .values import copy_value

_log = logging.getLogger(__name__)


class RunView:
    """A run as its events tell it."""

    def __init__(self, id: str, tasks: Sequence[str], workflow: str | None = None) -> None:
        self.id = id
        self.workflow = workflow
        self._ids = tasks

    @property
    def events(self) -> Sequence[Event]:
        """Everything that is recorded of it, in order."""
        raise AttributeError("events")

    @property
    def state(self) -> RunState:
        """Where it stands."""
        return self._read().state

    @property
    def outputs(self) -> dict[str, Any]:
        """What its end tasks were given, as a copy; empty until it has ended."""
        outputs: dict[str, Any] = copy_value(dict(self._read().outputs))
        return outputs

    @property
    def error(self) -> Mapping[str, Any] | None:
        """Why it failed, as `{type, message, task}`; None if it did not."""
        return self._read().error

    @property
    def tasks(self) -> Mapping[str, TaskRecord]:
        """Its tasks by id, those of bodies under names such as `each[2].double`."""
        return self._read().tasks

    @property
    def current(self) -> list[str]:
        """The ids of the tasks that run."""
        return self._read().current()

    @property
    def seq(self) -> int:
        """The number of the last event."""
        return len(self.events)

    def to_json(self) -> dict[str, Any]:
        """As `{run, state, outputs, tasks, error?}`."""
        records = self._read()
        told: dict[str, Any] = {"run": self.id, "state": records.state.value, "outputs": dict(records.outputs)}
        told["tasks"] = {id: record.to_json() for id, record in records.tasks.items()}
        if records.error is not None:
            told["error"] = dict(records.error)
        return told

    @property
    def plan(self) -> Plan | None:
        """The plan that it runs by; None where that is not at hand."""
        return None

    def explain(self, task: str) -> Explanation:
        """Why a task waits, ran, was canceled, failed or ran again; also one in a body, as `each[2].double`.

        Without a plan, only what its events tell. Raises UnknownPart.
        """
        plan = self.plan
        return explain(plan, self.events, task, self.tasks if plan is None else ())

    async def follow(self, after: int = 0) -> AsyncIterator[list[Event]]:
        """Its events beyond `after` in batches, to the end."""
        if beyond := list(self.events[after:]):
            yield beyond

    async def wait(self) -> "RunView":
        """Wait until it is over."""
        return self

    async def stop(self) -> None:
        """End it; what is over stays as it is."""

    async def pause(self) -> None:
        """Start nothing new until `resume`."""
        raise WrongState("run", self.id, self.state.value, "only a run that goes on can be paused")

    async def resume(self) -> None:
        """Go on after `pause`."""
        raise WrongState("run", self.id, self.state.value, "only a paused run can be resumed")

    async def answer(self, task: str, value: Any, block: str | None = None) -> None:
        """A person answers a task that asks, or one of its blocks; for a checklist `{item: true or false}`.

        Raises UnknownPart, WrongState where it asks for no answer, and BadUsage where the answer does not fit.
        """
        raise WrongState("run", self.id, self.state.value, "only a task of a run that goes on asks for an answer")

    @cached_property
    def _records(self) -> Records:
        """Made when somebody asks: most runs are only followed."""
        return Records(self._ids)

    def _read(self) -> Records:
        return self._records.read(self.events)


class PastRun(RunView):
    """A run that is over."""

    def __init__(
        self,
        id: str,
        tasks: Sequence[str],
        events: Sequence[Event],
        workflow: str | None = None,
        plan: Callable[[], Plan | None] | None = None,
    ) -> None:
        super().__init__(id, tasks, workflow)
        self._events = events
        self._make_plan = plan

    @property
    def plan(self) -> Plan | None:
        """See RunView; made from the graph that is kept, where its types are installed."""
        return None if self._make_plan is None else self._make_plan()

    @property
    def events(self) -> Sequence[Event]:
        """See RunView."""
        return self._events


class LiveRun(RunView):
    """A run in this process, from its start to its end."""

    def __init__(self, run: Run, scheduler: Scheduler, journal: Journal, stored: StoredRun) -> None:
        super().__init__(stored.id, run.plan.ids, stored.workflow)
        self.run = run
        self.stored = stored
        self._scheduler = scheduler
        self._journal = journal
        self._driver: asyncio.Task[None] | None = None

    @property
    def plan(self) -> Plan:
        """See RunView."""
        return self.run.plan

    @property
    def events(self) -> Sequence[Event]:
        """What is recorded of it so far."""
        log = self.run.log.events
        return log if self._journal.told == len(log) else log[: self._journal.told]

    @property
    def stalled(self) -> bool:
        """Whether it waits for a store that cannot record it just now."""
        return self._journal.stalled is not None

    @property
    def settled(self) -> bool:
        """Whether it is over and all of it is recorded."""
        return self.run.over and self._driver is not None and self._driver.done()

    def start(self, start: Callable[[], None], then: Callable[[], Awaitable[None]] | None = None) -> None:
        """Begin in the background, `start` telling the run to; `then` is called when it is over."""
        self._scheduler.begin(start)
        self._driver = asyncio.create_task(self._drive(then))
        self._driver.add_done_callback(self._tell_break)

    def carry_on(self) -> None:
        """Go on in the background from what is recorded."""
        self.start(lambda: self._scheduler.recover(self.stored.inputs))

    async def wait(self) -> "LiveRun":
        """Wait until it is over and all of it is recorded."""
        if self._driver is not None:
            await asyncio.wait([self._driver])
            if self._driver.cancelled():
                self._refuse_closed()
            self._driver.result()
        return self

    def follow(self, after: int = 0) -> AsyncIterator[list[Event]]:
        """What is recorded beyond `after`, then what comes from now on, in batches, until it is over."""
        return self._journal.follow(after)

    async def stop(self) -> None:
        """Cancel what has not finished, and wait until that has ended."""
        self._refuse_closed()
        self._scheduler.stop()
        await self.wait()

    def publish(self, number: int, event: Published) -> bool:
        """Tell the run of a published event with this number; whether it was still there to hear it."""
        if self.run.over or self._journal.closed:
            return False
        self._scheduler.publish(number, event)
        return True

    async def answer(self, task: str, value: Any, block: str | None = None) -> None:
        """See RunView; the answer is on record then."""
        self._refuse_closed()
        if self.run.over:
            await super().answer(task, value, block)
        self._scheduler.answer(task, copy_value(value), block)
        await self._journal.flush()

    async def edit(self, plan: Plan) -> None:
        """Go on with another plan; raises WrongState where what has begun would change, with the tasks named."""
        self._refuse_closed()
        if self.run.over:
            raise WrongState("run", self.id, self.state.value, "only a run that goes on can be edited")
        if in_the_way := offending(self.run.plan, plan, self.run):
            names = ", ".join(in_the_way[:20])
            raise WrongState("run", self.id, self.state.value, f"what has begun cannot be changed any more: {names}")
        self._scheduler.edit(plan)
        await self._journal.flush()

    async def pause(self) -> None:
        """Start nothing new until `resume`; what runs, runs on."""
        self._refuse_closed()
        if self.run.state is RunState.PAUSED:
            return
        if self.run.state is not RunState.RUNNING:
            await super().pause()
        self._scheduler.pause()
        await self._journal.flush()

    async def resume(self) -> None:
        """Go on after `pause`."""
        self._refuse_closed()
        if self.run.state is not RunState.PAUSED:
            await super().resume()
        self._scheduler.resume()
        await self._journal.flush()

    async def drain(self) -> None:
        """Start nothing more, and wait until nothing runs but what waits or holds bodies."""
        await self._scheduler.drain()

    async def abandon(self) -> None:
        """Cancel what runs and leave the run as it is recorded."""
        self._journal.give_up()
        if self._driver is not None and not self._driver.done():
            self._driver.cancel()
            await asyncio.wait([self._driver])
            await self._scheduler.let_go()  # a driver that had not begun has not done so

    def _refuse_closed(self) -> None:
        """Refuse what cannot be done any more, where the run was left as it stood."""
        if self._journal.closed and not self.run.over:
            raise WrongState("run", self.id, self.state.value, "its engine is closed, and it is left as recorded")

    def _tell_break(self, driver: asyncio.Task[None]) -> None:
        """Say so where the run could not be driven to its end: there may be nobody who waits for it."""
        if not driver.cancelled() and isinstance(error := driver.exception(), StoreUnusable):
            _log.warning("run %s is left as it is recorded: %s", self.id, error.message)

    async def _drive(self, then: Callable[[], Awaitable[None]] | None) -> None:
        writer = asyncio.create_task(self._journal.write())
        try:
            await self._scheduler.drive()
        finally:
            await writer
            if then is not None:
                await then()
