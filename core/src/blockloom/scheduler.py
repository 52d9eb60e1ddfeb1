"""Drives one run: takes what is ready, runs it, and tells the run how it went.

A few workers do it. A worker takes the first ready task, runs it in place, and goes on with what became ready;
where it must wait for a task, another worker takes over. So a chain needs one worker and no asyncio task a step.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextvars import copy_context
from inspect import isawaitable
from typing import Any, Final

from .beginnings import Beginnings, Result
from .bodies import Key
from .errors import PluginError
from .events import NOTHING
from .failure import cut_off, delay_before, explain
from .hosting import RunHost
from .journal import Journal
from .outfit import Outfit
from .past import MOST_STRIKES, Past
from .places import Places
from .plan import Plan, TaskPlan
from .portvalues import taken
from .run import Run
from .states import RunState, TaskState
from .trigger import Published
from .waits import GRACE, Waits, timed_out

BREATH: Final = 0.005
"""Seconds after which a worker that never waits lets others have the event loop."""


class Scheduler:
    """Drives one run to its end, with an executor that runs tasks and a journal that records what happens."""

    def __init__(
        self,
        run: Run,
        journal: Journal,
        outfit: Outfit,
        max_concurrency: int | None = None,
        reuse: Mapping[int, Result] | None = None,
        past: Past | None = None,
    ) -> None:
        self.run = run
        self._reuse = reuse or {}
        self._past = past or Past()
        self._records_first = journal.durability == "sync" or self._past.recovered
        self._drained: asyncio.Future[None] | None = None
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
        self._host = RunHost(
            self._outfit, self._journal, self.run.log, self._places, self._go_on, self._past, self.carry_on
        )
        self._beginnings = Beginnings(self._outfit, self._host, self._past, self._reuse)
        self._journal.on_flow = self._go_on
        self._journal.on_break = self._break
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

    async def drain(self) -> None:
        """Start nothing more, and wait until nothing runs but what waits."""
        if not self.run.over:
            self._drained = self._loop.create_future()
            self._go_on()
            await self._drained

    def publish(self, number: int, event: Published) -> None:
        """An event was published: let a task that waits for it go on."""
        self._host.awaiting.mailbox.put(number, event)

    def answer(self, task: str, value: Any, block: str | None) -> None:
        """A person answers a task."""
        self._host.answer(self.run, task, value, block)

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

    def recover(self, inputs: Mapping[str, Any]) -> None:
        """Take up the run where its record ended, if it had begun at all."""
        if self.run.state is RunState.PENDING:
            self.run.begin(inputs)
        self._records_first = True
        unclaimed = not self._past.started and not self._past.recovered
        self.run.recover(unclaimed)
        self._past.unclaimed |= unclaimed
        self.carry_on(self.run)

    def carry_on(self, scope: Run) -> None:
        """Take up a scope where its record ended: what waited or held bodies goes on, what was cut off runs again."""
        scope.settle()
        for index in sorted(scope.running):
            task, id = scope.plan.tasks[index], scope.ids[index]
            if index in scope.doomed:
                scope.end_canceled(index)
            elif (strikes := self._past.strikes_of(id)) >= MOST_STRIKES or not task.type.rerun:
                scope.fail(index, {**cut_off(strikes), "task": id})
            elif self._past.goes_on(id):
                self._places.keep(task)
                self._add_worker(self._work((scope, index)))
            else:
                scope.retry(index, {**cut_off(strikes), "task": id}, 0, self._past.strikes.get(id, 0))
                self._past.cut(id)
                scope.rearm(index)
        for index in sorted(scope.delayed):
            delay = max(0.0, self._past.due.get(scope.ids[index], 0.0) - scope.log.clock())
            self._timers[scope, index] = self._loop.call_later(delay, self._rearm, scope, index)
        self._go_on()

    # The workers

    def _go_on(self, tell: bool = True) -> None:
        """After something has happened: end what is condemned, and see that somebody takes what is ready.

        With `tell` the journal is told of it; who writes it down at once need not.
        """
        condemned, self._agenda.condemned = self._agenda.condemned, []
        for key in condemned:
            self._waits.end(key)
        if self._spare is None and self._can_start():
            self._spare = self._add_worker(self._work())
        else:
            self._places.serve_a_seeker()
        if self._drained is not None and not self._places.busy and not self._drained.done():
            self._drained.set_result(None)
        if tell:
            self._journal.nudge()

    def _add_worker(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        worker = self._loop.create_task(work, context=self._context.copy())
        self._workers.add(worker)
        worker.add_done_callback(self._worker_ended)
        return worker

    def _can_start(self) -> bool:
        return self._goes_on and self._places.can_take()

    @property
    def _goes_on(self) -> bool:
        """Whether anything may start: the run goes on, is not paused, can be recorded, and nobody has let go of it."""
        return (
            self.run.state is RunState.RUNNING
            and self._journal.stalled is None
            and self._drained is None
            and not self._host.bodies.abandoned
        )

    async def _work(self, entered: Key | None = None) -> None:
        """Run ready tasks, one after the other, until there is none or no place for one; first one that ran already."""
        if entered is None:
            self._spare = None
        breath = self._loop.time() + BREATH
        while (found := entered or self._take()) is not None:
            scope, index = found
            task = scope.plan.tasks[index]
            if entered is None and (strikes := self._beginnings.suspicion(scope, index)):
                if not await self._run_alone(scope, task, strikes):
                    break
            else:
                if entered is None:
                    scope.start(index)
                    if self._records_first or not task.type.rerun:
                        self._go_on(tell=False)
                        await self._journal.flush()
                entered = None
                if not await self._run(scope, task):
                    break
            self._places.give(task)
            if copy_context() != self._context:  # the next task shall not see what this one has set
                break
            if scope.level and scope.over:
                await self._places.hold_up()
            if self._loop.time() > breath:
                if not self._records_first:  # else it is recorded with the beginning of the next task, in one commit
                    self._journal.nudge()
                await asyncio.sleep(0)
                breath = self._loop.time() + BREATH
        self._go_on()

    async def _run_alone(self, scope: Run, task: TaskPlan, strikes: int) -> bool:
        """Run a task that may have ended its process, once it is its turn; False where this worker ends with it.

        From before its beginning is on record until its end is, none of its like begins, unless it takes long: so the
        record tells which of them it was, if one ends the process again.
        """
        self._go_on(tell=False)
        turn = await self._outfit.probation.enter(strikes)
        try:
            if scope.states[task.index] is TaskState.READY and self._goes_on:
                scope.start(task.index)
                await self._journal.flush()
                if not await self._run(scope, task):
                    return False
                await self._journal.flush()
            elif scope.states[task.index] is TaskState.READY:
                self._agenda.add(((*scope.place, task.place), task.index, scope))
            return True
        finally:
            self._outfit.probation.leave(turn)

    async def _run(self, scope: Run, task: TaskPlan) -> bool:
        """Run a task that has begun to its end; False where this worker was canceled with it and ends."""
        if task.index in scope.doomed:  # while its beginning was recorded, or before it could go on
            scope.end_canceled(task.index)
            return True
        waiting = self._run_in_place(scope, task)
        return waiting is None or await self._see_through(scope, task, waiting)

    def _take(self) -> Key | None:
        return self._places.take() if self._goes_on else None

    def _worker_ended(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        self._waits.left.discard(worker)
        if worker is self._spare:
            self._spare = None
        error = None if worker.cancelled() else worker.exception()
        if isinstance(error, Exception):
            self._break(error)

    def _break(self, error: Exception) -> None:
        """Nothing more can be done: whoever drives the run is told."""
        if not self._ended.done():
            self._ended.set_exception(error)

    def _run_in_place(self, scope: Run, task: TaskPlan) -> Awaitable[Any] | None:
        """Run one task and tell the scope how it went; where it must be awaited, give what to await instead."""
        try:
            result = self._beginnings.begin(scope, task)
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
                result = await self._waits.wait(key, waiting, self._time_left(scope, task))
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

    def _time_left(self, scope: Run, task: TaskPlan) -> float | None:
        """Seconds that a task may take, less what it took before the process ended, where it goes on since then."""
        if task.timeout is None or (since := self._past.started.get(scope.ids[task.index])) is None:
            return task.timeout
        return max(0.0, task.timeout - (scope.log.clock() - since))

    def _is_left(self) -> bool:
        """Whether the run has gone on without the task of this worker."""
        return bool(self._waits.left) and asyncio.current_task() in self._waits.left

    def _completed(self, scope: Run, task: TaskPlan, outputs: Mapping[str, Any]) -> None:
        if task.cache is not None:
            self._outfit.cache.put(task, scope.given[task.index] or {}, outputs)
        done = self._host.done
        scope.complete(task.index, outputs, done.pop((scope, task.index), NOTHING) if done else NOTHING)
        if self._agenda.condemned:
            self._go_on()

    def _failed(self, scope: Run, task: TaskPlan, error: BaseException) -> None:
        """Try again if the task's settings say so, else fail."""
        if isinstance(error, PluginError):
            self._outfit.registry.blame("task", task.type.name, error.why)
        id = scope.ids[task.index]
        told = {**explain(error), "task": id}
        attempt = scope.attempts.get(task.index, 1) - self._past.cuts.get(id, 0)
        self._host.done.pop((scope, task.index), None)
        delay = delay_before(error, task, attempt, self._outfit.chance)
        if delay is None or task.index in scope.doomed or scope.rest:
            scope.fail(task.index, told)
            if self._agenda.condemned:
                self._go_on()
            return
        self._past.forget(id)
        self._host.awaiting.forget((scope, task.index))
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
        left = [] if self.run.over else self._host.in_flight(self.run)
        self._host.bodies.abandoned = not self.run.over
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        workers = self._workers - self._waits.left
        for worker in workers:
            worker.cancel()
        if workers:
            await asyncio.wait(workers, timeout=GRACE)
        for scope, index in left:
            id = scope.ids[index]
            scope.retry(index, {**cut_off(0), "task": id}, 0, self._past.strikes.get(id, 0))
        self._host.close()
        self._journal.close()


def _is_canceled() -> bool:
    """Whether the worker itself was canceled, rather than something that its task awaited."""
    worker = asyncio.current_task()
    return worker is not None and worker.cancelling() > 0
