"""Graphs that hold a body, and the few types that their bodies are made of."""

import asyncio
from collections.abc import Mapping
from typing import Any

import blockloom
from blockloom import TaskContext, TaskFailed, TaskType


class Nap(TaskType):
    """Sleeps as many seconds as it is given, or fails where that is negative; gives what it was given."""

    name = "test.nap"

    class Inputs(blockloom.Ports):
        """`for_` is how long."""

        seconds: float

    class Outputs(blockloom.Ports):
        """`slept` is how long it was."""

        slept: float

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        """Sleep."""
        if task.inputs.seconds < 0:
            raise TaskFailed("nightmare", f"{task.inputs.seconds:g} seconds cannot be slept")
        await asyncio.sleep(task.inputs.seconds)
        return {"slept": task.inputs.seconds}


def body(*between: Mapping[str, Any], inputs: Mapping[str, Any], lines: str) -> dict[str, Any]:
    """A graph with a start, an end and these tasks; lines are such as `start.x -> a.y; a.z -> end.out`."""
    tasks = [{"id": "start", "type": "start"}, *between, {"id": "end", "type": "end"}]
    connections = [
        dict(zip(("from", "to"), map(str.strip, line.split("->")), strict=True)) for line in lines.split(";")
    ]
    return {"inputs": dict(inputs), "tasks": tasks, "connections": connections}


NAPS = body(
    {"id": "nap", "type": "test.nap"}, inputs={"item": {}}, lines="start.item -> nap.seconds; nap.slept -> end.slept"
)
"""A body that naps for as long as its item says."""


def holding(config: Mapping[str, Any], type: str = "foreach", given: str = "items", **task: Any) -> dict[str, Any]:
    """A graph whose task `hold` holds a body and gives all of its outputs, as `all`."""
    inside = {"id": "hold", "type": type, "config": dict(config), **task}
    lines = f"start.{given} -> hold.{given}; hold -> end.all"
    return {"blockloom": 1, **body(inside, inputs={given: {}}, lines=lines)}
