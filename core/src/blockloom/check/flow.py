"""Where the graph begins, what it never reaches, what waits in a circle, and what may have no value."""

from collections.abc import Sequence
from typing import Final

from ..graph import Ahead, circles, reach
from ..plan import TaskPlan
from ..spec import ERROR_PORT
from ..words import Text, both, tell
from .branches import Decision, Gap, find_gaps
from .shape import Draft, listed

SHOWN: Final = 6
"""Decisions that a sentence lists."""


def check_flow(draft: Draft) -> None:
    """Find the beginning; report circles, tasks out of reach, and required inputs that may have no value."""
    tasks = draft.tasks
    ahead = [[line.target for line in task.lines] for task in tasks]
    order = order_of(ahead, [task.incoming for task in tasks])
    if len(order) < len(tasks):
        draft.is_whole = False
        for knot in circles(ahead):
            names = [tasks[i].id for i in [*knot, knot[0]]]
            draft.add("cycle", "tasks", draft.places[knot[0]], circle=" → ".join(names))
    _find_the_beginning(draft, ahead)
    lost = frozenset(draft.unreachable)
    for task in tasks:
        if task.required:
            _check_fed(draft, task, lost)
    if draft.is_whole:
        for gap in find_gaps(tasks, order, lost):
            _tell(draft, gap)


def order_of(ahead: Ahead, waits: list[int]) -> list[int]:
    """The tasks in an order that the connections follow, without those on circles and behind them."""
    found = [index for index, count in enumerate(waits) if not count]
    for index in found:  # grows while it is read
        for target in ahead[index]:
            waits[target] -= 1
            if not waits[target]:
                found.append(target)
    return found


def _find_the_beginning(draft: Draft, ahead: Ahead) -> None:
    starts = [task.index for task in draft.tasks if task.type.starts]
    if not starts:
        draft.begin = [task.index for task in draft.tasks if not task.incoming]
        return
    draft.begin = starts
    reached = reach(starts, ahead)
    draft.unreachable = [index for index in range(len(ahead)) if index not in reached]
    for i in draft.unreachable:
        draft.add("unreachable", "tasks", draft.places[i], task=draft.tasks[i].id)


def _check_fed(draft: Draft, task: TaskPlan, lost: frozenset[int]) -> None:
    # What a task that never runs would feed is not fed; of a task that never runs itself, that is enough to say.
    fed = {feed.input for feed in task.feeds if feed.source not in lost or task.index in lost}
    for port in task.required:
        if port not in fed:
            draft.add("missing-input", "tasks", draft.places[task.index], task=task.id, port=port)


def _tell(draft: Draft, gap: Gap) -> None:
    """Say where an input may have no value, in words."""
    tasks = draft.tasks
    feeds = [tasks[feed.source].id + (f".{feed.port}" if feed.port else "") for feed in gap.feeds]
    told = [_told(tasks, decision) for decision in gap.when[-SHOWN:]]
    if len(gap.when) > SHOWN:
        told.insert(0, both("…", "…"))
    if gap.late:
        told.append(both(f"it goes on before {listed(feeds)} has come", f"它不等 {listed(feeds)} 到达就继续"))
    if not told:
        told.append(both("it goes on", "它继续运行"))
    branch = both(" and ".join(tell(t, "en") for t in told), " 且 ".join(tell(t, "zh") for t in told))
    place = draft.places[gap.task]
    task = tasks[gap.task].id
    draft.add("maybe-missing", "tasks", place, task=task, port=gap.port, branch=branch, feeds=listed(feeds))


def _told(tasks: Sequence[TaskPlan], decision: Decision) -> Text:
    id, (_, port, taken) = tasks[decision.task].id, decision
    if port is None:
        return both(f"{id!r} takes no branch", f"{id!r} 不走任何分支")
    if port == ERROR_PORT:
        return both(f"{id!r} fails", f"{id!r} 失败") if taken else both(f"{id!r} does not fail", f"{id!r} 不失败")
    if taken:
        return both(f"{id!r} takes {port!r}", f"{id!r} 走 {port!r}")
    return both(f"{id!r} does not take {port!r}", f"{id!r} 不走 {port!r}")
