"""Every method, called well and badly, over the wire; every answer is held against what is declared."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import jsonschema
import pytest
from blockloom import TaskContext, TaskFailed, TaskType
from blockloom_server.faults import CODES
from blockloom_server.limits import Limits
from blockloom_server.methods import TABLE
from blockloom_server.openrpc import COMMON, describe
from blockloom_server.remote import Refused, Remote, session
from blockloom_server.server import Server
from blockloom_server.testing import Gates, serving, socket_of

DOCUMENT: Final = describe(TABLE)
RESULTS: Final = {method["name"]: method["result"]["schema"] for method in DOCUMENT["methods"]}
PARAMS, UNAUTHORIZED, NOT_FOUND = -32602, -32001, -32002
CONFLICT, INVALID, STATE, TOO_MUCH = -32003, -32004, -32005, -32006

WAITING: Final = {
    "blockloom": 1,
    "tasks": [
        {"id": "wait", "type": "wait", "config": {"trigger": {"type": "event", "config": {"name": "go"}}}},
        {"id": "end", "type": "end"},
    ],
    "connections": [{"from": "wait.payload", "to": "end.told"}],
}
FAILING: Final = {
    "blockloom": 1,
    "tasks": [{"id": "stop", "type": "stop", "config": {"state": "failed"}}],
}

BLOCKS: Final = [
    {"id": "twice", "type": "code", "content": {"source": "n * 2"}},
    {"id": "say", "type": "text", "content": {"text": "{{ twice }}"}},
    {"id": "broken", "type": "code", "content": {"source": "1 / 0"}},
]
GRAPH: Final[dict[str, Any]] = {
    "blockloom": 1,
    "name": "double",
    "title": "加倍",
    "inputs": {"n": {"type": "integer"}},
    "tasks": [
        {"id": "start", "type": "start"},
        {"id": "work", "type": "blocks", "blocks": BLOCKS[:2], "x-own": {"kept": [1]}},
        {"id": "end", "type": "end"},
    ],
    "connections": [{"from": "start.n", "to": "work.n"}, {"from": "work.twice", "to": "end.answer"}],
}
KEPT: Final = {**GRAPH, "requires": {f"blockloom-{name}": ">=0.1" for name in ("code", "flow", "text")}}
GATED: Final[dict[str, Any]] = {
    "blockloom": 1,
    "tasks": [{"id": "wait", "type": "test.gate", "inputs": {"value": 5}}, {"id": "end", "type": "end"}],
    "connections": [{"from": "wait.value", "to": "end.value"}],
}
ASKING: Final[dict[str, Any]] = {
    "blockloom": 1,
    "tasks": [
        {
            "id": "agree",
            "type": "checklist",
            "blocks": [
                {
                    "id": "steps",
                    "type": "checklist",
                    "content": {"items": [{"id": "ann", "text": "Ann"}, {"id": "bob", "text": "Bob"}]},
                }
            ],
        },
        {"id": "end", "type": "end"},
    ],
    "connections": [{"from": "agree.done", "to": "end.done"}],
}
HOPELESS: Final = {"blockloom": 1, "tasks": [{"id": "a", "type": "no.such"}, {"id": "a", "type": "end"}]}


class Checked:
    """A session that holds every result against its model and its published schema, and notes what was called."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.called: set[str] = set()

    async def __call__(self, method: str, /, **params: Any) -> Any:
        result = await self.remote.call(method, **params)
        TABLE.methods[method].result.model_validate(result)
        jsonschema.validate(result, {**RESULTS[method], "components": DOCUMENT["components"]})
        self.called.add(method)
        return result

    async def end_of(self, run: str) -> None:
        """Wait until a run is over."""
        await self.event_of(run, "run.completed", "run.failed", "run.stopped")

    async def event_of(self, run: str, *types: str) -> None:
        """Wait until a run has told of one of these."""
        subscribed = await self("subscribe", run=run, after=0)
        while (await self.remote.event())["type"] not in types:
            pass
        await self("unsubscribe", subscription=subscribed["subscription"])


