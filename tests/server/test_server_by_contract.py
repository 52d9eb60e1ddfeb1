"""Every method called well and badly by a client that has only `websockets` and the contract, on a real server."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from websockets.sync.client import ClientConnection, connect

PARAMS, NOT_FOUND = -32602, -32002
CONFLICT, INVALID, STATE = -32003, -32004, -32005

ENDS: Final = ("run.completed", "run.failed", "run.stopped")
GRAPH: Final[dict[str, Any]] = {
    "blockloom": 1,
    "inputs": {"name": {"type": "string"}},
    "tasks": [
        {"id": "start", "type": "start"},
        {
            "id": "greet",
            "type": "blocks",
            "blocks": [{"id": "say", "type": "text", "content": {"text": "hi {{ name }}"}}],
        },
        {"id": "end", "type": "end"},
    ],
    "connections": [{"from": "start.name", "to": "greet.name"}, {"from": "greet.say", "to": "end.said"}],
}
WAITS: Final[dict[str, Any]] = {
    "blockloom": 1,
    "tasks": [
        {"id": "wait", "type": "wait", "config": {"trigger": {"type": "event", "config": {"name": "go"}}}},
        {"id": "end", "type": "end"},
    ],
    "connections": [{"from": "wait.payload", "to": "end.told"}],
}
ITEMS: Final = [{"id": "ann", "text": "Ann"}, {"id": "bob", "text": "Bob"}]
ASKS: Final[dict[str, Any]] = {
    "blockloom": 1,
    "tasks": [
        {
            "id": "ask",
            "type": "checklist",
            "blocks": [{"id": "list", "type": "checklist", "content": {"items": ITEMS}}],
        },
    ],
}
FAILS: Final = {"blockloom": 1, "tasks": [{"id": "bad", "type": "stop", "config": {"state": "failed"}}]}
NO_TYPE: Final = {"blockloom": 1, "tasks": [{"id": "a", "type": "no.such"}]}
HOURLY: Final = {"type": "every", "config": {"interval": "1h"}, "action": {"type": "merge", "config": {}}}


class Wire:
    """A WebSocket, and the events that came between the answers."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = count(1)
        self._events: list[dict[str, Any]] = []

    def answer(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to a call, whichever it is."""
        id = next(self._ids)
        self._socket.send(json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
        while (message := self._next()).get("id") != id:
            self._events.append(message)
        assert message.keys() in ({"jsonrpc", "id", "result"}, {"jsonrpc", "id", "error"})
        assert message["jsonrpc"] == "2.0"
        return message

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a call."""
        answer = self.answer(method, **params)
        assert "result" in answer, answer
        return answer["result"]

    def event(self) -> dict[str, Any]:
        """The params of the next event."""
        message = self._events.pop(0) if self._events else self._next()
        assert (message["jsonrpc"], message["method"]) == ("2.0", "event")
        params: dict[str, Any] = message["params"]
        return params

    def created(self, graph: dict[str, Any] = GRAPH) -> str:
        """A new workflow."""
        workflow: str = self.ask("workflow.create", graph=graph)["workflow"]
        return workflow

    def started(self, graph: dict[str, Any], **settings: Any) -> str:
        """A new run."""
        run: str = self.ask("run.start", graph=graph, **{"inputs": {}, **settings})["run"]
        return run

    def until(self, run: str, *types: str) -> dict[str, Any]:
        """What a run tells when one of these happens, or happened."""
        subscription = self.ask("subscribe", run=run, after=0)["subscription"]
        while (event := self.event())["type"] not in types:
            pass
        self.ask("unsubscribe", subscription=subscription)
        return event

    def done(self, graph: dict[str, Any] = GRAPH, **inputs: Any) -> str:
        """A run that is over."""
        run = self.started(graph, inputs=inputs)
        self.until(run, *ENDS)
        return run

    def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=30))
        return message


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server as a process of its own."""
    home = str(tmp_path_factory.mktemp("home"))
    command = [str(Path(sys.executable).with_name("blockloom")), "serve", "--port", "0"]
    environment = {**os.environ, "BLOCKLOOM_HOME": home, "BLOCKLOOM_LANG": "en"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        found = re.search(r"ws://\S+/ws", process.stderr.readline())
        assert found is not None
        try:
            yield found[0]
        finally:
            process.kill()


@pytest.fixture
def wire(address: str) -> Iterator[Wire]:
    """A client."""
    with connect(address, proxy=None) as socket:
        yield Wire(socket)


def test_session_hello(wire: Wire) -> None:
    told = wire.ask("session.hello", protocol=1)
    assert told["protocol"] == 1
    assert told["server"]
    assert (told["limits"]["message"], told["limits"]["depth"]) == (16 * 1024 * 1024, 200)


def test_session_ping(wire: Wire) -> None:
    assert wire.ask("session.ping") == {}


def test_rpc_discover(wire: Wire) -> None:
    told = wire.ask("rpc.discover")
    assert told["openrpc"].startswith("1.")
    assert {"name", "params", "result"} <= told["methods"][0].keys()


def test_types_list(wire: Wire) -> None:
    assert {"start", "end", "if"} <= {type["name"] for type in wire.ask("types.list", kind="task")["types"]}
    assert {type["kind"] for type in wire.ask("types.list")["types"]} >= {"block", "task", "trigger", "store"}


def test_types_get(wire: Wire) -> None:
    assert wire.ask("types.get", kind="block", name="text")["type"]["name"] == "text"


def test_plugins_list(wire: Wire) -> None:
    assert {plugin["status"] for plugin in wire.ask("plugins.list")["plugins"]} == {"active"}


def test_workflow_create(wire: Wire) -> None:
    told = wire.ask("workflow.create", graph=NO_TYPE)
    assert told.keys() == {"workflow", "revision"}


def test_workflow_update(wire: Wire) -> None:
    made = wire.ask("workflow.create", graph=NO_TYPE)
    told = wire.ask("workflow.update", **made, graph=GRAPH)
    assert told["workflow"] == made["workflow"]
    assert told["revision"] > made["revision"]


def test_workflow_get(wire: Wire) -> None:
    told = wire.ask("workflow.get", workflow=wire.created({**GRAPH, "x-own": {"kept": 1}}))
    assert told.keys() == {"workflow", "revision", "graph"}
    assert told["graph"]["x-own"] == {"kept": 1}


def test_workflow_list(wire: Wire) -> None:
    workflow = wire.created()
    assert workflow in [row["workflow"] for row in wire.ask("workflow.list")["workflows"]]


def test_workflow_delete(wire: Wire) -> None:
    workflow = wire.created()
    assert wire.ask("workflow.delete", workflow=workflow) == {}
    assert wire.answer("workflow.get", workflow=workflow)["error"]["code"] == NOT_FOUND


def test_workflow_check(wire: Wire) -> None:
    assert wire.ask("workflow.check", workflow=wire.created()) == {"problems": []}
    (problem,) = wire.ask("workflow.check", graph=NO_TYPE)["problems"]
    assert problem.keys() == {"code", "severity", "path", "message", "hint"}
    assert (problem["code"], problem["severity"], problem["path"]) == ("unknown-type", "error", "/tasks/0/type")


def test_workflow_graph(wire: Wire) -> None:
    workflow = wire.created()
    assert "start" in wire.ask("workflow.graph", workflow=workflow, format="mermaid")["graph"]
    assert "digraph" in wire.ask("workflow.graph", workflow=workflow, format="dot")["graph"]


def edit(wire: Wire, workflow: str, method: str, **params: Any) -> dict[str, Any]:
    """The tasks of a workflow, by id, after an edit that made a new revision."""
    before = wire.ask("workflow.get", workflow=workflow)["revision"]
    assert wire.ask(method, workflow=workflow, **params)["revision"] > before
    graph = wire.ask("workflow.get", workflow=workflow)["graph"]
    return {task["id"]: task for task in graph["tasks"]} | {"": graph}


def test_task_add(wire: Wire) -> None:
    tasks = edit(wire, wire.created(), "task.add", task={"id": "more", "type": "merge", "ui": {"x": 1}})
    assert tasks["more"] == {"id": "more", "type": "merge", "ui": {"x": 1}}


def test_task_update(wire: Wire) -> None:
    tasks = edit(wire, wire.created(), "task.update", task="greet", changes={"title": "Greet"})
    assert tasks["greet"]["title"] == "Greet"


def test_task_set_type(wire: Wire) -> None:
    tasks = edit(wire, wire.created(), "task.set_type", task="greet", type="if", config={"condition": "name"})
    assert (tasks["greet"]["type"], tasks["greet"]["config"]) == ("if", {"condition": "name"})


def test_task_remove(wire: Wire) -> None:
    tasks = edit(wire, wire.created(), "task.remove", task="greet")
    assert "greet" not in tasks
    assert tasks[""]["connections"] == []


def test_task_move(wire: Wire) -> None:
    tasks = edit(wire, wire.created(), "task.move", task="end", index=0)
    assert [task["id"] for task in tasks[""]["tasks"]] == ["end", "start", "greet"]


def test_task_connect(wire: Wire) -> None:
    tasks = edit(wire, wire.created(), "task.connect", **{"from": "start", "to": "end"})
    assert {"from": "start", "to": "end"} in tasks[""]["connections"]


def test_task_disconnect(wire: Wire) -> None:
    tasks = edit(wire, wire.created(), "task.disconnect", **{"from": "start.name", "to": "greet.name"})
    assert tasks[""]["connections"] == GRAPH["connections"][1:]


def test_task_get(wire: Wire) -> None:
    assert wire.ask("task.get", workflow=wire.created(), task="greet")["task"] == GRAPH["tasks"][1]


def test_block_add(wire: Wire) -> None:
    block = {"id": "more", "type": "text", "content": {"text": "a"}}
    assert edit(wire, wire.created(), "block.add", task="greet", block=block)["greet"]["blocks"][1] == block


def test_block_write(wire: Wire) -> None:
    tasks = edit(wire, wire.created(), "block.write", task="greet", block="say", content={"text": "b"})
    assert tasks["greet"]["blocks"][0]["content"] == {"text": "b"}


def test_block_append(wire: Wire) -> None:
    tasks = edit(wire, wire.created(), "block.append", task="greet", block="say", content="!")
    assert tasks["greet"]["blocks"][0]["content"]["text"].endswith("!")


def test_block_remove(wire: Wire) -> None:
    assert edit(wire, wire.created(), "block.remove", task="greet", block="say")["greet"].get("blocks", []) == []


def test_block_get(wire: Wire) -> None:
    told = wire.ask("block.get", workflow=wire.created(), task="greet", block="say")
    assert told["block"] == {"id": "say", "type": "text", "content": {"text": "hi {{ name }}"}}


def test_block_check(wire: Wire) -> None:
    workflow = wire.created()
    assert wire.ask("block.check", workflow=workflow, task="greet", block="say") == {"problems": []}
    wire.ask("block.write", workflow=workflow, task="greet", block="say", content={"text": 5})
    problems = wire.ask("block.check", workflow=workflow, task="greet", block="say")["problems"]
    assert [problem["code"] for problem in problems] == ["bad-content"]


def test_block_evaluate(wire: Wire) -> None:
    here = {"workflow": wire.created(), "task": "greet", "block": "say"}
    assert wire.ask("block.evaluate", **here, inputs={"name": "Ann"}) == {"value": "hi Ann"}


def test_run_start(wire: Wire) -> None:
    key = uuid4().hex
    first = wire.ask("run.start", workflow=wire.created(), inputs={"name": "Ann"}, key=key, durability="sync")
    assert wire.ask("run.start", graph=GRAPH, inputs={"name": "Bob"}, key=key) == first
    assert first.keys() == {"run"}


def test_run_stop(wire: Wire) -> None:
    run = wire.started(WAITS)
    assert wire.ask("run.stop", run=run) == {"run": run}
    told = wire.ask("run.get", run=run)
    assert (told["state"], told["tasks"]["wait"]["state"]) == ("STOPPED", "CANCELED")
    assert told["tasks"]["wait"]["reason"] == "stopped"


def test_run_pause(wire: Wire) -> None:
    run = wire.started(WAITS)
    assert wire.ask("run.pause", run=run) == {"run": run}
    assert wire.ask("run.get", run=run)["state"] == "PAUSED"


def test_run_resume(wire: Wire) -> None:
    run = wire.started(WAITS)
    wire.ask("run.pause", run=run)
    assert wire.ask("run.resume", run=run) == {"run": run}
    assert wire.ask("run.get", run=run)["state"] == "RUNNING"


def test_run_retry(wire: Wire) -> None:
    run = wire.done(FAILS)
    assert wire.ask("run.retry", run=run) == {"run": run}


def test_run_rerun(wire: Wire) -> None:
    run = wire.done(name="Ann")
    again = wire.ask("run.rerun", run=run, **{"from": "greet"}, inputs={"name": "Bob"})["run"]
    assert again != run
    wire.until(again, *ENDS)
    assert wire.ask("run.outputs", run=again) == {"outputs": {"said": "hi Bob"}}


def test_run_edit(wire: Wire) -> None:
    run = wire.started(WAITS)
    more = {**WAITS, "tasks": [*WAITS["tasks"], {"id": "more", "type": "end", "inputs": {"more": 1}}]}
    assert wire.ask("run.edit", run=run, graph={**more, "connections": WAITS["connections"]}) == {"run": run}
    wire.until(run, "run.edited")


def test_run_answer(wire: Wire) -> None:
    run = wire.started(ASKS)
    wire.until(run, "task.waiting")
    assert wire.ask("run.answer", run=run, task="ask", value={"ann": True}) == {"run": run}
    assert wire.ask("run.answer", run=run, task="ask", block="list", value={"bob": True}) == {"run": run}
    assert wire.until(run, *ENDS)["type"] == "run.completed"


def test_run_get(wire: Wire) -> None:
    told = wire.ask("run.get", run=wire.done(name="Ann"))
    assert told.keys() == {"run", "state", "tasks", "outputs", "seq"}
    assert (told["state"], told["outputs"]) == ("COMPLETED", {"said": "hi Ann"})
    assert told["tasks"]["greet"].keys() == {"state", "outputs", "started", "finished"}
    assert told["tasks"]["greet"]["outputs"] == {"say": "hi Ann", "result": "hi Ann"}


def test_run_current(wire: Wire) -> None:
    run = wire.started(WAITS)
    wire.until(run, "task.started")
    assert wire.ask("run.current", run=run) == {"tasks": ["wait"]}


def test_run_outputs(wire: Wire) -> None:
    assert wire.ask("run.outputs", run=wire.done(name="Ann")) == {"outputs": {"said": "hi Ann"}}


def test_run_list(wire: Wire) -> None:
    first, second = wire.done(FAILS), wire.done(FAILS)
    told = wire.ask("run.list", state="FAILED", limit=2)["runs"]
    assert [row["run"] for row in told] == [second, first]
    assert wire.ask("run.list", after=second, limit=1)["runs"] == told[1:]
    assert wire.ask("run.list", workflow=wire.created()) == {"runs": []}


def test_run_events(wire: Wire) -> None:
    events = wire.ask("run.events", run=(run := wire.done(name="Ann")))["events"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert (events[0]["type"], events[-1]["type"]) == ("run.started", "run.completed")
    assert wire.ask("run.events", run=run, after=2, limit=1)["events"] == events[2:3]


def test_run_explain(wire: Wire) -> None:
    told = wire.ask("run.explain", run=wire.done(name="Ann"), task="greet")
    assert told.keys() == {"state", "because"}
    assert told["state"] == "COMPLETED"
    assert told["because"]


def test_value_get(wire: Wire) -> None:
    run = wire.done(name="x" * 70_000)
    port = wire.ask("run.get", run=run)["tasks"]["greet"]["outputs"]["say"]
    assert port == {"$value": {"task": "greet", "port": "say", "size": 70_005}}
    assert wire.ask("value.get", run=run, task="greet", port="say") == {"value": "hi " + "x" * 70_000}


def test_trigger_create(wire: Wire) -> None:
    assert wire.ask("trigger.create", trigger={**HOURLY, "id": "new"}) == {"trigger": "new"}
    assert wire.ask("trigger.create", trigger=HOURLY)["trigger"]


def trigger(wire: Wire) -> str:
    """A new trigger."""
    id: str = wire.ask("trigger.create", trigger=HOURLY)["trigger"]
    return id


def test_trigger_update(wire: Wire) -> None:
    id = trigger(wire)
    wire.ask("trigger.update", trigger={**HOURLY, "id": id, "config": {"interval": "2h"}})
    assert wire.ask("trigger.get", trigger=id)["config"] == {"interval": "2h"}


def test_trigger_delete(wire: Wire) -> None:
    id = trigger(wire)
    wire.ask("trigger.delete", trigger=id)
    assert wire.answer("trigger.get", trigger=id)["error"]["code"] == NOT_FOUND


def test_trigger_get(wire: Wire) -> None:
    told = wire.ask("trigger.get", trigger=(id := trigger(wire)))
    assert (told["id"], told["type"], told["config"]) == (id, "every", {"interval": "1h"})


def test_trigger_disable(wire: Wire) -> None:
    id = trigger(wire)
    wire.ask("trigger.disable", trigger=id)
    assert wire.ask("trigger.get", trigger=id)["enabled"] is False


def test_trigger_enable(wire: Wire) -> None:
    id = wire.ask("trigger.create", trigger={**HOURLY, "enabled": False})["trigger"]
    wire.ask("trigger.enable", trigger=id)
    assert wire.ask("trigger.get", trigger=id)["enabled"] is True


def test_trigger_list(wire: Wire) -> None:
    id = trigger(wire)
    assert id in [trigger["id"] for trigger in wire.ask("trigger.list")["triggers"]]


def test_trigger_firings(wire: Wire) -> None:
    assert wire.ask("trigger.firings", trigger=trigger(wire)) == {"firings": []}


def test_trigger_fire(wire: Wire) -> None:
    id = trigger(wire)
    wire.until(wire.ask("trigger.fire", trigger=id)["run"], *ENDS)
    assert len(wire.ask("trigger.firings", trigger=id)["firings"]) == 1


def test_trigger_next(wire: Wire) -> None:
    assert len(wire.ask("trigger.next", trigger=trigger(wire), count=3)["upcoming"]) == 3


def test_event_publish(wire: Wire) -> None:
    run = wire.started(WAITS)
    assert wire.ask("event.publish", name="go", payload={"a": 1}, run=run) == {"delivered": 1}
    wire.until(run, *ENDS)
    assert wire.ask("run.outputs", run=run) == {"outputs": {"told": {"a": 1}}}


def test_subscribe(wire: Wire) -> None:
    workflow = wire.created()
    told = wire.ask("subscribe", workflow=workflow)
    assert told.keys() == {"subscription", "seq"}
    wire.ask("task.add", workflow=workflow, task={"id": "more", "type": "merge"})
    event = wire.event()
    assert (event["subscription"], event["run"], event["type"]) == (told["subscription"], None, "workflow.changed")
    run = wire.ask("run.start", workflow=workflow, inputs={"name": "Ann"})["run"]
    events = [wire.event()]
    while events[-1]["type"] not in ENDS:
        events.append(wire.event())
    assert [(event["run"], event["seq"]) for event in events] == [(run, n + 1) for n in range(len(events))]
    assert {"subscription", "run", "seq", "time", "type", "data"} <= events[0].keys()


def test_unsubscribe(wire: Wire) -> None:
    subscription = wire.ask("subscribe", all=True)["subscription"]
    assert wire.ask("unsubscribe", subscription=subscription) == {}


BAD: Final[dict[str, tuple[int, Callable[[Wire], dict[str, Any]]]]] = {
    "session.hello": (PARAMS, lambda wire: {"protocol": 2}),
    "session.ping": (PARAMS, lambda wire: {"x": 1}),
    "rpc.discover": (PARAMS, lambda wire: {"x": 1}),
    "types.list": (PARAMS, lambda wire: {"kind": "nope"}),
    "types.get": (NOT_FOUND, lambda wire: {"kind": "task", "name": "no.such"}),
    "plugins.list": (PARAMS, lambda wire: {"x": 1}),
    "workflow.create": (PARAMS, lambda wire: {"graph": 5}),
    "workflow.update": (CONFLICT, lambda wire: {"workflow": wire.created(), "graph": GRAPH, "revision": 99}),
    "workflow.list": (PARAMS, lambda wire: {"x": 1}),
    "workflow.check": (PARAMS, lambda wire: {}),
    "workflow.graph": (PARAMS, lambda wire: {"workflow": wire.created(), "format": "png"}),
    **{f"workflow.{verb}": (NOT_FOUND, lambda wire: {"workflow": "nope"}) for verb in ("get", "delete")},
    "task.add": (PARAMS, lambda wire: {"workflow": wire.created(), "task": {"id": "greet", "type": "merge"}}),
    "task.update": (NOT_FOUND, lambda wire: {"workflow": wire.created(), "task": "nope", "changes": {"title": "x"}}),
    "task.set_type": (NOT_FOUND, lambda wire: {"workflow": wire.created(), "task": "nope", "type": "if"}),
    "task.move": (PARAMS, lambda wire: {"workflow": wire.created(), "task": "greet"}),
    "task.connect": (NOT_FOUND, lambda wire: {"workflow": wire.created(), "from": "nope", "to": "end"}),
    "task.disconnect": (NOT_FOUND, lambda wire: {"workflow": wire.created(), "from": "start", "to": "end"}),
    **{
        f"task.{verb}": (NOT_FOUND, lambda wire: {"workflow": wire.created(), "task": "x"})
        for verb in ("get", "remove")
    },
    "block.add": (PARAMS, lambda wire: on_block(wire, block={"id": "say", "type": "text", "content": {"text": ""}})),
    "block.write": (NOT_FOUND, lambda wire: on_block(wire, block="nope", content={"text": ""})),
    "block.append": (PARAMS, lambda wire: on_block(wire, content=5)),
    "block.evaluate": (STATE, lambda wire: on_block(wire)),
    **{f"block.{verb}": (NOT_FOUND, lambda wire: on_block(wire, block="x")) for verb in ("get", "check", "remove")},
    "run.start": (INVALID, lambda wire: {"graph": NO_TYPE, "inputs": {}}),
    "run.edit": (STATE, lambda wire: {"run": wire.done(name="a"), "graph": GRAPH}),
    "run.answer": (STATE, lambda wire: {"run": wire.done(name="a"), "task": "greet", "value": {}}),
    "run.rerun": (NOT_FOUND, lambda wire: {"run": wire.done(name="a"), "from": "nope"}),
    "run.list": (PARAMS, lambda wire: {"state": "DONE"}),
    "run.events": (PARAMS, lambda wire: {"run": wire.done(name="a"), "after": 1_000}),
    "run.explain": (NOT_FOUND, lambda wire: {"run": wire.done(name="a"), "task": "nope"}),
    "value.get": (NOT_FOUND, lambda wire: {"run": wire.done(name="a"), "task": "greet", "port": "nope"}),
    **{f"run.{verb}": (STATE, lambda wire: {"run": wire.done(name="a")}) for verb in ("pause", "resume", "retry")},
    **{f"run.{verb}": (NOT_FOUND, lambda wire: {"run": "nope"}) for verb in ("stop", "get", "current", "outputs")},
    "trigger.create": (INVALID, lambda wire: {"trigger": {**HOURLY, "config": {"interval": "soon"}}}),
    "trigger.update": (NOT_FOUND, lambda wire: {"trigger": {**HOURLY, "id": "nope"}}),
    "trigger.list": (PARAMS, lambda wire: {"x": 1}),
    "trigger.next": (PARAMS, lambda wire: {"count": 0}),
    **{
        f"trigger.{verb}": (NOT_FOUND, lambda wire: {"trigger": "nope"})
        for verb in ("delete", "get", "enable", "disable", "firings", "fire")
    },
    "event.publish": (NOT_FOUND, lambda wire: {"name": "go", "payload": None, "run": "nope"}),
    "subscribe": (PARAMS, lambda wire: {"run": wire.done(name="a"), "after": 1_000}),
    "unsubscribe": (NOT_FOUND, lambda wire: {"subscription": "nope"}),
}


def on_block(wire: Wire, **more: Any) -> dict[str, Any]:
    """Parameters about a block of a new workflow."""
    return {"workflow": wire.created(), "task": "greet", "block": "say", **more}


@pytest.mark.parametrize("method", BAD)
def test_called_badly(method: str, wire: Wire) -> None:
    code, params = BAD[method]
    error = wire.answer(method, **params(wire))["error"]
    assert error["code"] == code, error
    assert error["message"]
    if code == CONFLICT:
        assert error["data"]["revision"] == 1
    if code == INVALID:
        assert error["data"]["problems"]
    assert wire.ask("session.ping") == {}


def test_there_is_a_test_of_every_method_called_well_and_called_badly(wire: Wire) -> None:
    methods = {method["name"] for method in wire.ask("rpc.discover")["methods"]}
    assert methods == BAD.keys()
    assert {f"test_{method.replace('.', '_')}" for method in methods} <= globals().keys()
