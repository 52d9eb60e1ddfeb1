"""The chain of causes from a task to where they begin: each task told of once, nearest first."""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain, islice
from typing import Any, Final

from ..errors import UnknownPart
from ..events import Event, moment
from ..plan import Plan
from ..states import TASK_ENDS, TaskState
from .causes import causes_of, leads_of, paused
from .history import History, Subject
from .phrases import SHOWN, Cause, cause

MOST: Final = 100
"""Tasks that one explanation tells of; of more, only where the chain begins."""
ROOTS: Final = 3
"""Beginnings that are told of, where tasks are left out."""
COMPARED: Final = 5_000
"""Names that are compared to find the one that was probably meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a task stands as it does: its state, and the causes, nearest first."""

    task: str
    state: TaskState
    because: tuple[Cause, ...]

    def to_json(self, language: str | None = None) -> dict[str, Any]:
        """As `{state, because: [{what, …facts, message}]}`."""
        return {"state": self.state.value, "because": [cause.to_json(language) for cause in self.because]}


def explain(plan: Plan | None, events: Sequence[Event], task: str, tasks: Collection[str] = ()) -> Explanation:
    """Why a task of a run stands as it does, told by the run's events; also a task in a body, as `each[2].double`.

    Without a plan, what the events alone tell; `tasks` are then those that it knows beside. Raises UnknownPart.
    """
    history = History(events, plan)
    subject = history.find(task)
    if subject is None:
        if plan is not None or task not in tasks:
            raise UnknownPart("task", task, "The run", _near(task, history, tasks))
        subject = Subject(history.root, task, None)
    return Explanation(task=task, state=history.state_of(task), because=tuple(_told(subject)))


def _told(subject: Subject) -> Iterator[Cause]:
    yield from _anew(subject)
    told = causes_of(subject)
    yield from told
    yield from _upstream(subject)
    pause = paused(subject) if subject.state not in TASK_ENDS else []
    yield from (one for one in pause if one not in told)
    if (holder := subject.scope.holder) is not None:
        yield cause("holder", of=subject.id, task=holder.id, state=holder.state)


def _anew(subject: Subject) -> Iterator[Cause]:
    """That it waits anew, and what it came to before no longer counts, if that is so."""
    history, holder = subject.scope.history, subject.scope.holder
    before = history.numbers(subject.id)
    if len(before) == len(subject.numbers()):
        return
    if holder is not None and before[0] < subject.scope.since:
        at = moment(history.event(subject.scope.since).time)
        yield cause("body-again", of=subject.id, task=holder.id, at=at)
    elif history.reopened:
        yield cause("run-retried", of=subject.id, at=moment(history.event(max(history.reopened)).time))


def _upstream(subject: Subject) -> Iterator[Cause]:
    """What is told of the tasks that lead to a task's state, the nearest first, each once."""
    seen = {subject.id}
    todo = deque(_new(leads_of(subject), seen))
    told, left_out = 0, 0
    roots: list[Subject] = []
    while todo:
        at = todo.popleft()
        leads = leads_of(at)
        todo.extend(_new(leads, seen))
        if told < MOST:
            told += 1
            yield from _brief(at)
        else:
            left_out += 1
            if not leads and len(roots) < ROOTS:
                roots.append(at)
    if left_out:
        yield cause("chain", of=subject.id, left_out=left_out)
        for root in roots:
            yield from _brief(root)


def _brief(subject: Subject) -> list[Cause]:
    return [] if subject.state is TaskState.COMPLETED else causes_of(subject, asked=False)


def _new(subjects: Sequence[Subject], seen: set[str]) -> Iterator[Subject]:
    for subject in subjects:
        if subject.id not in seen:
            seen.add(subject.id)
            yield subject


def _near(task: str, history: History, tasks: Collection[str]) -> list[str]:
    """The names that were probably meant, else the first that there are."""
    plan = history.root.plan
    names = dict.fromkeys(chain(() if plan is None else plan.ids, tasks, history.latest))
    near = get_close_matches(task[:200], list(islice(names, COMPARED)))
    return near or list(islice(names, SHOWN))