async def editing(call: Checked, workflow: str) -> None:
    """Every method that edits; each answers the next revision."""
    at = (await call("workflow.get", workflow=workflow))["revision"]
    here = {"workflow": workflow}
    block = {**here, "task": "work", "block": "extra"}
    edits: list[tuple[str, dict[str, Any]]] = [
        ("task.add", {**here, "task": {"id": "more", "type": "blocks", "ui": {"x": 1}}}),
        ("task.update", {**here, "task": "more", "changes": {"title": "More", "ui": None}}),
        ("task.connect", {**here, "from": "start.n", "to": "more.n"}),
        ("task.connect", {**here, "from": "more", "to": "end"}),
        ("task.move", {**here, "task": "more", "index": 0}),
        ("task.move", {**here, "task": "more", "swap": "work"}),
        ("task.disconnect", {**here, "from": "work", "to": "end"}),
        ("task.set_type", {**here, "task": "more", "type": "if", "config": {"condition": "True"}}),
        ("task.remove", {**here, "task": "more"}),
        ("block.add", {**here, "task": "work", "block": {"id": "extra", "type": "text", "content": {"text": "a"}}}),
        ("block.write", {**block, "content": {"text": "b"}}),
        ("block.append", {**block, "content": "c"}),
    ]
    for number, (method, params) in enumerate(edits, 1):
        if method == "task.move" and "swap" in params:
            with pytest.raises(Refused, match="cannot be swapped"):
                await call(method, **params)
            edits_left = edits[number:]
            break
        assert await call(method, **params) == {"revision": at + number}
    at += number - 1
    edits_left[0] = ("task.disconnect", {**here, "from": "more", "to": "end"})
    for number, (method, params) in enumerate(edits_left, 1):
        assert await call(method, **params) == {"revision": at + number}
    told = (await call("block.get", **block))["block"]
    assert told["content"]["text"].startswith("b")
    assert told["content"]["text"].endswith("c")
    assert await call("block.check", **block) == {"problems": []}
    assert (await call("task.get", **here, task="work"))["task"]["blocks"][2] == told
    assert await call("block.evaluate", **here, task="work", block="say", inputs={"n": 21}) == {"value": "42"}
    await call("block.remove", **block)
    assert (await call("workflow.get", workflow=workflow))["graph"] == KEPT


