"""Values that are too large to send along: `{"$value": {task, port, size}}` stands in for them."""

from collections.abc import Mapping
from typing import Any, Final

from blockloom.events import Event, moment
from pydantic_core import to_json

LARGE: Final = 64 * 1024
"""Bytes, as JSON, beyond which a value is replaced."""

GIVEN: Final = "inputs."
"""What the name of a run's input begins with where a port is named; no output of a run has a dot."""

_SMALL: Final = (bool, float, type(None))


def tell_event(event: Event) -> dict[str, Any]:
    """An event as `{seq?, time, type, task?, data}`, large values replaced."""
    told: dict[str, Any] = {"seq": event.seq} if event.seq else {}
    told |= {"time": moment(event.time), "type": event.type}
    if event.task is not None:
        told["task"] = event.task
    data = dict(event.data)
    told["data"] = data if len(to_json(data)) <= LARGE else {k: _lighter(event, k, v) for k, v in data.items()}
    return told


def tell_run(told: Mapping[str, Any]) -> dict[str, Any]:
    """A run as `RunView.to_json` tells it, large values replaced."""
    run = dict(told)
    run["outputs"] = lighten(run["outputs"], None)
    run["tasks"] = {id: task | {"outputs": lighten(task["outputs"], id)} for id, task in run["tasks"].items()}
    return run


def lighten(values: Mapping[str, Any], task: str | None, opening: str = "") -> dict[str, Any]:
    """Values by port, the large ones replaced."""
    return {port: stand_in(value, task, opening + port) for port, value in values.items()}


def stand_in(value: Any, task: str | None, port: str | None) -> Any:
    """The value, or what stands in for it where it is large."""
    if isinstance(value, _SMALL) or (isinstance(value, str) and len(value) * 6 < LARGE):
        return value
    size = len(to_json(value))
    return value if size <= LARGE else {"$value": {"task": task, "port": port, "size": size}}


def _lighter(event: Event, key: str, value: Any) -> Any:
    if key == "outputs" and isinstance(value, Mapping):
        return lighten(value, event.task)
    if key == "inputs" and isinstance(value, Mapping):
        return lighten(value, event.task, GIVEN)
    # A piece of output, a message: not kept, so there is no port to ask for.
    return stand_in(value, event.task, None)
