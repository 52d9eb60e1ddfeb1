"""Methods that change the tasks of a stored workflow; every change is a new revision."""

from typing import Any

from pydantic import Field, model_validator

from ..editing import tasks as edit
from ..faults import INVALID_GRAPH, NOT_FOUND
from ..guest import Guest
from ..method import TABLE, Result
from .workflows import Named


class OneTask(Named):
    """One task of a workflow."""

    task: str = Field(description="The id of a task.")


class NewTask(Named):
    """A task to add."""

    task: dict[str, Any] = Field(description="The task, as it stands in a graph.")


class TaskChanges(OneTask):
    """Changes to a task."""

    changes: dict[str, Any] = Field(description="Fields of the task and their new values; null takes a field away.")


class NewType(OneTask):
    """Another type for a task."""

    type: str
    config: dict[str, Any] | None = Field(None, description="Settings for the new type; those of the old one go.")


class Move(OneTask):
    """Another place for a task. One of `index` and `swap` is given."""

    index: int | None = Field(None, description="Its place in the list, from 0.")
    swap: str | None = Field(None, description="The task with which it exchanges its place in the flow.")

    @model_validator(mode="after")
    def _one_of_two(self) -> "Move":
        if (self.index is None) == (self.swap is None):
            raise ValueError("give either index or swap")
        return self


class Line(Named):
    """A connection."""

    start: str = Field(alias="from", description="`task` or `task.port`.")
    end: str = Field(alias="to", description="`task` or `task.port`.")


class Edited(Result):
    """The revision that stands now."""

    revision: int


class Task(Result):
    """A task, as it stands in the graph."""

    task: dict[str, Any]


async def edited(guest: Guest, workflow: str, change: Any) -> Edited:
    """Change a workflow's graph, and tell the new revision."""
    return Edited(revision=(await guest.hub.edit(workflow, change)).revision)


@TABLE.method("task.get", NOT_FOUND, reads=True)
async def get(guest: Guest, given: OneTask) -> Task:
    """A task of a workflow."""
    kept = await guest.hub.engine.get_workflow(given.workflow)
    return Task(task=dict(edit.task_of(dict(kept.graph), given.task)))


@TABLE.method("task.add", NOT_FOUND, INVALID_GRAPH)
async def add(guest: Guest, given: NewTask) -> Edited:
    """Add a task at the end of the list."""
    return await edited(guest, given.workflow, lambda graph: edit.add_task(graph, given.task))


@TABLE.method("task.update", NOT_FOUND, INVALID_GRAPH)
async def update(guest: Guest, given: TaskChanges) -> Edited:
    """Change fields of a task; its connections follow it to a new `id`."""
    return await edited(guest, given.workflow, lambda graph: edit.update_task(graph, given.task, given.changes))


@TABLE.method("task.set_type", NOT_FOUND, INVALID_GRAPH)
async def set_type(guest: Guest, given: NewType) -> Edited:
    """Make it a task of another type."""
    registry = guest.hub.engine.registry
    return await edited(
        guest, given.workflow, lambda graph: edit.set_type(graph, given.task, given.type, given.config, registry)
    )


@TABLE.method("task.remove", NOT_FOUND)
async def remove(guest: Guest, given: OneTask) -> Edited:
    """Take a task out, with its connections."""
    return await edited(guest, given.workflow, lambda graph: edit.remove_task(graph, given.task))


@TABLE.method("task.move", NOT_FOUND)
async def move(guest: Guest, given: Move) -> Edited:
    """Give a task another place in the list, or let it exchange its place in the flow with another task."""

    def change(graph: dict[str, Any]) -> dict[str, Any]:
        if given.swap is not None:
            return edit.swap_tasks(graph, given.task, given.swap, guest.hub.engine.registry)
        return edit.move_task(graph, given.task, given.index or 0)

    return await edited(guest, given.workflow, change)


@TABLE.method("task.connect", NOT_FOUND)
async def connect(guest: Guest, given: Line) -> Edited:
    """Draw a connection."""
    return await edited(guest, given.workflow, lambda graph: edit.connect(graph, given.start, given.end))


@TABLE.method("task.disconnect", NOT_FOUND)
async def disconnect(guest: Guest, given: Line) -> Edited:
    """Remove a connection."""
    return await edited(guest, given.workflow, lambda graph: edit.disconnect(graph, given.start, given.end))