async def story(call: Checked, gates: Gates) -> None:
    """Every method, called well."""
    hello = await call("session.hello", protocol=1)
    assert hello["server"]["name"] == "blockloom"
    assert hello["sandbox"]["limits"] is True
    assert await call("session.ping") == {}
    assert await call("rpc.discover") == DOCUMENT
    kinds = (await call("types.list", kind="task"))["types"]
    assert {"start", "end", "blocks", "test.gate"} <= {type["name"] for type in kinds}
    assert (await call("types.get", kind="task", name="if"))["type"] in kinds
    assert "server" in {plugin["name"] for plugin in (await call("plugins.list"))["plugins"]}

    created = await call("workflow.create", graph=GRAPH)
    workflow = created["workflow"]
    assert await call("workflow.get", workflow=workflow) == {**created, "graph": KEPT}
    await editing(call, workflow)
    revision = (await call("workflow.get", workflow=workflow))["revision"]
    updated = await call("workflow.update", workflow=workflow, graph=GRAPH, revision=revision)
    assert updated == {"workflow": workflow, "revision": revision + 1}
    assert await call("workflow.check", workflow=workflow) == {"problems": []}
    problems = (await call("workflow.check", graph=HOPELESS))["problems"]
    assert {problem["code"] for problem in problems} >= {"unknown-type", "duplicate-id"}
    for format, opening in (("mermaid", "flowchart"), ("dot", "digraph"), ("json", "{")):
        assert (await call("workflow.graph", workflow=workflow, format=format))["graph"].startswith(opening)
    (row,) = (await call("workflow.list"))["workflows"]
    assert (row["workflow"], row["name"], row["title"]) == (workflow, "double", "加倍")

    run = (await call("run.start", workflow=workflow, inputs={"n": 4}, key="once", max_concurrency=1))["run"]
    assert await call("run.start", workflow=workflow, inputs={"n": 4}, key="once") == {"run": run}
    await call.end_of(run)
    assert await call("run.outputs", run=run) == {"outputs": {"answer": 8}}
    assert await call("run.current", run=run) == {"tasks": []}
    told = await call("run.get", run=run)
    assert (told["state"], told["outputs"]) == ("COMPLETED", {"answer": 8})
    events = (await call("run.events", run=run))["events"]
    assert [event["seq"] for event in events] == list(range(1, told["seq"] + 1))
    assert (await call("run.events", run=run, after=3, limit=2))["events"] == events[3:5]
    assert await call("value.get", run=run, task="work", port="twice") == {"value": 8}
    assert await call("value.get", run=run, port="answer") == {"value": 8}
    assert await call("value.get", run=run, port="inputs.n") == {"value": 4}
    told = await call("run.explain", run=run, task="work")
    assert (told["state"], told["because"][0]["what"]) == ("COMPLETED", "started-by")
    assert await call("run.stop", run=run) == {"run": run}
    rerun = (await call("run.rerun", run=run, **{"from": "work"}, inputs={"n": 5}))["run"]
    await call.end_of(rerun)
    assert await call("run.outputs", run=rerun) == {"outputs": {"answer": 10}}

    gated = (await call("run.start", graph=GATED))["run"]
    await gates.wait_for("main")
    assert await call("run.current", run=gated) == {"tasks": ["wait"]}
    assert await call("run.edit", run=gated, graph=GATED) == {"run": gated}
    assert await call("run.pause", run=gated) == {"run": gated}
    assert (await call("run.get", run=gated))["state"] == "PAUSED"
    assert await call("run.resume", run=gated) == {"run": gated}
    assert await call("run.stop", run=gated) == {"run": gated}
    told = await call("run.get", run=gated)
    assert (told["state"], told["tasks"]["wait"]["reason"]) == ("STOPPED", "stopped")

    asked = (await call("run.start", graph=ASKING))["run"]
    await call.event_of(asked, "task.waiting")
    assert await call("run.answer", run=asked, task="agree", value={"ann": True}) == {"run": asked}
    assert await call("run.answer", run=asked, task="agree", block="steps", value={"bob": True}) == {"run": asked}
    await call.end_of(asked)
    assert (await call("run.outputs", run=asked))["outputs"] == {"done": True}

    listed = (await call("run.list"))["runs"]
    assert [row["run"] for row in listed] == [asked, gated, rerun, run]
    assert await call("run.list", limit=1) == {"runs": listed[:1]}
    assert await call("run.list", after=gated) == {"runs": listed[2:]}
    assert await call("run.list", state="STOPPED") == {"runs": listed[1:2]}
    assert await call("run.list", workflow=workflow) == {"runs": listed[2:]}

    waiting = (await call("run.start", graph=WAITING))["run"]
    assert await call("event.publish", name="go", payload={"a": 1}, run=waiting) == {"delivered": 1}
    await call.end_of(waiting)
    assert await call("run.outputs", run=waiting) == {"outputs": {"told": {"a": 1}}}
    failed = (await call("run.start", graph=FAILING))["run"]
    await call.end_of(failed)
    assert await call("run.retry", run=failed) == {"run": failed}
    await call.end_of(failed)

    hourly = {"id": "t", "type": "every", "config": {"interval": "1h"}, "action": {"type": "merge"}}
    assert await call("trigger.create", trigger=hourly) == {"trigger": "t"}
    assert await call("trigger.update", trigger={**hourly, "overlap": "skip"}) == {"trigger": "t"}
    assert (await call("trigger.get", trigger="t"))["overlap"] == "skip"
    assert await call("trigger.disable", trigger="t") == {"trigger": "t"}
    assert await call("trigger.enable", trigger="t") == {"trigger": "t"}
    assert [trigger["id"] for trigger in (await call("trigger.list"))["triggers"]] == ["t"]
    assert len((await call("trigger.next", trigger="t", count=2))["upcoming"]) == 2
    fired = await call("trigger.fire", trigger="t", payload={"a": 1})
    await call.end_of(fired["run"])
    assert [firing["id"] for firing in (await call("trigger.firings", trigger="t"))["firings"]] == [fired["firing"]]
    assert await call("trigger.delete", trigger="t") == {}

    subscription = (await call("subscribe", all=True))["subscription"]
    assert await call("unsubscribe", subscription=subscription) == {}
    assert await call("workflow.delete", workflow=workflow) == {}
    assert await call("workflow.list") == {"workflows": []}


