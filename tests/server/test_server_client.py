"""A client written from the contract alone (SPEC §2 and §6): nothing of blockloom but its server's address."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

from blockloom_server.testing import serving, socket_of
from websockets.asyncio.client import ClientConnection, connect

GRAPH: Final[dict[str, Any]] = {
    "blockloom": 1,
    "name": "ticket-triage",
    "title": "Ticket triage",
    "inputs": {"ticket": {"type": "string"}, "limit": {"type": "number", "default": 0.5}},
    "tasks": [
        {"id": "start", "type": "start"},
        {
            "id": "score",
            "type": "blocks",
            "blocks": [
                {"id": "words", "type": "code", "content": {"source": "ticket.lower().split()"}},
                {
                    "id": "urgency",
                    "type": "code",
                    "content": {
                        "source": "hits = [w for w in words if w in ('down', 'lost')]\nlen(hits) / max(len(words), 1)"
                    },
                },
            ],
            "links": [{"from": "words", "to": "urgency"}],
        },
        {"id": "check", "type": "if", "config": {"condition": "value > limit"}},
        {
            "id": "page",
            "type": "blocks",
            "blocks": [{"id": "say", "type": "text", "content": {"text": "paging: {{ ticket }}"}}],
        },
        {"id": "end", "type": "end"},
    ],
    "connections": [
        {"from": "start.ticket", "to": "score.ticket"},
        {"from": "score.result", "to": "check.value"},
        {"from": "start.limit", "to": "check.limit"},
        {"from": "check.true", "to": "page"},
        {"from": "start.ticket", "to": "page.ticket"},
        {"from": "page.result", "to": "end.action"},
        {"from": "score.result", "to": "end.score"},
    ],
    "triggers": [
        {
            "id": "nightly",
            "type": "cron",
            "config": {"expression": "0 9 * * *", "timezone": "Asia/Shanghai"},
            "inputs": {"ticket": "nightly check"},
        }
    ],
}


class Session:
    """JSON-RPC 2.0, one message a text frame."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.sent = 0
        self.notifications: list[Any] = []

    async def call(self, method: str, params: dict[str, Any]) -> Any:
        self.sent += 1
        await self.socket.send(json.dumps({"jsonrpc": "2.0", "id": self.sent, "method": method, "params": params}))
        while True:
            message = await self.receive()
            if "id" in message:
                assert message["jsonrpc"] == "2.0"
                assert message["id"] == self.sent
                return message["result"]
            self.notifications.append(message)

    async def receive(self) -> Any:
        frame = await self.socket.recv()
        assert isinstance(frame, str)
        return json.loads(frame)

    async def notification(self) -> Any:
        return self.notifications.pop(0) if self.notifications else await self.receive()


async def story(address: str, inputs: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """Create the workflow, run it, follow it: its outputs, its events, and the run as it stands at the end."""
    async with connect(address, proxy=None) as socket:
        session = Session(socket)
        hello = await session.call("session.hello", {"protocol": 1})
        assert hello["protocol"] == 1
        created = await session.call("workflow.create", {"graph": GRAPH})
        assert created["revision"] == 1
        assert (await session.call("workflow.check", {"workflow": created["workflow"]}))["problems"] == []
        kept = (await session.call("workflow.get", {"workflow": created["workflow"]}))["graph"]
        assert kept.keys() == GRAPH.keys() | {"requires"}
        assert {name: kept[name] for name in GRAPH} == GRAPH
        run = (await session.call("run.start", {"workflow": created["workflow"], "inputs": inputs}))["run"]
        subscription = (await session.call("subscribe", {"run": run, "after": 0}))["subscription"]
        events: list[dict[str, Any]] = []
        while not events or events[-1]["type"] not in ("run.completed", "run.failed", "run.stopped"):
            message = await session.notification()
            assert message["jsonrpc"] == "2.0"
            assert message["method"] == "event"
            assert message["params"]["subscription"] == subscription
            assert message["params"]["run"] == run
            events.append(message["params"])
        outputs = (await session.call("run.outputs", {"run": run}))["outputs"]
        return outputs, events, await session.call("run.get", {"run": run})


def follow(inputs: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    async def go() -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
        async with serving() as server:
            return await story(socket_of(server), inputs)

    return asyncio.run(go())


def test_it_knows_nothing_but_the_contract() -> None:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("from blockloom")] == [
        "from blockloom_server.testing import serving, socket_of"
    ]


def test_an_urgent_ticket_pages() -> None:
    outputs, events, run = follow({"ticket": "Down and lost", "limit": 0.5})
    assert outputs == {"action": "paging: Down and lost", "score": 2 / 3}
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    completed = [event["task"] for event in events if event["type"] == "task.completed"]
    assert completed == ["start", "score", "check", "page", "end"]
    assert run["state"] == "COMPLETED"
    assert run["outputs"] == outputs
    assert run["seq"] == len(events)
    assert run["tasks"]["score"]["outputs"] == {"words": ["down", "and", "lost"], "urgency": 2 / 3, "result": 2 / 3}


def test_another_takes_the_branch_that_is_not_there() -> None:
    outputs, events, run = follow({"ticket": "All is well"})
    assert outputs == {"score": 0.0, "action": None} or outputs == {"score": 0.0}
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert run["tasks"]["page"]["state"] == "CANCELED"
    assert run["tasks"]["page"]["reason"] == "branch"
