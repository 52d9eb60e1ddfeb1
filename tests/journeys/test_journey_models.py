"""Stories with models: the examples, a long stream over a WebSocket, a stop in its middle, and a run on a server."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from blockloom import Engine, Plugins, RunView
from blockloom.codec import read_file
from blockloom.testing import Answer, Asked, Gate, ModelServer, Reply, refuses, says
from blockloom_server.testing import serving, socket_of
from websockets.asyncio.client import connect

EXAMPLES: Final = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A machine whose settings name a model; the address is set once there is one."""
    monkeypatch.setenv("BLOCKLOOM_HOME", str(tmp_path))
    monkeypatch.setenv("BLOCKLOOM_LLM_MODEL", "scripted")
    monkeypatch.delenv("BLOCKLOOM_SECRET_LLM_KEY", raising=False)
    return monkeypatch


def run(
    machine: pytest.MonkeyPatch, name: str, answer: Callable[[Asked], Reply], **inputs: Any
) -> tuple[RunView, ModelServer]:
    async def go() -> tuple[RunView, ModelServer]:
        async with ModelServer(answer) as server, Engine(Plugins.load()) as engine:
            machine.setenv("BLOCKLOOM_LLM_BASE_URL", server.base_url)
            return await (await engine.start(read_file(EXAMPLES / name), inputs)).wait(), server

    return asyncio.run(asyncio.wait_for(go(), 30))


def answered(text: str, asked: Asked) -> Reply:
    made: Any = says(*re.findall(r"\S+\s*", text))
    reply: Reply = made(asked)
    return reply


def asked_for(asked: Asked) -> str:
    content: str = asked.json["messages"][-1]["content"]
    return content


# The examples


def summary(asked: Asked) -> Reply:
    """What a model would say: the numbers of the parts that it was shown."""
    numbers = [word for word in asked_for(asked).split() if word.startswith("#")]
    return answered("+".join(numbers), asked)


def test_a_long_document_is_summarised_part_by_part(machine: pytest.MonkeyPatch) -> None:
    document = "\n\n".join(f"#{i} " + "word " * 18 for i in range(4)) + "\n\n" + "#4 " + "word " * 60
    finished, server = run(machine, "summarise.yaml", summary, document=document, part_size=200)
    assert finished.state == "COMPLETED", finished.error
    assert finished.outputs["parts"] == ["#0+#1", "#2+#3", "#4", ""]
    assert finished.outputs["summary"].startswith("#0+#1")
    assert len(server.asked) == 5
    assert server.most <= 4
    assert "in 3 sentences" in server.questions[0]["messages"][-1]["content"]


def test_a_short_document_is_summarised_once(machine: pytest.MonkeyPatch) -> None:
    finished, server = run(machine, "summarise.yaml", summary, document="#0 A short one.", sentences=1)
    assert finished.outputs == {"summary": "#0", "parts": ["#0"]}
    assert len(server.asked) == 1
    assert server.questions[0]["messages"][-1]["content"].endswith("\n\n#0 A short one.")


class Author:
    """Writes drafts by number, and judges them with the scores given."""

    def __init__(self, *scores: int) -> None:
        self.scores = list(scores)
        self.drafts = 0

    def __call__(self, asked: Asked) -> Reply:
        if "response_format" in asked.json:
            return answered(
                f'{{"score": {self.scores.pop(0)}, "critique": "Say more than draft {self.drafts}."}}', asked
            )
        self.drafts += 1
        return answered(f"draft {self.drafts}", asked)


def test_a_text_is_drafted_until_it_is_good(machine: pytest.MonkeyPatch) -> None:
    finished, server = run(machine, "draft-and-review.yaml", Author(5, 7, 9, 10), topic="Clocks")
    assert finished.outputs == {"text": "draft 3", "score": 9, "rounds": 3}
    second = asked_for(server.asked[2])
    assert "Your last draft:\n\ndraft 1" in second
    assert "Say more than draft 1." in second