def test_every_method_does_what_it_declares() -> None:
    async def go() -> set[str]:
        gates = Gates()
        async with serving(gates.type) as server, session(socket_of(server)) as remote:
            call = Checked(remote)
            await story(call, gates)
            return call.called

    assert asyncio.run(go()) == set(TABLE.methods)


class Twin(TaskType):
    """Has a name that another type has."""

    name = "if"

    def run(self, task: TaskContext) -> Any:
        raise TaskFailed("never", "it is never run")


KEY: Final = "ghp_" + "a1b2c3d4" * 5


async def bad_calls(server: Server, remote: Remote, gates: Gates) -> list[tuple[str, dict[str, Any], int]]:
    """Calls that are refused, each with the code."""
    workflow = (await remote.call("workflow.create", graph={**GRAPH, "tasks": [*GRAPH["tasks"]]}))["workflow"]
    draft = (await remote.call("workflow.create", graph=HOPELESS))["workflow"]
    broken = {"id": "work", "type": "blocks", "blocks": BLOCKS}
    failing = (await remote.call("workflow.create", graph={"blockloom": 1, "tasks": [broken]}))["workflow"]
    odd = (await remote.call("workflow.create", graph={"blockloom": 1, "tasks": 5}))["workflow"]
    run = (await remote.call("run.start", graph=GATED))["run"]
    await gates.wait_for("main")
    over = (await remote.call("run.start", graph={"blockloom": 1, "tasks": [{"id": "end", "type": "end"}]}))["run"]
    await (await server.hub.engine.run(over)).wait()
    hourly = {"type": "every", "config": {"interval": "1h"}}
    await remote.call("trigger.create", trigger={**hourly, "id": "mine", "action": {"type": "merge"}})
    unsound = {"blockloom": 1, "triggers": [{"id": "t", "type": "every"}]}
    held = (await remote.call("workflow.create", graph=unsound))["workflow"] + ".t"
    here, there = {"workflow": workflow}, {"workflow": "nope"}
    one, other = {**here, "task": "work"}, {**here, "task": "nope"}
    said = {**one, "block": "say"}
    bad_text = {**here, "task": "work", "block": "twice", "content": {"source": "x +"}}
    await remote.call("block.write", **{**bad_text, "block": "twice", "content": {"source": 5}})
    return [
        ("types.get", {"kind": "task", "name": "no.such"}, NOT_FOUND),
        ("types.get", {"kind": "task", "name": "if"}, CONFLICT),
        ("types.get", {"kind": "tsk", "name": "if"}, PARAMS),
        ("types.list", {"kind": "x"}, PARAMS),
        ("workflow.create", {"graph": []}, PARAMS),
        ("workflow.update", {**there, "graph": {}, "revision": 1}, NOT_FOUND),
        ("workflow.update", {"workflow": draft, "graph": {}, "revision": 7}, CONFLICT),
        ("workflow.update", {"workflow": draft, "graph": {}, "revision": 1.0}, PARAMS),
        ("workflow.get", there, NOT_FOUND),
        ("workflow.delete", there, NOT_FOUND),
        ("workflow.check", there, NOT_FOUND),
        ("workflow.check", {}, PARAMS),
        ("workflow.check", {**here, "graph": GRAPH}, PARAMS),
        ("workflow.graph", there, NOT_FOUND),
        ("workflow.graph", {**here, "format": "png"}, PARAMS),
        ("run.start", there, NOT_FOUND),
        ("run.start", {"workflow": draft}, INVALID),
        ("run.start", {"graph": HOPELESS}, INVALID),
        ("run.start", {"graph": {}}, INVALID),
        ("run.start", {}, PARAMS),
        ("run.start", {**here, "graph": GRAPH}, PARAMS),
        ("run.start", {"graph": GRAPH, "inputs": {}}, PARAMS),
        ("run.start", {"graph": GRAPH, "inputs": {"n": "four"}}, PARAMS),
        ("run.start", {"graph": GRAPH, "inputs": {"n": 4, "m": 5}}, PARAMS),
        ("run.start", {"graph": GRAPH, "inputs": [4]}, PARAMS),
        ("run.start", {"graph": GRAPH, "inputs": {"n": 4}, "max_concurrency": 0}, PARAMS),
        ("run.start", {"graph": GRAPH, "inputs": {"n": 4}, "max_concurrency": True}, PARAMS),
        ("run.start", {"graph": GRAPH, "inputs": {"n": 4}, "durability": "maybe"}, PARAMS),
        ("run.start", {"graph": GRAPH, "inputs": {"n": 4}, "key": ""}, PARAMS),
        *((f"run.{verb}", {"run": "nope"}, NOT_FOUND) for verb in ("stop", "pause", "resume", "get", "current")),
        *((f"run.{verb}", {"run": "nope"}, NOT_FOUND) for verb in ("outputs", "events")),
        ("run.explain", {"run": "nope", "task": "wait"}, NOT_FOUND),
        ("run.explain", {"run": run, "task": "nope"}, NOT_FOUND),
        ("run.explain", {"run": run}, PARAMS),
        ("run.resume", {"run": run}, STATE),
        ("run.edit", {"run": "nope", "graph": GRAPH}, NOT_FOUND),
        ("run.edit", {"run": run, "graph": HOPELESS}, INVALID),
        ("run.edit", {"run": over, "graph": GRAPH}, STATE),
        ("run.answer", {"run": "nope", "task": "a", "value": 1}, NOT_FOUND),
        ("run.answer", {"run": over, "task": "work", "value": 1}, STATE),
        ("run.answer", {"run": run, "task": "nope", "value": 1}, NOT_FOUND),
        ("run.answer", {"run": run, "task": "wait", "value": 1}, STATE),
        ("run.answer", {"run": run, "task": "wait"}, PARAMS),
        ("run.retry", {"run": "nope"}, NOT_FOUND),
        ("run.retry", {"run": over}, STATE),
        ("run.rerun", {"run": "nope"}, NOT_FOUND),
        ("run.rerun", {"run": over, "from": "nope"}, NOT_FOUND),
        ("run.rerun", {"run": over, "start": "work"}, PARAMS),  # the name is `from`
        ("run.rerun", {"run": run}, STATE),
        ("event.publish", {"name": "go", "run": "nope"}, NOT_FOUND),
        ("event.publish", {"name": ""}, PARAMS),
        *((f"trigger.{verb}", {"trigger": "nope"}, NOT_FOUND) for verb in ("delete", "get", "enable", "disable")),
        *((f"trigger.{verb}", {"trigger": "nope"}, NOT_FOUND) for verb in ("firings", "next", "fire")),
        ("trigger.create", {"trigger": {"type": "evry", "action": {"type": "merge"}}}, INVALID),
        ("trigger.create", {"trigger": {**hourly, "workflow": "nope"}}, NOT_FOUND),
        ("trigger.update", {"trigger": {**hourly, "id": "nope", "action": {"type": "merge"}}}, NOT_FOUND),
        ("trigger.update", {"trigger": {"id": "mine", "type": "evry", "action": {"type": "merge"}}}, INVALID),
        ("trigger.update", {"trigger": {**hourly, "id": held}}, PARAMS),
        ("trigger.delete", {"trigger": held}, PARAMS),
        ("trigger.fire", {"trigger": held}, STATE),
        ("run.pause", {"run": over}, STATE),
        ("run.resume", {"run": over}, STATE),
        ("run.events", {"run": run, "after": 1000}, PARAMS),
        ("run.events", {"run": run, "after": -1}, PARAMS),
        ("run.events", {"run": run, "limit": 0}, PARAMS),
        ("run.events", {"run": run, "limit": 10_001}, PARAMS),
        ("run.list", {"after": "nope"}, NOT_FOUND),
        ("run.list", {"state": "running"}, PARAMS),
        ("run.list", {"limit": 0}, PARAMS),
        ("value.get", {"run": "nope", "port": "a"}, NOT_FOUND),
        ("value.get", {"run": run, "port": "a"}, NOT_FOUND),
        ("value.get", {"run": run, "port": "inputs.a"}, NOT_FOUND),
        ("value.get", {"run": run, "task": "nope", "port": "a"}, NOT_FOUND),
        ("value.get", {"run": run, "task": "wait", "port": "value"}, NOT_FOUND),
        ("subscribe", {}, PARAMS),
        ("subscribe", {"all": False}, PARAMS),
        ("subscribe", {"all": 1}, PARAMS),
        ("subscribe", {"all": True, "run": run}, PARAMS),
        ("subscribe", {"all": True, "after": 0}, PARAMS),
        ("subscribe", {"run": "nope"}, NOT_FOUND),
        ("subscribe", there, NOT_FOUND),
        ("subscribe", {"run": run, "after": 1000}, PARAMS),
        ("subscribe", {"run": run, "after": -1}, PARAMS),
        ("subscribe", {"run": run, "after": "0"}, PARAMS),
        ("unsubscribe", {"subscription": "s1"}, NOT_FOUND),
        ("task.get", other, NOT_FOUND),
        ("task.add", {**there, "task": {"id": "a", "type": "end"}}, NOT_FOUND),
        ("task.add", {**here, "task": {"id": "work", "type": "end"}}, PARAMS),
        ("task.add", {**here, "task": {"id": "a.b", "type": "end"}}, PARAMS),
        ("task.add", {**here, "task": {"type": "end"}}, PARAMS),
        ("task.add", {"workflow": odd, "task": {"id": "a", "type": "end"}}, PARAMS),
        ("task.update", {**other, "changes": {}}, NOT_FOUND),
        ("task.update", {**one, "changes": {"id": "end"}}, PARAMS),
        ("task.update", {**one, "changes": {"id": None}}, PARAMS),
        ("task.set_type", {**other, "type": "if"}, NOT_FOUND),
        ("task.remove", other, NOT_FOUND),
        ("task.move", {**other, "index": 0}, NOT_FOUND),
        ("task.move", {**one, "swap": "nope"}, NOT_FOUND),
        ("task.move", {**one, "index": 3}, PARAMS),
        ("task.move", {**one, "index": -1}, PARAMS),
        ("task.move", one, PARAMS),
        ("task.move", {**one, "index": 0, "swap": "end"}, PARAMS),
        ("task.move", {**one, "swap": "end"}, PARAMS),
        ("task.connect", {**here, "from": "nope", "to": "end"}, NOT_FOUND),
        ("task.connect", {**here, "from": "start", "to": "nope.a"}, NOT_FOUND),
        ("task.connect", {**here, "from": "start.n", "to": "work.n"}, PARAMS),
        ("task.connect", {**here, "start": "start.n", "end": "work.n"}, PARAMS),
        ("task.disconnect", {**here, "from": "start.n", "to": "end.n"}, NOT_FOUND),
        ("block.get", {**one, "block": "nope"}, NOT_FOUND),
        ("block.get", {**other, "block": "say"}, NOT_FOUND),
        ("block.add", {**other, "block": {"id": "a", "type": "text"}}, NOT_FOUND),
        ("block.add", {**one, "block": {"id": "say", "type": "text"}}, PARAMS),
        ("block.write", {**one, "block": "nope", "content": {}}, NOT_FOUND),
        ("block.write", {**said, "content": "text"}, PARAMS),
        ("block.append", {**one, "block": "nope", "content": "a"}, NOT_FOUND),
        ("block.append", {**one, "block": "twice", "content": "a"}, INVALID),
        ("block.append", {**said, "content": 5}, PARAMS),
        ("block.append", {**said, "content": {"no": ["such"]}}, PARAMS),
        ("block.remove", {**one, "block": "nope"}, NOT_FOUND),
        ("block.check", {**one, "block": "nope"}, NOT_FOUND),
        ("block.evaluate", {**one, "block": "nope"}, NOT_FOUND),
        ("block.evaluate", {**one, "block": "twice", "inputs": {"n": 1}}, INVALID),
        ("workflow.create", {"graph": {"blockloom": 1, "tasks": [], "title": KEY}}, INVALID),
        ("workflow.update", {**here, "graph": {"blockloom": 1, "tasks": [], "title": KEY}, "revision": 1}, INVALID),
        ("task.add", {**here, "task": {"id": "a", "type": "end", "title": KEY}}, INVALID),
        ("task.update", {**one, "changes": {"title": KEY}}, INVALID),
        ("task.set_type", {**one, "type": "if", "config": {"condition": repr(KEY)}}, INVALID),
        ("block.add", {**one, "block": {"id": "a", "type": "text", "content": {"text": KEY}}}, INVALID),
        ("block.write", {**said, "content": {"text": KEY}}, INVALID),
        ("block.evaluate", {"workflow": failing, "task": "work", "block": "broken", "inputs": {"n": 1}}, STATE),
    ]


