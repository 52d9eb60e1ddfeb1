from typing import Any

from blockloom import Engine, RunView
from blockloom.testing import TaskConformance, TaskExample
from blockloom_flow.blocks import Blocks
from blockloom_flow.bodies import ForEach, Loop, Workflow
from blockloom_flow.branch import If, Switch
from blockloom_flow.ending import Cancel, Stop
from blockloom_flow.ends import End, Start
from blockloom_flow.merge import Merge
from blockloom_flow.setting import SetTrigger
from blockloom_flow.waiting import Wait

FED = {
    "tasks": [{"id": "a", "type": "start"}],
    "inputs": {"x": {"default": 1}, "y": {"default": 2}},
    "connections": [{"from": "a.x", "to": "it.one"}, {"from": "a.y", "to": "it.two"}],
}
LATER = {"type": "after", "config": {"delay": "1d"}, "action": {"type": "merge"}}


def body(source: str, *inputs: str) -> dict[str, Any]:
    return {
        "inputs": {name: {} for name in inputs},
        "tasks": [
            {"id": "start", "type": "start"},
            {"id": "work", "type": "blocks", "blocks": [{"id": "n", "type": "code", "content": {"source": source}}]},
            {"id": "end", "type": "end"},
        ],
        "connections": [
            *({"from": f"start.{name}", "to": f"work.{name}"} for name in inputs),
            {"from": "work.n", "to": "end.n"},
        ],
    }


class TestStart(TaskConformance):
    task = Start
    examples = (
        TaskExample(inputs={"x": 1}, outputs={"x": 1}, beside={"inputs": {"x": {}}}),
        TaskExample(outputs={"x": 5}, beside={"inputs": {"x": {"default": 5}}}),
    )


class TestEnd(TaskConformance):
    task = End
    examples = (TaskExample(inputs={"x": 1}), TaskExample(beside=FED))


class TestBlocks(TaskConformance):
    task = Blocks
    examples = (
        TaskExample(
            inputs={"who": "Ada"},
            blocks=[{"id": "hello", "type": "text", "content": {"text": "Hello {{ who }}"}}],
            outputs={"hello": "Hello Ada", "result": "Hello Ada"},
        ),
        TaskExample(
            inputs={"n": 2},
            blocks=[
                {"id": "m", "type": "code", "content": {"source": "n + 1"}},
                {"id": "k", "type": "code", "content": {"source": "m * 2"}},
            ],
            outputs={"m": 3, "k": 6, "result": 6},
        ),
    )


class TestIf(TaskConformance):
    task = If
    examples = (
        TaskExample(config={"condition": "value > 1"}, inputs={"value": 2}, outputs={"true": 2}),
        TaskExample(config={"condition": "x"}, inputs={"x": False}, outputs={"false": None}),
    )


class TestSwitch(TaskConformance):
    task = Switch
    examples = (
        TaskExample(
            config={"cases": [{"port": "big", "when": "value > 9"}, {"port": "some", "when": "value > 0"}]},
            inputs={"value": 10},
            outputs={"big": 10},
        ),
        TaskExample(
            config={"cases": [{"port": "a", "when": "x"}], "mode": "all"}, inputs={"x": 0}, outputs={"default": None}
        ),
    )


class TestMerge(TaskConformance):
    task = Merge
    examples = (
        TaskExample(outputs={"values": [], "result": None}),
        TaskExample(outputs={"values": [1, 2], "result": 1}, beside=FED),
    )


class TestForEach(TaskConformance):
    task = ForEach
    examples = (
        TaskExample(
            config={"body": body("item + 1", "item")},
            inputs={"items": [1, 2]},
            outputs={"results": [{"n": 2}, {"n": 3}], "errors": []},
        ),
        TaskExample(config={"body": body("1 / item", "item"), "on_error": "collect"}, inputs={"items": [0, 2]}),
    )


class TestLoop(TaskConformance):
    task = Loop
    examples = (
        TaskExample(config={"body": body("n * 2", "n"), "times": 3}, inputs={"n": 1}, outputs={"n": 8}),
        TaskExample(config={"body": body("n + 1", "n"), "while": "n < 5"}, inputs={"n": 1}, outputs={"n": 5}),
    )


class TestWorkflow(TaskConformance):
    task = Workflow
    examples = (
        TaskExample(config={"body": body("n + 1", "n")}, inputs={"n": 1}, outputs={"n": 2}),
        TaskExample(config={"workflow": "nowhere"}, fails="not-found"),
    )


class TestWait(TaskConformance):
    task = Wait
    simulated = True
    examples = (
        TaskExample(config={"trigger": {"type": "after", "config": {"delay": "1h"}}}),
        TaskExample(config={"trigger": {"type": "event", "config": {"name": "paid"}}, "fresh": True}),
    )

    async def meanwhile(self, engine: Engine, run: RunView, example: TaskExample) -> None:
        await engine.publish("paid", {"total": 1})


class TestSetTrigger(TaskConformance):
    task = SetTrigger
    examples = (
        TaskExample(config={"trigger": {**LATER, "id": "later"}}, inputs={"who": "Ada"}, outputs={"trigger": "later"}),
        TaskExample(inputs={"trigger": LATER}),
        TaskExample(inputs={"trigger": {"type": "no.such"}}, fails="invalid-trigger"),
    )


class TestStop(TaskConformance):
    task = Stop
    examples = (TaskExample(outputs={}), TaskExample(config={"state": "completed"}, outputs={}))


class TestCancel(TaskConformance):
    task = Cancel
    examples = (
        TaskExample(config={"tasks": ["a"]}, outputs={}, beside={"tasks": [{"id": "a", "type": "merge"}]}),
        TaskExample(config={"tasks": ["b"]}, outputs={}, beside={"tasks": [{"id": "b", "type": "merge"}]}),
    )
    refused = (({"tasks": ["nowhere"]}, "/tasks/0"), ({"tasks": ["a", "it"]}, "/tasks/1"))
