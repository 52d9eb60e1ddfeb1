"""Runs made anew from their journals: to go on, to be tried again, or to lend their results to a new run."""

from collections.abc import Callable, Mapping, Sequence
from json import dumps
from typing import Any, Final, NamedTuple

from .agenda import Agenda
from .beginnings import Result
from .check import prepare
from .errors import UnknownPart
from .events import RUN_EDITED, Event
from .graph import reach
from .past import SUSPECT, Past, blamed
from .plan import Plan
from .probation import Probation
from .registry import Registry
from .run import Log, Run
from .states import TaskState

MOST_PLANS: Final = 100
"""Plans that are kept for other runs of equal graphs."""


class Revived(NamedTuple):
    """A run as its journal left it, and what else that says of its tasks."""

    run: Run
    past: Past


class Revival:
    """Makes runs anew; those of equal graphs share a plan."""

    def __init__(self, registry: Registry, clock: Callable[[], float]) -> None:
        self._registry = registry
        self._clock = clock
        self._plans: dict[str, Plan] = {}

    def revive(self, graph: Mapping[str, Any], events: Sequence[Event]) -> Revived:
        """A run that began with this graph and has these events; raises InvalidGraph where it cannot run any more."""
        run = Run(self._plan(last_graph(graph, events)), Log(self._clock), Agenda())
        run.replay(events)
        return Revived(run, Past(events))

    def _plan(self, graph: Mapping[str, Any]) -> Plan:
        key = dumps(graph, sort_keys=True)
        if key not in self._plans:
            if len(self._plans) >= MOST_PLANS:
                self._plans.clear()
            self._plans[key] = prepare(graph, self._registry)
        return self._plans[key]


def give_strikes(runs: Mapping[str, Past], probation: Probation) -> None:
    """Note for each task that may have ended the process that it may have, once more."""
    for run, id in blamed(runs):
        strikes = runs[run].strikes
        strikes[id] = strikes.get(id, 0) + 1
    suspects = [id for past in runs.values() for id in past.in_flight if past.strikes.get(id, 0) >= SUSPECT]
    probation.expect(len(suspects))


def last_graph(graph: Mapping[str, Any], events: Sequence[Event]) -> Mapping[str, Any]:
    """The graph that a run goes by: the one it began with, or that of its last edit."""
    return next((event.data["graph"] for event in reversed(events) if event.type == RUN_EDITED), graph)


def reusable(old: Run, start: str | None) -> dict[int, Result]:
    """The results of a run that do not come after the task `start`, or all of them; raises UnknownPart."""
    plan = old.plan
    if start is not None and start not in plan.index:
        raise UnknownPart("task", start, "The run", list(plan.index)[:20])
    again = reach([plan.index[start]], plan.ahead) if start is not None else set(range(len(plan.tasks)))
    return {
        task.index: Result(old.given[task.index] or {}, old.gave[task.index] or {})
        for task in plan.tasks
        if task.index not in again and not task.type.starts and old.states[task.index] is TaskState.COMPLETED
    }