def test_every_bad_call_gets_its_code() -> None:
    async def go() -> tuple[list[str], set[tuple[str, int]]]:
        gates = Gates()
        wrong, seen = [], set()
        async with serving(gates.type, Twin) as server, session(socket_of(server)) as remote:
            for method, params, code in await bad_calls(server, remote, gates):
                try:
                    wrong.append(f"{method} {params}: {await remote.call(method, **params)}")
                except Refused as refused:
                    seen.add((method, code))
                    if refused.code != code or "Traceback" in refused.message:
                        wrong.append(f"{method} {params}: {refused.code} {refused.message}")
                    told = {"problems", "seq"} & refused.data.keys() or refused.data.get("code") == "bad-usage"
                    if code in (PARAMS, INVALID) and not told:
                        wrong.append(f"{method} {params}: no problems in {refused.data}")
            gates.open("main")
        return wrong, seen

    wrong, seen = asyncio.run(go())
    assert wrong == []
    declared = {(m.name, code.number) for m in TABLE.methods.values() for code in m.errors if code.number != TOO_MUCH}
    assert declared - seen == set()


def test_a_run_that_failed_says_why() -> None:
    async def go() -> Any:
        graph = {"blockloom": 1, "tasks": [{"id": "work", "type": "blocks", "blocks": [BLOCKS[2]]}]}
        async with serving() as server, session(socket_of(server)) as remote:
            call = Checked(remote)
            run = (await call("run.start", graph=graph))["run"]
            await call.end_of(run)
            assert (await call("run.list", state="FAILED"))["runs"][0]["run"] == run
            return await call("run.get", run=run)

    told = asyncio.run(go())
    assert told["state"] == told["tasks"]["work"]["state"] == "FAILED"
    assert told["error"] == told["tasks"]["work"]["error"]
    assert told["error"]["task"] == "work"
    assert "division" in told["error"]["message"]


