"""Methods about runs."""

from typing import Any, Literal

from blockloom.check.settings import LimitSettings
from blockloom.errors import NotFound
from blockloom.events import moment
from blockloom.live import RunView
from blockloom.states import RunState, TaskState
from blockloom.store import RunHead
from pydantic import Field, model_validator

from ..bulk import GIVEN, tell_event, tell_run
from ..faults import INVALID_GRAPH, NOT_FOUND, PARAMS, WRONG_STATE, Fault
from ..guest import Guest
from ..method import TABLE, Params, Result
from ..shapes import Cause, Fact, Failure, RunRow, TaskNow
from ..wire import encode


class Start(Params):
    """What to run, and with what. One of `workflow` and `graph` is given."""

    workflow: str | None = Field(None, description="The id of a stored workflow.")
    graph: dict[str, Any] | None = Field(None, description="A graph, run without being kept as a workflow.")
    inputs: dict[str, Any] = Field(default_factory=dict)
    max_concurrency: int | None = Field(None, ge=1, description="Tasks that run at a time.")
    durability: Literal["sync", "async", "exit"] | None = None
    limits: LimitSettings | None = Field(
        None, description="What the calls of the run may come to together; goes before the `limits` of the graph."
    )
    key: str | None = Field(
        None, min_length=1, max_length=200, description="The caller's own name: the same key again is the same run."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> "Start":
        if (self.workflow is None) == (self.graph is None):
            raise ValueError("give either workflow or graph")
        return self


class OneRun(Params):
    """One run."""

    run: str = Field(description="The id of a run.")


class Answered(OneRun):
    """An answer of a person to a task."""

    task: str = Field(description="The id of a task that asks, one in a body as `each[2].approve`.")
    block: str | None = Field(None, description="The id of the block that is answered, where the task asks by block.")
    value: Any = Field(description="The answer; for a checklist `{item: true or false}`.")


class Again(OneRun):
    """A run to be run again."""

    start: str | None = Field(None, alias="from", description="The first task to be done again; all, if it is missing.")
    inputs: dict[str, Any] | None = Field(None, description="Those of the old run, if they are missing.")


class Edit(OneRun):
    """A run and the graph that it shall go on with."""

    graph: dict[str, Any]


class Beyond(OneRun):
    """A part of a run's journal."""

    after: int = Field(0, ge=0, description="The events beyond this number.")
    limit: int = Field(1000, ge=1, le=10_000)


class Listed(Params):
    """Which runs to list."""

    workflow: str | None = None
    state: Literal["PENDING", "RUNNING", "PAUSED", "COMPLETED", "FAILED", "STOPPED"] | None = None
    limit: int = Field(100, ge=1, le=1000)
    after: str | None = Field(None, description="A run of an earlier answer: the ones that come after it in the list.")


class OneValue(OneRun):
    """One value of a run, named as where `$value` stands for it."""

    task: str | None = Field(None, description="The id of a task; null for the run's own outputs and inputs.")
    port: str = Field(description="A port; `inputs.NAME` for an input of the run.")


class TaskOfRun(OneRun):
    """One task of a run."""

    task: str = Field(description="The id of a task; one in a body as `each[2].double`.")


class Explained(Result):
    """The state of a task, and why it is so: the causes, nearest first."""

    state: TaskState
    because: list[Cause]


class Started(Result):
    """A run."""

    run: str


class Run(Result):
    """A run as it stands; `tasks` by id, those of bodies under names such as `each[2].double`."""

    run: str
    state: RunState
    tasks: dict[str, TaskNow]
    outputs: dict[str, Any]
    seq: int = Field(description="The number of its last event.")
    error: Failure | None = Field(None, description="Why it failed.")


class Current(Result):
    """The tasks that run."""

    tasks: list[str]


class Outputs(Result):
    """What a run gave, in full; empty until it has ended."""

    outputs: dict[str, Any]


class Runs(Result):
    """Runs, the newest first."""

    runs: list[RunRow]


class Events(Result):
    """Events of a run, in order."""

    events: list[Fact]


class Value(Result):
    """A value, in full."""

    value: Any


async def reached(guest: Guest, run: str, after: int) -> RunView:
    """A run that has got as far as its event `after`; raises Fault."""
    view = await guest.hub.engine.run(run)
    if after > view.seq:
        raise Fault(PARAMS, f"The run is at event {view.seq}: {after} is not yet reached.", {"seq": view.seq})
    return view


@TABLE.method("run.start", NOT_FOUND, INVALID_GRAPH)
async def start(guest: Guest, given: Start) -> Started:
    """Start a run and answer at once. Inputs that do not fit are listed in the error's `data.problems`."""
    graph = given.graph
    if graph is None:
        graph = dict((await guest.hub.engine.get_workflow(given.workflow or "")).graph)
    view = await guest.hub.start(
        graph,
        given.inputs,
        given.workflow,
        max_concurrency=given.max_concurrency,
        durability=given.durability,
        key=given.key,
        limits=None if given.limits is None else given.limits.model_dump(exclude_none=True),
    )
    return Started(run=view.id)


@TABLE.method("run.stop", NOT_FOUND, waits=True)
async def stop(guest: Guest, given: OneRun) -> Started:
    """End a run; the answer comes when what ran has ended. A run that is over stays as it is."""
    view = await guest.hub.engine.run(given.run)
    await view.stop()
    return Started(run=view.id)


@TABLE.method("run.pause", NOT_FOUND, WRONG_STATE)
async def pause(guest: Guest, given: OneRun) -> Started:
    """Start nothing new until `run.resume`; what runs, runs on."""
    view = await guest.hub.engine.run(given.run)
    await view.pause()
    return Started(run=view.id)


@TABLE.method("run.resume", NOT_FOUND, WRONG_STATE)
async def resume(guest: Guest, given: OneRun) -> Started:
    """Go on after `run.pause`."""
    view = await guest.hub.engine.run(given.run)
    await view.resume()
    return Started(run=view.id)


@TABLE.method("run.retry", NOT_FOUND, WRONG_STATE)
async def retry(guest: Guest, given: OneRun) -> Started:
    """Let a failed run go on from what failed."""
    return Started(run=(await guest.hub.engine.retry(given.run)).id)


@TABLE.method("run.rerun", NOT_FOUND, WRONG_STATE)
async def rerun(guest: Guest, given: Again) -> Started:
    """Start a new run of the same graph, using again what does not come after `from`."""
    return Started(run=(await guest.hub.engine.rerun(given.run, given.start, given.inputs)).id)


@TABLE.method("run.answer", NOT_FOUND, WRONG_STATE)
async def answer(guest: Guest, given: Answered) -> Started:
    """Give a task that waits for a person an answer; it is on record then."""
    view = await guest.hub.engine.run(given.run)
    await view.answer(given.task, given.value, given.block)
    return Started(run=view.id)


@TABLE.method("run.edit", NOT_FOUND, WRONG_STATE, INVALID_GRAPH)
async def edit(guest: Guest, given: Edit) -> Started:
    """Let a run go on with another graph; refused, tasks named, where something that has begun would change."""
    return Started(run=(await guest.hub.engine.edit(given.run, given.graph)).id)


@TABLE.method("run.get", NOT_FOUND, reads=True)
async def get(guest: Guest, given: OneRun) -> Run:
    """A run as it stands, large values replaced."""
    view = await guest.hub.engine.run(given.run)
    seq = view.seq
    return Run(**tell_run(view.to_json()), seq=seq)


@TABLE.method("run.current", NOT_FOUND, reads=True)
async def current(guest: Guest, given: OneRun) -> Current:
    """The tasks of a run that run now."""
    return Current(tasks=(await guest.hub.engine.run(given.run)).current)


@TABLE.method("run.outputs", NOT_FOUND, reads=True)
async def outputs(guest: Guest, given: OneRun) -> Outputs:
    """What a run gave."""
    return Outputs(outputs=(await guest.hub.engine.run(given.run)).outputs)


@TABLE.method("run.list", NOT_FOUND, reads=True)
async def list_(guest: Guest, given: Listed) -> Runs:
    """The runs that are kept, the newest first."""
    states = None if given.state is None else {RunState(given.state)}
    found = await guest.hub.engine.runs(given.workflow, states, given.limit, given.after)
    return Runs(runs=[_row(run) for run in found])


@TABLE.method("run.events", NOT_FOUND, reads=True)
async def events(guest: Guest, given: Beyond) -> Events:
    """A part of a run's journal, large values replaced; fewer than `limit` where they would be too large a message."""
    view = await reached(guest, given.run, given.after)
    found: list[Fact] = []
    room = guest.limits.message
    for event in view.events[given.after : given.after + given.limit]:
        told = {"run": view.id, **tell_event(event)}
        room -= len(encode(told))
        if found and room < 0:
            break
        found.append(Fact(**told))
    return Events(events=found)


@TABLE.method("run.explain", NOT_FOUND, reads=True)
async def explain(guest: Guest, given: TaskOfRun) -> Explained:
    """Why a task waits, ran, was canceled, failed or ran again."""
    return Explained(**(await guest.hub.engine.run(given.run)).explain(given.task).to_json())


@TABLE.method("value.get", NOT_FOUND, reads=True)
async def value(guest: Guest, given: OneValue) -> Value:
    """A value that was too large to be sent along, or any other output of a run or its tasks."""
    view = await guest.hub.engine.run(given.run)
    record = view.tasks.get(given.task) if given.task is not None else None
    if given.task is not None:
        if record is None:
            raise NotFound("task", given.task)
        found = record.outputs or {}
    elif given.port.startswith(GIVEN):
        given_to_run = view.events[0].data["inputs"] if view.seq else {}
        found = {GIVEN + name: value for name, value in given_to_run.items()}
    else:
        found = view.outputs
    if given.port not in found:
        raise NotFound("value", f"{given.task}.{given.port}" if given.task else given.port)
    return Value(value=found[given.port])


def _row(run: RunHead) -> RunRow:
    changed = None if run.changed is None else moment(run.changed)
    return RunRow(
        run=run.id, workflow=run.workflow, name=run.name, state=run.state, created=moment(run.created), changed=changed
    )
