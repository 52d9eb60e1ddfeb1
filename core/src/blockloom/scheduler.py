"""Drives one run: takes what is ready, runs it, and tells the run how it went.

A few workers do it. A worker takes the first ready task, runs it in place, and goes on with what became ready;
where it must wait for a task, another worker takes over. So a chain needs one worker and no asyncio task a step.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from heapq import heappop
from inspect import isawaitable
from threading import get_ident
from typing import Any, Final

from .block import BlockType
from .bodies import Bodies, Key
from .errors import TaskFailed
from .events import Event
from .executor import Executor
from .failure import delay_of, explain
from .journal import Journal
from .plan import TaskPlan
from .registry import Registry
from .run import Run
from .spec import Graph
from .states import RunState, TaskState
from .task import TaskContext, taken
from .values import copy_value
from .waits import GRACE, Waits, timed_out

BREATH: Final = 0.005
"""Seconds after which a worker that never waits lets others have the event loop."""

_READY = TaskState.READY


class Scheduler:
    """Drives one run to its end, with an executor that runs tasks and a journal that records what happens."""

    def __init__(
        self,
        run: Run,
        journal: Journal,
        executor: Executor,
        registry: Registry,
        max_concurrency: int | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.run = run
        self.run_id = journal.run
        self._agenda = run.agenda
        self._journal = journal
        self._executor = executor
        self._registry = registry
        self._places = max_concurrency or 2**60
        self._chance = chance
        self._busy = 0
        self._held_up = 0
        self._bodies = Bodies(self._go_on, self._take_places)
        self._seekers: deque[asyncio.Future[None]] = deque()
        self._stops: dict[Key, RunState] = {}
        self._waits = Waits(self._go_on_without)
        self._workers: set[asyncio.Task[None]] = set()
        self._spare: asyncio.Task[None] | None = None
        self._timers: dict[Key, asyncio.TimerHandle] = {}

    def begin(self, inputs: Mapping[str, Any]) -> None:
        """Begin the run: from now on it can be stopped and paused; `drive` takes it to its end."""
        self._loop = asyncio.get_running_loop()
        self._thread = get_ident()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self.run.on_end = lambda: None if self._ended.done() else self._ended.set_result(None)
        self.run.begin(inputs)
        self._go_on()

    async def drive(self) -> None:
        """Run to the end; canceling this cancels what runs and leaves the run as it stands."""
        try:
            await self._ended
        finally:
            await self._let_go()
            self._journal.close()

    def stop(self) -> None:
        """Cancel what has not finished and end the run as STOPPED."""
        self.run.stop()
        self._go_on()

    def cancel(self, index: int) -> None:
        """Cancel one task."""
        self.run.cancel(index)
        self._go_on()

    def pause(self) -> None:
        """Start nothing new until `resume`."""
        self.run.pause()
        self._go_on()

    def resume(self) -> None:
        """Go on after `pause`."""
        self.run.resume()
        self._go_on()

    # What a task reaches through its context: see task.Host

    def note(self, task: str, type: str, data: Mapping[str, Any]) -> None:
        """Tell those who watch; nothing is recorded."""
        event = Event(0, self.run.log.clock(), type, task, data)
        if get_ident() == self._thread:
            self._journal.note(event)
        else:
            self._loop.call_soon_threadsafe(self._journal.note, event)

    def block_type(self, name: str) -> BlockType:
        """The block type of this name."""
        return self._registry.block(name)

    async def run_body(self, holder: Key, graph: Graph, inputs: Mapping[str, Any], key: int | None) -> dict[str, Any]:
        """Run a graph as a scope that `holder` holds."""
        return await self._bodies.run(holder, graph, inputs, key)

    async def room(self) -> None:
        """Wait until there is a free place and nothing that is ready to take it."""
        seeker: asyncio.Future[None] = self._loop.create_future()
        self._seekers.append(seeker)
        self._go_on()
        try:
            await seeker
        except asyncio.CancelledError:
            if seeker in self._seekers:
                self._seekers.remove(seeker)
            raise

    def end_bodies(self, holder: Key) -> None:
        """End the bodies that `holder` holds."""
        self._bodies.end_all(holder)

    def stop_scope(self, holder: Key, state: RunState) -> None:
        """End the graph that `holder` is in, once it has completed."""
        self._stops[holder] = state

    def cancel_tasks(self, holder: Key, ids: Sequence[str]) -> None:
        """Cancel other tasks of the graph that `holder` is in."""
        scope, index = holder
        for id in ids:
            if (other := scope.plan.index.get(id)) is not None and other != index:
                scope.cancel(other)
        self._go_on()

    # The workers

    def _go_on(self) -> None:
        """After something has happened: end what is condemned, and see that somebody takes what is ready."""
        condemned, self._agenda.condemned = self._agenda.condemned, []
        for key in condemned:
            self._waits.end(key)
        if self._spare is None and self._can_start():
            self._spare = self._loop.create_task(self._work())
            self._workers.add(self._spare)
            self._spare.add_done_callback(self._worker_ended)
        elif self._seekers and not self._agenda.ready and self._busy < self._places:
            self._seekers.popleft().set_result(None)
        self._journal.nudge()

    def _can_start(self) -> bool:
        ready = self._agenda.ready
        while ready and ready[0][2].states[ready[0][1]] is not _READY:
            heappop(ready)
        free = self._busy < self._places and not self._held_up
        return bool(ready) and free and self.run.state is RunState.RUNNING

    def _take_places(self, count: int) -> None:
        self._busy += count

    async def _work(self) -> None:
        """Run ready tasks, one after the other, until there is none or no place for one."""
        self._spare = None
        breath = self._loop.time() + BREATH
        while self._can_start():
            _, index, scope = heappop(self._agenda.ready)
            scope.start(index)
            self._busy += 1
            alive = await self._run_one(scope, index)
            if self._waits.left and asyncio.current_task() in self._waits.left:
                return
            self._busy -= 1
            if not alive:
                break
            if scope.level and scope.over:
                await self._let_holder_go_on()
            if self._loop.time() > breath:
                self._go_on()
                await asyncio.sleep(0)
                breath = self._loop.time() + BREATH
        self._go_on()

    async def _let_holder_go_on(self) -> None:
        """After a body has ended: what its holder does next comes before other tasks."""
        self._held_up += 1
        try:
            await asyncio.sleep(0)
        finally:
            self._held_up -= 1

    def _worker_ended(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        self._waits.left.discard(worker)
        if worker is self._spare:
            self._spare = None
        if not worker.cancelled() and (error := worker.exception()) and not self._ended.done():
            self._ended.set_exception(error)

    async def _run_one(self, scope: Run, index: int) -> bool:
        """Run one task and tell the scope how it went; False where this worker was canceled with it."""
        task = scope.plan.tasks[index]
        waited = False
        try:
            result = self._begin(scope, task)
            if type(result) is not dict and isawaitable(result):
                waited = True
                self._go_on()
                result = await self._waits.wait((scope, index), result, task.timeout)
            if self._waits.left and asyncio.current_task() in self._waits.left:
                return False
            outputs = taken(result, task.ports, task.owner)
        except asyncio.CancelledError as error:
            if self._bodies.abandoned:
                return False
            if _is_canceled():
                scope.end_canceled(index)
            else:
                self._failed(scope, task, error)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) or (waited and isinstance(error, GeneratorExit)):
                raise
            self._failed(scope, task, error)
        else:
            scope.complete(index, outputs, self._stops.pop((scope, index), None) if self._stops else None)
        if self._agenda.condemned:
            self._go_on()
        return not (waited and _is_canceled())

    def _begin(self, scope: Run, task: TaskPlan) -> Any:
        given = scope.given[task.index] or {}
        if task.checks:
            _check_inputs(task, given)
        context = TaskContext(
            scope.ids[task.index],
            task.type,
            task.config,
            {name: copy_value(value) for name, value in given.items()},
            self,
            task.sequence,
            task.embedded,
            (scope, task.index),
            lambda: scope.arrived(task.index),
            scope.attempts.get(task.index, 1),
        )
        return self._executor.run(task.type, context)

    def _failed(self, scope: Run, task: TaskPlan, error: BaseException) -> None:
        """Try again if the task's settings say so, else fail."""
        told = {**explain(error), "task": scope.ids[task.index]}
        attempt = scope.attempts.get(task.index, 1)
        if task.retry is None or attempt >= task.retry.attempts or task.index in scope.doomed or scope.rest:
            scope.fail(task.index, told)
            return
        delay = delay_of(task.retry, attempt, self._chance)
        scope.retry(task.index, told, delay)
        self._timers[scope, task.index] = self._loop.call_later(delay, self._rearm, scope, task.index)

    def _rearm(self, scope: Run, index: int) -> None:
        del self._timers[scope, index]
        scope.rearm(index)
        self._go_on()

    def _go_on_without(self, key: Key, late: bool) -> None:
        """A task that was canceled does not end: go on without it; whatever it still gives is dropped."""
        scope, index = key
        self._busy -= 1
        task = scope.plan.tasks[index]
        if late:
            self._failed(scope, task, timed_out(task.timeout))
        else:
            scope.end_canceled(index)
        self._go_on()

    async def _let_go(self) -> None:
        """Cancel every worker and timer that is left, and wait until the workers have ended."""
        self._bodies.abandoned = not self.run.over
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        workers = self._workers - self._waits.left
        for worker in workers:
            worker.cancel()
        if workers:
            await asyncio.wait(workers, timeout=GRACE)


def _is_canceled() -> bool:
    """Whether the worker itself was canceled, rather than something that its task awaited."""
    worker = asyncio.current_task()
    return worker is not None and worker.cancelling() > 0


def _check_inputs(task: TaskPlan, given: Mapping[str, Any]) -> None:
    for name, optional, check in task.checks:
        value = given[name]
        if not (optional and value is None) and (flaw := check(value)):
            raise TaskFailed("wrong-type", f"the input {name!r} does not fit: {flaw}")
