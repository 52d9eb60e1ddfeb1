"""The flow tasks as classes, in workflows written in Python."""

import asyncio
from typing import Any

import blockloom_flow as flow
import pytest
from blockloom import Block, Plugins, Task, TaskSpec, Trigger, Workflow, WorkflowSpec


class Double(TaskSpec):
    """Doubles `n`."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = Block("code", {"source": "n * 2"})


class Once(WorkflowSpec):
    """Takes `n` (or an item) and gives its double as `n`."""

    def __init__(self, given: str = "n") -> None:
        super().__init__(inputs={given: {"type": "integer"}})
        self.start = flow.StartTask()
        self.double = Task(Double())
        self.end = flow.EndTask()
        self.start[given].connect(self.double["n"])
        self.double["twice"].connect(self.end["n"])


def ran(task: Task, gives: str, **inputs: Any) -> Any:
    """What a task gives when the workflow's inputs go into it."""
    spec = WorkflowSpec(inputs={name: {} for name in inputs})
    start, end = flow.StartTask(), flow.EndTask()
    for id, part in {"start": start, "task": task, "end": end}.items():
        spec.add_task(part, id)
    start.connect(task)
    for name in inputs:
        start[name].connect(task[name])
    task[gives].connect(end["out"])
    run = asyncio.run(Workflow(spec).run(inputs))
    return run.outputs["out"] if run.error is None else run.error


def test_foreach() -> None:
    assert ran(flow.ForEachTask(Once("item"), concurrency=2), "results", items=[1, 2]) == [{"n": 2}, {"n": 4}]


def test_loop() -> None:
    assert ran(flow.LoopTask(Once(), times=3), "n", n=1) == 8
    assert ran(flow.LoopTask(Once(), while_="n < 20", max=9), "n", n=3) == 24


def test_workflow() -> None:
    assert ran(flow.WorkflowTask(Once()), "n", n=5) == 10


def test_wait() -> None:
    assert ran(flow.WaitTask(Trigger("after", {"delay": 0})), "payload") is None


def test_if_switch_and_merge() -> None:
    assert ran(flow.IfTask("value > 1"), "true", value=2) == 2
    assert ran(flow.SwitchTask([{"port": "big", "when": "value > 1"}]), "default", value=1) == 1
    assert ran(flow.MergeTask(), "values", a=1, b=2) == [1, 2]
    assert ran(flow.BlocksTask(), "result") is None


def test_stop_and_cancel() -> None:
    assert flow.StopTask("failed").to_json() == {"type": "stop", "config": {"state": "failed"}}
    assert flow.CancelTask(["a"]).to_json() == {"type": "cancel", "config": {"tasks": ["a"]}}


@pytest.mark.parametrize("type", [o.name for o in Plugins.load().registry.offers("task") if o.plugin == "flow"])
def test_every_flow_type_has_its_class(type: str) -> None:
    assert type in {name.removesuffix("Task").lower() for name in flow.__all__}