def test_a_mistake_of_the_server_is_told_without_its_insides(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def go() -> tuple[Refused, Any]:
        async with serving() as server, session(socket_of(server)) as remote:
            monkeypatch.setattr(server.hub.store, "workflows", None)
            with pytest.raises(Refused) as caught:
                await remote.call("workflow.list")
            return caught.value, await remote.call("session.ping")

    refused, alive = asyncio.run(go())
    assert refused.code == -32603
    assert refused.message == "The server made a mistake: TypeError. It is written in its log."
    assert alive == {}
    assert "workflow.list failed" in caplog.text


def wrong_for(schema: Mapping[str, Any]) -> Any:
    """A value that does not fit a parameter; None where every value does."""
    for value in (True, "text", 1.5, [1], {"a": 1}):
        try:
            jsonschema.validate(value, {**schema, "components": DOCUMENT["components"]})
        except jsonschema.ValidationError:
            return value
    return None


def test_every_method_refuses_parameters_that_are_unknown_missing_or_of_the_wrong_type() -> None:
    async def go() -> list[str]:
        wrong = []
        async with serving() as server, session(socket_of(server)) as remote:
            for method in DOCUMENT["methods"]:
                fine = {p["name"]: "x" for p in method["params"] if p["required"]}
                tries = [{**fine, "no_such": 1}]
                tries += [{k: v for k, v in fine.items() if k != name} for name in fine]
                for param in method["params"]:
                    if (value := wrong_for(param["schema"])) is not None:
                        tries.append({**fine, param["name"]: value})
                for params in tries:
                    try:
                        wrong.append(f"{method['name']} {params}: {await remote.call(method['name'], **params)}")
                    except Refused as refused:
                        if refused.code != PARAMS or not refused.data["problems"]:
                            wrong.append(f"{method['name']} {params}: {refused.code} {refused.data}")
        return wrong

    assert asyncio.run(go()) == []


def test_conflict_names_the_revision_that_stands() -> None:
    async def go() -> Refused:
        async with serving() as server, session(socket_of(server)) as remote:
            made = await remote.call("workflow.create", graph=GRAPH)
            await remote.call("workflow.update", **made, graph=GRAPH)
            with pytest.raises(Refused) as caught:
                await remote.call("workflow.update", **made, graph=HOPELESS)
            assert (await remote.call("workflow.get", workflow=made["workflow"]))["graph"] == KEPT
            return caught.value

    refused = asyncio.run(go())
    assert (refused.code, refused.data["revision"]) == (CONFLICT, 2)


def test_an_invalid_graph_is_refused_with_what_check_says() -> None:
    async def go() -> tuple[Any, Any]:
        async with serving() as server, session(socket_of(server)) as remote:
            with pytest.raises(Refused) as caught:
                await remote.call("run.start", graph=HOPELESS)
            return caught.value.data["problems"], (await remote.call("workflow.check", graph=HOPELESS))["problems"]

    told, checked = asyncio.run(go())
    assert told == checked != []


def test_calls_that_wait_do_not_hold_up_others_and_are_limited() -> None:
    async def go() -> tuple[list[Any], Any]:
        gates = Gates()
        stubborn = Gates()

        class Stubborn(stubborn.type):  # type: ignore[name-defined, misc]
            name = "test.stubborn"

            async def run(self, task: TaskContext) -> Any:
                try:
                    await super().run(task)
                except asyncio.CancelledError:
                    await gates.opened.setdefault("end", asyncio.Event()).wait()
                    raise

        graph = {"blockloom": 1, "tasks": [{"id": "a", "type": "test.stubborn"}]}
        async with serving(Stubborn, limits=Limits(calls=2)) as server, session(socket_of(server)) as remote:
            run = (await remote.call("run.start", graph=graph))["run"]
            await stubborn.wait_for("main")
            for id in ("a", "b", "c", "d"):
                method = "session.ping" if id == "d" else "run.stop"
                params = {} if id == "d" else {"run": run}
                await remote.socket.send(json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            early = [json.loads(await remote.socket.recv()) for _ in range(2)]
            gates.open("end")
            late = {json.loads(await remote.socket.recv())["id"] for _ in range(2)}
            return early, late

    early, late = asyncio.run(go())
    assert [(told["id"], told.get("error", {}).get("code")) for told in early] == [("c", TOO_MUCH), ("d", None)]
    assert late == {"a", "b"}


def test_every_code_has_a_meaning_of_its_own() -> None:
    numbers = [code.number for code in CODES]
    assert len(set(numbers)) == len(numbers)
    assert {code.number for code in COMMON} <= set(numbers)
    assert UNAUTHORIZED in numbers
