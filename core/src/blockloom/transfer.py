"""Copies one run from a store to another, or to a document and back: its graph, inputs and events."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import BadUsage
from .events import VERSION, Event
from .records import RUN_STATES, TASK_STATES
from .states import RunState
from .store import EVENTS_AFTER, OF_RUNS, Store, StoredRun
from .values import copy_value

FORMAT: Final = 1
"""The version of the document."""

IMPORTED: Final = "imported"
"""The setting of a run that came from a document: nobody carries it on without being asked."""

_KINDS: Final = RUN_STATES.keys() | TASK_STATES.keys() | {"run.edited"}


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    seq: int
    time: float
    type: str
    task: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class _Run(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(min_length=1, max_length=200)
    created: float
    workflow: str | None = None
    name: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    inputs: dict[str, Any]
    graph: dict[str, Any]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    blockloom_run: int
    events_version: int
    run: _Run
    events: list[_Event]
    kept: dict[str, Any] = Field(default_factory=dict)


async def export_run(store: Store, id: str) -> dict[str, Any]:
    """One run as a document, with all that belongs to it; raises NotFound."""
    run, events = await store.get_run(id), await store.events(id)
    fields = ("id", "created", "workflow", "name", "settings", "inputs", "graph")
    kept = {name.removeprefix(f"{id}/"): value for name, value in await store.items(OF_RUNS, f"{id}/")}
    return {
        "blockloom_run": FORMAT,
        "events_version": VERSION,
        "run": {field: getattr(run, field) for field in fields},
        "events": [{**event._asdict(), "data": dict(event.data)} for event in events],
        "kept": kept,
    }


async def import_run(store: Store, document: Any) -> StoredRun:
    """Keep the run of a document, and return it; what is there of it already stays.

    Raises BadUsage for what is no such document, and for a run whose id another run has.
    """
    read = _read(document)
    run = read.run
    made = StoredRun(
        id=run.id,
        created=run.created,
        workflow=run.workflow,
        name=run.name,
        settings={**run.settings, IMPORTED: True},
        inputs=run.inputs,
        graph=run.graph,
    )
    events = [Event(*(getattr(event, field) for field in Event._fields)) for event in read.events]
    await _keep(store, made, events, read.kept)
    return await store.get_run(run.id)


async def copy_run(source: Store, target: Store, id: str) -> None:
    """Keep a run of one store in another too; its key is left out where another run has it there."""
    run = await source.get_run(id)
    kept = {name.removeprefix(f"{id}/"): value for name, value in await source.items(OF_RUNS, f"{id}/")}
    await _keep(target, run, await source.events(id), kept)


async def _keep(store: Store, run: StoredRun, events: list[Event], kept: Mapping[str, Any]) -> None:
    settings = {**run.settings, EVENTS_AFTER: await store.last_published()}
    new = replace(run, state=RunState.PENDING, changed=None, settings=settings)
    standing = await store.create_run(new)
    if standing.id != run.id:
        standing = await store.create_run(replace(new, key=None))
    if (standing.created, standing.graph, standing.inputs) != (run.created, run.graph, run.inputs):
        raise BadUsage(f"The store holds another run {run.id!r} already.")
    await store.append(run.id, events)
    for name, value in kept.items():
        await store.put(OF_RUNS, f"{run.id}/{name}", value)


def _read(document: Any) -> _Document:
    try:
        read = _Document.model_validate(copy_value(document))
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(map(str, first["loc"]))
        raise BadUsage(f"This is no exported run: {where}: {first['msg']}.") from None
    for what, version, known in (
        ("exported run", read.blockloom_run, FORMAT),
        ("journal", read.events_version, VERSION),
    ):
        if version != known:
            raise BadUsage(f"This {what} is of version {version}; this blockloom reads version {known}.")
    for seq, event in enumerate(read.events, 1):
        if event.seq != seq or event.type not in _KINDS:
            raise BadUsage(f"This is no exported run: its event {seq} is numbered {event.seq} and is {event.type!r}.")
    return read
