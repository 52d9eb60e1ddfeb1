"""Where tasks may run: the places of one run, and the limits that runs share."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from .agenda import Agenda
from .plan import Plan, TaskPlan
from .states import TaskState

_READY = TaskState.READY


class Groups:
    """Limits that runs share, each by its name; `limits` go before what a workflow says."""

    def __init__(self, limits: Mapping[str, int] | None = None) -> None:
        self._limits = dict(limits or {})
        self._used: dict[str, int] = {}
        self._waiting: dict[str, list[Callable[[str], None]]] = {}

    def take(self, name: str, limit: int | None, when_free: Callable[[str], None]) -> bool:
        """Take one of a group's places; where there is none, `when_free` is called once there may be."""
        limit = self._limits.get(name, limit)
        used = self._used.get(name, 0)
        if limit is not None and used >= limit:
            waiting = self._waiting.setdefault(name, [])
            if when_free not in waiting:
                waiting.append(when_free)
            return False
        self._used[name] = used + 1
        return True

    def keep(self, name: str) -> None:
        """Take one of a group's places again, which was held before the process ended."""
        self._used[name] = self._used.get(name, 0) + 1

    def give(self, name: str) -> None:
        """Give a place back."""
        self._used[name] -= 1
        for when_free in self._waiting.pop(name, ()):
            when_free(name)


class Places:
    """The places of one run: `most` tasks run at a time, those of a group only as far as the group allows."""

    def __init__(self, agenda: Agenda, most: int | None, groups: Groups, limits: Mapping[str, int]) -> None:
        self.busy = 0
        self.on_free: Callable[[], None] = lambda: None
        self._agenda = agenda
        self._most = most or 2**60
        self._groups = groups
        self._limits = limits
        self._parked: dict[str, list[Any]] = {}
        self._seekers: deque[asyncio.Future[None]] = deque()
        self._held_up = 0
        self._going_on: set[Any] = set()

    def can_take(self) -> bool:
        """Whether a task is ready and there is a place for it, as far as the run itself is concerned."""
        if self.busy >= self._most or self._held_up or self._going_on:
            return False
        agenda = self._agenda
        while (first := agenda.first()) is not None and first[2].states[first[1]] is not _READY:
            agenda.take()
        return first is not None

    def take(self) -> tuple[Any, int] | None:
        """The scope and number of the first ready task that a place is found for; it holds that place now."""
        while self.can_take():
            entry = self._agenda.take()
            _, index, scope = entry
            plan = scope.plan
            group = plan.tasks[index].group
            if group is None or self._groups.take(group, self._limit(plan, group), self._unpark):
                self.busy += 1
                return scope, index
            self._parked.setdefault(group, []).append(entry)
        return None

    def _limit(self, plan: Plan, group: str) -> int | None:
        """What the graph that a task is in says of its group, else what that of the run says."""
        return plan.groups.get(group, self._limits.get(group))

    def give(self, task: TaskPlan) -> None:
        """Give back the place that a task held."""
        self.busy -= 1
        if task.group is not None:
            self._groups.give(task.group)

    def keep(self, task: TaskPlan) -> None:
        """Hold the place again that a task held before the process ended."""
        self.busy += 1
        if task.group is not None:
            self._groups.keep(task.group)

    def lend(self) -> None:
        """A task waits and takes no place meanwhile; that of its group it keeps, as one keeps a lock."""
        self.busy -= 1

    def retake(self) -> None:
        """A task that waited goes on: it holds its place again, come what may."""
        self.busy += 1

    async def seek(self) -> None:
        """Wait until there is a free place and nothing that is ready to take it."""
        seeker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._seekers.append(seeker)
        self.on_free()
        try:
            await seeker
        except asyncio.CancelledError:
            if not seeker.cancelled():  # it was found a place just now: let another have it
                self.on_free()
            raise
        finally:
            if seeker in self._seekers:
                self._seekers.remove(seeker)

    def serve_a_seeker(self) -> None:
        """Let one who seeks a place go on, if there is room."""
        if self._agenda or self.busy >= self._most or self._going_on:
            return
        while self._seekers:
            seeker = self._seekers.popleft()
            if not seeker.done():  # it is where the one who sought was canceled just now
                seeker.set_result(None)
                return

    def hold(self, body: Any) -> None:
        """Let nothing start until `release`: a body has ended, and what holds it goes on before others do."""
        self._going_on.add(body)

    def release(self, body: Any) -> bool:
        """Let others start again, once what holds the body has gone on; whether this body kept them from it."""
        held = body in self._going_on
        self._going_on.discard(body)
        return held

    async def hold_up(self) -> None:
        """Let nothing start for one turn of the event loop: what comes next belongs to somebody else."""
        self._held_up += 1
        try:
            await asyncio.sleep(0)
        finally:
            self._held_up -= 1

    def _unpark(self, group: str) -> None:
        for entry in self._parked.pop(group, ()):
            self._agenda.add(entry)
        self.on_free()
