"""Another plan for a run that goes on: what has begun keeps its number, what was removed leaves a gap."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from .fold import Fold
from .plan import Feed, Join, Line, Plan, TaskPlan
from .states import TASK_ENDS

_FREE: Final = frozenset({"title", "ui"})
"""Fields of a task that say nothing about what it does."""


def offending(old: Plan, new: Plan, run: Fold) -> list[str]:
    """The tasks that have begun, or are settled, and that the new plan would change or leave out of reach."""
    before, after = _described(old), _described(new)
    lost = {new.tasks[index].id for index in new.unreachable}
    begun = {id: index for id, index in old.index.items() if run.has_begun(index)}
    return [
        id
        for id, index in begun.items()
        if before[id] != after.get(id) or (id in lost and run.states[index] not in TASK_ENDS)
    ]


def align(new: Plan, old: Plan) -> Plan:
    """The new plan with the numbers of the old one for the tasks that stay; new tasks come after them."""
    gone = [task for task in old.tasks if task.id not in new.index]
    numbers = {task.id: task.index for task in old.tasks}
    fresh = (task.id for task in new.tasks if task.id not in numbers)
    numbers |= {id: len(old.tasks) + i for i, id in enumerate(fresh)}
    move = [numbers[task.id] for task in new.tasks]
    tasks = [_moved(task, move) for task in new.tasks] + [_gap(task) for task in gone]
    return Plan(
        name=new.name,
        document=new.document,
        tasks=sorted(tasks, key=lambda task: task.index),
        connections=new.connections,
        inputs=new.inputs,
        open_inputs=new.open_inputs,
        begin=[move[i] for i in new.begin],
        unreachable=[move[i] for i in new.unreachable],
        groups=new.groups,
    )


def _described(plan: Plan) -> dict[str, Any]:
    """What each task does and what leads to it, as the document says it."""
    tasks = {task["id"]: {k: v for k, v in task.items() if k not in _FREE} for task in plan.document["tasks"]}
    leading: dict[str, list[Any]] = {id: [] for id in tasks}
    for line in plan.connections:
        leading[line.target].append(line)
    return {id: (task, leading[id]) for id, task in tasks.items()}


def _moved(task: TaskPlan, move: Sequence[int]) -> TaskPlan:
    lines = tuple(Line(n, port, move[target], decides) for n, port, target, decides in task.lines)
    feeds = tuple(Feed(n, move[source], port, name) for n, source, port, name in task.feeds)
    return replace(task, index=move[task.index], lines=lines, feeds=feeds)


def _gap(task: TaskPlan) -> TaskPlan:
    return replace(task, lines=(), feeds=(), incoming=0, deciders=0, join=Join(1), catches=False)


def changes(old: Plan, new: Plan) -> Mapping[str, Any]:
    """What an edit adds and removes, and the graph that stands after it."""
    return {
        "graph": new.document,
        "added": [task.id for task in new.tasks if task.id not in old.index],
        "removed": [task.id for task in old.tasks if task.id not in new.index],
    }
