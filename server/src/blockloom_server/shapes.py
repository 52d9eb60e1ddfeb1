"""What stands inside many results and in notifications, each shape described once."""

from typing import Any, ClassVar, Literal

from blockloom.states import RunState, TaskState
from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """Base of what the engine tells; more may stand in it than is described."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", protected_namespaces=())


class Failure(Shape):
    """Why something failed."""

    type: str = Field(description="What kind of failure it is, for programs.")
    message: str
    task: str | None = Field(None, description="The task that failed.")
    inner: str | None = Field(None, description="The task in its body, as `each[1].d`.")


class TaskNow(Shape):
    """A task of a run as it stands."""

    state: TaskState
    outputs: dict[str, Any] = Field(description="What its alive ports carry, large values replaced.")
    reason: str | None = Field(None, description="Why it is canceled.")
    error: Failure | None = None
    started: str | None = Field(description="UTC, ISO 8601; null if it has not been.")
    finished: str | None = Field(description="UTC, ISO 8601; null if it has not been.")


class Problem(Shape):
    """Something that is wrong with a graph."""

    code: str
    severity: Literal["error", "warning"]
    path: str = Field(description="Where, as a JSON Pointer.")
    message: str
    hint: str = Field(description="What to do; may be empty.")


class Cause(Shape):
    """One reason why a task is in its state; its facts stand beside `what`."""

    what: str = Field(description="The code of the cause.")
    message: str


class Type(Shape):
    """A type that can be used; `schema`, `ports` and what it says about itself as far as it has them."""

    kind: str
    name: str
    plugin: str
    distribution: str


class Plugin(Shape):
    """An installed plugin."""

    name: str
    distribution: str
    version: str
    status: Literal["active", "broken", "incompatible", "conflict", "disabled"]
    why: str = Field(description="What is wrong with it; may be empty.")
    remedy: str = Field(description="What to do about it, down to the line to type; may be empty.")
    types: list[str] = Field(description="What it offers, as `kind:name`.")


class Server(Shape):
    """Who answers."""

    name: str
    version: str


class WorkflowRow(Shape):
    """A workflow in a list."""

    workflow: str
    revision: int
    name: str | None = None
    title: Any = None
    changed: str = Field(description="When it was last changed (UTC, ISO 8601).")


class RunRow(Shape):
    """A run in a list."""

    run: str
    workflow: str | None
    name: str | None = Field(description="The name in its graph.")
    state: RunState
    created: str = Field(description="When it was accepted (UTC, ISO 8601).")
    changed: str | None = Field(description="When its last event happened; null if none has.")


class Fact(Shape):
    """One event of a run's journal."""

    run: str
    seq: int
    time: str = Field(description="When it happened (UTC, ISO 8601).")
    type: str = Field(description="What happened, as `task.completed`.")
    task: str | None = Field(None, description="The task that it is about.")
    data: dict[str, Any] = Field(description="The facts; `{$value: {task, port, size}}` stands for a large value.")


class Notification(BaseModel):
    """An `event`: something happened that a subscription follows."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    subscription: str = Field(description="The subscription that it is for.")
    run: str | None = Field(description="The run that it is about; null outside of runs.")
    seq: int | None = Field(
        None, description="1, 2, 3… within the run, or outside of runs; task.progress and task.output have none."
    )
    time: str = Field(description="When it happened (UTC, ISO 8601).")
    type: str = Field(description="What happened, as `task.completed`.")
    task: str | None = Field(None, description="The task that it is about.")
    data: dict[str, Any] = Field(description="The facts; `{$value: {task, port, size}}` stands for a large value.")
