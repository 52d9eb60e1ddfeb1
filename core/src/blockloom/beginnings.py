"""How the tasks of a run begin: with a result that is there already, alone where it may be dangerous, or just so."""

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any, NamedTuple

from .errors import TaskFailed
from .hosting import RunHost
from .outfit import Outfit
from .past import SUSPECT, Past
from .plan import TaskPlan
from .run import Run
from .task import TaskContext
from .values import copy_value
from .words import tell


class Result(NamedTuple):
    """What a task of an earlier run was given and gave, for a run that need not do it again."""

    given: Mapping[str, Any]
    outputs: Mapping[str, Any]


class Beginnings:
    """Begins the tasks of one run. `reuse` holds results of an earlier run, `past` what is on record of this one."""

    def __init__(self, outfit: Outfit, host: RunHost, past: Past, reuse: Mapping[int, Result]) -> None:
        self._outfit = outfit
        self._host = host
        self._past = past
        self._reuse = reuse

    def suspicion(self, scope: Run, index: int) -> int:
        """The strikes of a task that may have ended its process, and begins alone; else 0."""
        strikes = self._past.strikes
        own = strikes.get(scope.ids[index], 0) if strikes else 0
        return own if own >= SUSPECT else 0

    def begin(self, scope: Run, task: TaskPlan) -> Any:
        """What a task gives back, or something to await for it."""
        given = scope.given[task.index] or {}
        if task.checks:
            _check_inputs(task, given)
        if not scope.level and (result := self._reuse.get(task.index)) is not None and result.given == given:
            return dict(result.outputs)
        if task.cache is not None:
            if (kept := self._outfit.cache.get(task, given)) is not None:
                return kept
            if self._outfit.cache.lasts:
                return self._recall(scope, task, given)
        return self._run(scope, task, given)

    async def _recall(self, scope: Run, task: TaskPlan, given: Mapping[str, Any]) -> Any:
        """What the store knows of the same work, else the work itself."""
        if (kept := await self._outfit.cache.recall(task, given)) is not None:
            return kept
        result = self._run(scope, task, given)
        return await result if type(result) is not dict and isawaitable(result) else result

    def _run(self, scope: Run, task: TaskPlan, given: Mapping[str, Any]) -> Any:
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


def _check_inputs(task: TaskPlan, given: Mapping[str, Any]) -> None:
    for name, optional, check in task.checks:
        value = given[name]
        if not (optional and value is None) and (flaw := check(value)):
            raise TaskFailed("wrong-type", f"the input {name!r} does not fit: {tell(flaw, 'en')}")
