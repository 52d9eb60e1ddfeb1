"""Drives one run: takes what is ready, runs it, and tells the run how it went.

A few workers do it. A worker takes the first ready task, runs it in place, and goes on with what became ready;
where it must wait for a task, another worker takes over. So a chain needs one worker and no asyncio task a step.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, Final, NamedTuple

from .bodies import Key
from .cache import Cache
from .errors import TaskFailed
from .executor import Executor
from .failure import delay_before, explain
from .hosting import Find, Outside, RunHost
from .journal import Journal
from .places import Groups, Places
from .plan import Plan, TaskPlan
from .registry import Registry
from .run import Log, Run
from .states import RunState
from .task import TaskContext, taken
from .trigger import Published
from .values import copy_value
from .vault import Vault
from .waits import GRACE, Waits, timed_out

BREATH: Final = 0.005
"""Seconds after which a worker that never waits lets others have the event loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outfit:
    """What the runs of one engine share: an executor, types, limits, results, and where workflows are found."""

    executor: Executor
    registry: Registry
    groups: Groups
    cache: Cache
    find: Find
    outside: Outside
    vault: Vault
    chance: Callable[[], float] = random.random

    def host(self, journal: Journal, places: Places, log: Log, go_on: Callable[[], None]) -> RunHost:
        """What the tasks of one run reach."""
        return RunHost(
            journal, self.registry, places, self.find, log.clock, go_on, self.vault, log.budget, self.outside
        )


class Result(NamedTuple):
    """What a task of an earlier run was given and gave, for a run that need not do it again."""

    given: Mapping[str, Any]
    outputs: Mapping[str, Any]


