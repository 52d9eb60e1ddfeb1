"""`limits` of a workflow or a run: calls, tokens, seconds; the task that would go beyond fails as `limit`."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import blockloom
import pytest
from blockloom import BadUsage, Plugins, Ports, Retry, RunView, TaskContext, TaskFailed, TaskType, Workflow
from blockloom.cli import Program
from blockloom.testing import engine_with, simulate
from click.testing import CliRunner


class Pay(TaskType):
    """Makes a call that takes so many seconds and so many tokens, one after the other."""

    name = "test.pay"
    retry = Retry(attempts=3, delay=0)

    class Config(blockloom.Config):
        tokens: int = 0
        lasts: float = 0
        fails: int = 0

    class Outputs(Ports):
        paid: int

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        async with task.call():
            await asyncio.sleep(task.config.lasts)
            for _ in range(task.config.tokens):
                task.spend(tokens=1)
            if task.attempt <= task.config.fails:
                raise TaskFailed("busy", "come back", retry=True)
        return {"paid": task.config.tokens}


def chain(*configs: dict[str, Any], **more: Any) -> dict[str, Any]:
    tasks = [{"id": f"t{i}", "type": "test.pay", "config": config} for i, config in enumerate(configs)]
    lines = [{"from": f"t{i}", "to": f"t{i + 1}"} for i in range(len(configs) - 1)]
    return {"blockloom": 1, "tasks": tasks, "connections": lines, **more}


def run(graph: dict[str, Any], limits: dict[str, Any] | None = None) -> RunView:
    async def go() -> RunView:
        async with engine_with(Pay) as engine:
            return await (await engine.start(graph, limits=limits)).wait()

    return simulate(go)


def failed(run: RunView) -> dict[str, str]:
    return {e.task or "": e.data["error"]["type"] for e in run.events if e.type == "task.failed"}


def spent(run: RunView) -> list[Any]:
    return [event.data["spent"] for event in run.events if "spent" in event.data]


def test_without_limits_nothing_is_limited_and_what_was_spent_is_told() -> None:
    finished = run(chain({"tokens": 5, "lasts": 2}, {"tokens": 7}))
    assert finished.state == "COMPLETED"
    assert spent(finished) == [{"calls": 1, "tokens": 5, "seconds": 2}, {"calls": 1, "tokens": 7, "seconds": 0}]


@pytest.mark.parametrize(
    ("limits", "who"),
    [
        ({"calls": 3}, None),
        ({"calls": 2}, "t2"),
        ({"tokens": 30}, None),
        ({"tokens": 29}, "t2"),
        ({"tokens": 20}, "t2"),
        ({"tokens": 15}, "t1"),
        ({"seconds": "6.5s"}, None),
        ({"seconds": 5}, "t2"),
        ({"seconds": 4}, "t2"),
        ({"calls": 2, "tokens": 5}, "t0"),
    ],
)
def test_the_task_that_would_go_beyond_fails(limits: dict[str, Any], who: str | None) -> None:
    tasks = [{"tokens": 10, "lasts": 2}] * 3
    for finished in (run(chain(*tasks, limits=limits)), run(chain(*tasks), limits)):
        assert failed(finished) == ({} if who is None else {who: "limit"})


def test_the_limits_of_a_run_go_before_those_of_its_graph() -> None:
    graph = chain({"tokens": 10}, {"tokens": 10}, limits={"tokens": 5, "calls": 1})
    assert failed(run(graph, {"tokens": 100})) == {"t1": "limit"}
    assert failed(run(graph, {"tokens": 100, "calls": 2})) == {}


def test_a_call_that_goes_on_ends_when_the_time_is_used_up() -> None:
    finished = run(chain({"lasts": 100}, limits={"seconds": 7}))
    assert failed(finished) == {"t0": "limit"}
    assert round(finished.events[-1].time - finished.events[0].time, 6) == 7
    assert spent(finished) == [{"calls": 1, "seconds": 7}]


def test_the_time_of_calls_that_go_on_at_once_is_added_up() -> None:
    graph = chain({"lasts": 100}, {"lasts": 100}, {"lasts": 1}, limits={"seconds": 9})
    graph["connections"] = []
    for task in graph["tasks"]:
        task["id"] += "x"
    graph["tasks"] += [{"id": "caught", "type": "merge"}]
    graph["connections"] = [{"from": f"t{i}x.error", "to": f"caught.e{i}"} for i in range(3)]
    finished = run(graph)
    assert failed(finished) == {"t0x": "limit", "t1x": "limit"}
    assert round(finished.events[-1].time - finished.events[0].time, 6) == 4


def test_attempts_that_failed_are_paid_for() -> None:
    finished = run(chain({"tokens": 4, "fails": 1}, {"tokens": 4}, limits={"tokens": 9}))
    assert failed(finished) == {"t1": "limit"}
    assert [s["tokens"] for s in spent(finished)] == [4, 4, 2]


def test_a_used_up_budget_is_not_tried_again() -> None:
    graph = chain({"tokens": 4}, limits={"tokens": 3})
    graph["tasks"][0]["retry"] = {"attempts": 5, "delay": 0}
    assert [e.type for e in run(graph).events].count("task.started") == 1


def test_the_error_port_is_the_way_out() -> None:
    graph = chain({"tokens": 4}, limits={"tokens": 3})
    graph["tasks"].append({"id": "end", "type": "end"})
    graph["connections"] = [{"from": "t0.error", "to": "end.error"}]
    finished = run(graph)
    assert finished.state == "COMPLETED"
    assert finished.outputs["error"]["message"] == "the budget of the run is used up: 4 of 3 tokens"


def test_calls_in_bodies_count() -> None:
    body = chain({"tokens": 1})
    graph = {
        "blockloom": 1,
        "limits": {"calls": 3},
        "tasks": [
            {
                "id": "each",
                "type": "foreach",
                "inputs": {"items": [1] * 5},
                "config": {"body": body, "on_error": "collect"},
            }
        ],
    }
    outputs = run(graph).tasks["each"].outputs
    assert outputs is not None
    assert [error["type"] for error in outputs["errors"]] == ["limit", "limit"]


def test_a_run_that_is_retried_goes_on_with_what_is_left() -> None:
    async def go() -> RunView:
        async with engine_with(Pay) as engine:
            first = await (await engine.start(chain({"tokens": 4}, {"tokens": 4}, limits={"tokens": 6}))).wait()
            return await (await engine.retry(first.id)).wait()

    finished = simulate(go)
    assert finished.state == "FAILED"
    assert [s.get("tokens") for s in spent(finished)] == [4, 3]


@pytest.mark.parametrize(
    "limits",
    [
        {"tokens": 0},
        {"tokens": -1},
        {"tokens": True},
        {"tokens": 1.5},
        {"seconds": "soon"},
        {"seconds": 0},
        {"euros": 5},
    ],
)
def test_nonsense_is_refused(limits: dict[str, Any]) -> None:
    async def start() -> None:
        async with engine_with(Pay) as engine:
            await engine.start(chain({}), limits=limits)

    (name,) = limits
    found = engine_with(Pay).check(chain({}, limits=limits))
    assert [(p.code, p.path) for p in found] == [("bad-config", f"/limits/{name}")]
    with pytest.raises(BadUsage, match=name):
        asyncio.run(start())


def test_a_body_has_no_limits_of_its_own() -> None:
    body = chain({}, limits={"calls": 1})
    graph = {"blockloom": 1, "tasks": [{"id": "w", "type": "workflow", "config": {"body": body}}]}
    found = engine_with(Pay).check(graph)
    assert [(p.code, p.path) for p in found] == [("bad-config", "/tasks/0/config/body/limits")]


def test_a_workflow_in_python_and_the_command_take_limits(tmp_path: Path) -> None:
    graph = {"blockloom": 1, "tasks": [{"id": "m", "type": "merge"}]}
    finished = asyncio.run(Workflow.from_json(graph).run(limits={"calls": 1}))
    assert finished.state == "COMPLETED"
    file = tmp_path / "graph.json"
    file.write_text(json.dumps(graph))
    told = CliRunner().invoke(
        Program(Plugins.load()), ["run", str(file), "--limit", "tokens=10", "--limit", "seconds=5m"]
    )
    assert told.exit_code == 0, told.output
    told = CliRunner().invoke(Program(Plugins.load()), ["run", str(file), "--limit", "money=10"])
    assert told.exit_code == 2
    assert "money" in told.output
    told = CliRunner().invoke(Program(Plugins.load()), ["run", str(file), "--limit", "money"])
    assert told.exit_code == 2
    assert "--limit" in told.output