def test_drafting_ends_after_so_many_rounds(machine: pytest.MonkeyPatch) -> None:
    finished, _ = run(machine, "draft-and-review.yaml", Author(1, 1, 1), topic="Clocks", most=2)
    assert finished.outputs == {"text": "draft 2", "score": 1, "rounds": 2}


# Over a WebSocket


def graph(server: ModelServer) -> dict[str, Any]:
    config = {"model": "m", "base_url": server.base_url}
    return {"blockloom": 1, "tasks": [{"id": "llm", "type": "llm", "config": config, "inputs": {"prompt": "Count."}}]}


class Caller:
    """A client of the server that keeps the events it is told."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.events: list[dict[str, Any]] = []

    async def call(self, method: str, **params: Any) -> Any:
        await self.socket.send(json.dumps({"jsonrpc": "2.0", "id": method, "method": method, "params": params}))
        while "id" not in (told := await self.read()):
            pass
        return told["result"]

    async def read(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(await self.socket.recv())
        if told.get("method") == "event":
            self.events.append(told["params"])
        return told


def test_a_stream_of_ten_thousand_tokens_reaches_a_client_in_order() -> None:
    async def go() -> list[str]:
        gate = Gate()
        answer = says(gate, *(f"{i} " for i in range(10_000)))
        async with ModelServer(answer) as model, serving() as server, connect(socket_of(server)) as socket:
            caller = Caller(socket)
            started = await caller.call("run.start", graph=graph(model))
            await caller.call("subscribe", run=started["run"], after=0)
            gate.open()
            while not caller.events or caller.events[-1]["type"] != "run.completed":
                await caller.read()
            return [event["data"]["piece"] for event in caller.events if event["type"] == "task.output"]

    assert asyncio.run(asyncio.wait_for(go(), 60)) == [f"{i} " for i in range(10_000)]


def test_a_stop_in_the_middle_ends_the_connection_to_the_model() -> None:
    async def go() -> str:
        endless = says("on ", "and ", "on", never=True)
        async with ModelServer(endless) as model, serving() as server, connect(socket_of(server)) as socket:
            caller = Caller(socket)
            started = await caller.call("run.start", graph=graph(model))
            await caller.call("subscribe", run=started["run"], after=0)
            while not any(event["type"] == "task.output" for event in caller.events):
                await caller.read()
            await caller.call("run.stop", run=started["run"])
            await asyncio.wait_for(model.until(lambda m: m.dropped), 1)
            state: str = (await caller.call("run.get", run=started["run"]))["state"]
            return state

    assert asyncio.run(asyncio.wait_for(go(), 30)) == "STOPPED"


def test_limits_are_given_with_a_run() -> None:
    async def go() -> Any:
        async with ModelServer(says("a", "b", "c")) as model, serving() as server, connect(socket_of(server)) as socket:
            caller = Caller(socket)
            started = await caller.call("run.start", graph=graph(model), limits={"tokens": 2})
            await caller.call("subscribe", run=started["run"], after=0)
            while not caller.events or caller.events[-1]["type"] != "run.failed":
                await caller.read()
            return caller.events[-1]["data"]["error"]["type"]

    assert asyncio.run(asyncio.wait_for(go(), 30)) == "limit"


def test_attempts_are_told() -> None:
    answers: list[Answer] = [refuses(503, retry_after="0"), says("ok")]

    async def go() -> list[str]:
        async with ModelServer(*answers) as model, Engine(Plugins.load()) as engine:
            document = graph(model)
            document["tasks"][0]["retry"] = {"attempts": 2, "delay": 0}
            finished = await (await engine.start(document)).wait()
            return [event.type for event in finished.events if event.task == "llm"]

    assert asyncio.run(asyncio.wait_for(go(), 30)) == [
        "task.ready", "task.started", "task.retrying", "task.ready", "task.started", "task.completed",
    ]  # fmt: skip