class Scheduler:
    """Drives one run to its end, with an executor that runs tasks and a journal that records what happens."""

    def __init__(
        self,
        run: Run,
        journal: Journal,
        outfit: Outfit,
        max_concurrency: int | None = None,
        reuse: Mapping[int, Result] | None = None,
    ) -> None:
        self.run = run
        self._reuse = reuse or {}
        self._agenda = run.agenda
        self._journal = journal
        self._outfit = outfit
        self._places = Places(run.agenda, max_concurrency, outfit.groups, run.plan.groups)
        self._places.on_free = self._go_on
        self._waits = Waits(self._go_on_without, lambda key: self._host.bodies.holds(key))
        self._workers: set[asyncio.Task[None]] = set()
        self._spare: asyncio.Task[None] | None = None
        self._timers: dict[Key, asyncio.TimerHandle] = {}

    def begin(self, start: Callable[[], None]) -> None:
        """Begin, `start` telling the run to: from now on it can be stopped and paused; `drive` takes it to its end."""
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._host = self._outfit.host(self._journal, self._places, self.run.log, self._go_on)
        self.run.on_end = lambda: None if self._ended.done() else self._ended.set_result(None)
        start()
        self._go_on()

    async def drive(self) -> None:
        """Run to the end; canceling this cancels what runs and leaves the run as it stands."""
        try:
            await self._ended
        finally:
            await self.let_go()

    def stop(self) -> None:
        """Cancel what has not finished and end the run as STOPPED."""
        self.run.stop()
        self._go_on()

    def cancel(self, index: int) -> None:
        """Cancel one task."""
        self.run.cancel(index)
        self._go_on()

    def publish(self, event: Published) -> None:
        """An event was published: let a task that waits for it go on."""
        self._host.publish(event)

    def edit(self, plan: Plan) -> None:
        """Go on with another plan, which leaves what has begun as it is."""
        self.run.edit(plan)
        self._go_on()

    def pause(self) -> None:
        """Start nothing new until `resume`."""
        self.run.pause()
        self._go_on()

    def resume(self) -> None:
        """Go on after `pause`."""
        self.run.resume()
        self._go_on()

    # The workers

    def _go_on(self) -> None:
        """After something has happened: end what is condemned, and see that somebody takes what is ready."""
        condemned, self._agenda.condemned = self._agenda.condemned, []
        for key in condemned:
            self._waits.end(key)
        if self._spare is None and self._can_start():
            self._spare = self._loop.create_task(self._work(), context=self._context.copy())
            self._workers.add(self._spare)
            self._spare.add_done_callback(self._worker_ended)
        else:
            self._places.serve_a_seeker()
        self._journal.nudge()

    def _can_start(self) -> bool:
        return self._goes_on and self._places.can_take()

    @property
    def _goes_on(self) -> bool:
        """Whether anything may start: the run goes on and is not paused, and nobody has let go of it."""
        return self.run.state is RunState.RUNNING and not self._host.bodies.abandoned

    async def _work(self) -> None:
        """Run ready tasks, one after the other, until there is none or no place for one."""
        self._spare = None
        breath = self._loop.time() + BREATH
        while self._goes_on and (found := self._places.take()) is not None:
            scope, index = found
            scope.start(index)
            task = scope.plan.tasks[index]
            waiting = self._run_in_place(scope, task)
            if waiting is not None and not await self._see_through(scope, task, waiting):
                break
            self._places.give(task)
            if copy_context() != self._context:  # the next task shall not see what this one has set
                break
            if scope.level and scope.over:
                await self._places.hold_up()
            if self._loop.time() > breath:
                self._journal.nudge()
                await asyncio.sleep(0)
                breath = self._loop.time() + BREATH
        self._go_on()

    def _worker_ended(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        self._waits.left.discard(worker)
        if worker is self._spare:
            self._spare = None
        error = None if worker.cancelled() else worker.exception()
        if isinstance(error, Exception) and not self._ended.done():
            self._ended.set_exception(error)

    def _run_in_place(self, scope: Run, task: TaskPlan) -> Awaitable[Any] | None:
        """Run one task and tell the scope how it went; where it must be awaited, give what to await instead."""
        try:
            result = self._begin(scope, task)
            if type(result) is not dict and isawaitable(result):
                return result
            outputs = taken(result, task.ports, task.owner)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._failed(scope, task, error)
        else:
            self._completed(scope, task, outputs)
        return None

    async def _see_through(self, scope: Run, task: TaskPlan, waiting: Awaitable[Any]) -> bool:
        """Await one task while another worker takes over; False where this worker was canceled with it and ends."""
        self._go_on()
        key = scope, task.index
        try:
            try:
                result = await self._waits.wait(key, waiting, task.timeout)
            finally:
                if self._host.bodies.holds(key):
                    await self._host.bodies.settle(key)
            if self._is_left():
                return False
            outputs = taken(result, task.ports, task.owner)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            if self._host.bodies.abandoned or self._is_left():
                return False
            if isinstance(error, asyncio.CancelledError) and _is_canceled():
                scope.end_canceled(task.index)
            else:
                self._failed(scope, task, error)
        else:
            self._completed(scope, task, outputs)
        if _is_canceled():
            self._places.give(task)
            return False
        return True

    def _is_left(self) -> bool:
        """Whether the run has gone on without the task of this worker."""
        return bool(self._waits.left) and asyncio.current_task() in self._waits.left

    def _completed(self, scope: Run, task: TaskPlan, outputs: Mapping[str, Any]) -> None:
        if task.cache is not None:
            self._outfit.cache.put(task, scope.given[task.index] or {}, outputs)
        stops = self._host.stops
        scope.complete(task.index, outputs, stops.pop((scope, task.index), None) if stops else None)
        if self._agenda.condemned:
            self._go_on()

    def _begin(self, scope: Run, task: TaskPlan) -> Any:
        given = scope.given[task.index] or {}
        if task.checks:
            _check_inputs(task, given)
        if not scope.level and (result := self._reuse.get(task.index)) is not None and result.given == given:
            return dict(result.outputs)
        if task.cache is not None and (kept := self._outfit.cache.get(task, given)) is not None:
            return kept
        context = TaskContext(
            scope.ids[task.index],
            task.type,
            task.config,
            {name: copy_value(value) for name, value in given.items()},
            self._host,
            task.sequence,
            task.embedded,
            (scope, task.index),
            lambda: scope.arrived(task.index),
            scope.attempts.get(task.index, 1),
        )
        return self._outfit.executor.run(task.type, context)

    def _failed(self, scope: Run, task: TaskPlan, error: BaseException) -> None:
        """Try again if the task's settings say so, else fail."""
        told = {**explain(error), "task": scope.ids[task.index]}
        attempt = scope.attempts.get(task.index, 1)
        delay = delay_before(error, task, attempt, self._outfit.chance)
        if delay is None or task.index in scope.doomed or scope.rest:
            scope.fail(task.index, told)
            if self._agenda.condemned:
                self._go_on()
            return
        scope.retry(task.index, told, delay)
        self._timers[scope, task.index] = self._loop.call_later(delay, self._rearm, scope, task.index)

    def _rearm(self, scope: Run, index: int) -> None:
        del self._timers[scope, index]
        scope.rearm(index)
        self._go_on()

    def _go_on_without(self, key: Key, late: bool) -> None:
        """A task that was canceled does not end: go on without it; whatever it still gives is dropped."""
        scope, index = key
        task = scope.plan.tasks[index]
        self._places.give(task)
        if late:
            self._failed(scope, task, timed_out(task.timeout))
        else:
            scope.end_canceled(index)
        self._go_on()

    async def let_go(self) -> None:
        """Cancel every worker and timer that is left, and wait until the workers have ended."""
        self._host.bodies.abandoned = not self.run.over
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        workers = self._workers - self._waits.left
        for worker in workers:
            worker.cancel()
        if workers:
            await asyncio.wait(workers, timeout=GRACE)
        self._host.close()
        self._journal.close()


def _is_canceled() -> bool:
    """Whether the worker itself was canceled, rather than something that its task awaited."""
    worker = asyncio.current_task()
    return worker is not None and worker.cancelling() > 0


def _check_inputs(task: TaskPlan, given: Mapping[str, Any]) -> None:
    for name, optional, check in task.checks:
        value = given[name]
        if not (optional and value is None) and (flaw := check(value)):
            raise TaskFailed("wrong-type", f"the input {name!r} does not fit: {flaw}")
