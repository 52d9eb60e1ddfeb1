"""Messages made at random, from noise to calls that are nearly right: each gets an answer, none harms the server."""

import asyncio
import json
import os
import random
import string
from collections.abc import Iterator
from typing import Any, Final

import pytest
from blockloom_server.limits import Limits
from blockloom_server.methods import TABLE
from blockloom_server.openrpc import describe
from blockloom_server.testing import serving, socket_of
from websockets.asyncio.client import connect

MESSAGES: Final = int(os.environ.get("BLOCKLOOM_TEST_FUZZ", "20000"))
SEED: Final = 20261124
BATCH: Final = 100

PARAMS: Final = {method["name"]: method["params"] for method in describe(TABLE)["methods"]}
ENDLESS: Final = frozenset({"trigger.create", "trigger.update", "trigger.enable", "trigger.fire"})
"""Methods that would let the server do something by itself meanwhile, beside what is asked of it."""
METHODS: Final = [*sorted(PARAMS.keys() - ENDLESS), *["run.start", "workflow.create"] * 3]

WORDS: Final = [
    "",
    "a",
    "work",
    "main",
    "nope",
    "__class__",
    "../etc",
    "\x00",
    "\ud83d\ude00",
    "中文",
    "a.b",
    "x" * 3000,
]
NUMBERS: Final = [0, 1, -1, 2**31, 2**53, 2**64, -(2**70), 0.5, 1e300, -0.0]
SOUND: Final[dict[str, Any]] = {
    "blockloom": 1,
    "tasks": [
        {"id": "a", "type": "merge", "inputs": {"x": [1, "two"]}},
        {"id": "b", "type": "blocks", "blocks": [{"id": "c", "type": "text", "content": {"text": "{{ x }}"}}]},
        {"id": "c", "type": "wait", "config": {"trigger": {"type": "event", "config": {"name": "a"}}}},
    ],
    "connections": [{"from": "a.result", "to": "b.x"}],
}
SPLINTERS: Final = [
    '"',
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\\u",
    "\\ud800",
    "NaN",
    "1e999",
    "null",
    "'",
    "\x00",
    "//",
    "00",
]


def value(chance: random.Random, depth: int = 0) -> Any:
    """Any JSON value."""
    kind = chance.randrange(9 if depth < 4 else 6)
    if kind == 0:
        return chance.choice([None, True, False])
    if kind == 1:
        return chance.choice(NUMBERS)
    if kind in (2, 3):
        return chance.choice(WORDS)
    if kind in (4, 5):
        return "".join(chance.choices(string.printable, k=chance.randrange(12)))
    if kind == 6:
        return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {str(value(chance, 9)): value(chance, depth + 1) for _ in range(chance.randrange(4))}


def graph(chance: random.Random, depth: int = 0) -> Any:
    """A graph, or what is often nearly one."""
    if chance.random() < 0.4:
        return SOUND
    if chance.random() < 0.2:
        return value(chance)
    kinds = ["start", "end", "blocks", "if", "merge", "stop", "foreach", "loop", "workflow", "cancel", "switch", "nope"]
    ids = ["a", "b", "c", "a.b", "", "inputs", 5]
    tasks: list[Any] = []
    for _ in range(chance.randrange(4)):
        task: dict[str, Any] = {"id": chance.choice(ids), "type": chance.choice(kinds)}
        if chance.random() < 0.3:
            task["config"] = {"body": graph(chance, depth + 1)} if depth < 2 else value(chance)
        if chance.random() < 0.3:
            name = chance.choice(["inputs", "blocks", "join", "retry", "timeout", "group", "cache", "links"])
            task[name] = value(chance)
        tasks.append(task if chance.random() < 0.95 else value(chance))
    made: dict[str, Any] = {"blockloom": chance.choice([1, 1, 1, 2, "1", None]), "tasks": tasks}
    lines = [{"from": chance.choice(["a", "b.x", "c"]), "to": chance.choice(["a", "b.y", "d"])} for _ in range(2)]
    made["connections"] = lines if chance.random() < 0.8 else value(chance)
    if chance.random() < 0.2:
        made[chance.choice(["inputs", "triggers", "groups", "name", "title"])] = value(chance)
    return made


def fitting(chance: random.Random, name: str, schema: Any, known: list[str]) -> Any:
    """A value for a param that fits, as far as its type goes."""
    if name == "graph":
        return graph(chance)
    if name in ("workflow", "run", "subscription", "trigger") and known:
        return chance.choice([id for id in known if id[0] == name[0]] or known)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    kinds = [part.get("type") for part in schema.get("anyOf", [schema])]
    kind = chance.choice(kinds)
    if kind == "object":
        return {"id": chance.choice(WORDS), "type": "merge"} if name in ("task", "block") else {}
    made = {"string": chance.choice(WORDS[:5]), "integer": chance.choice([1, 1, 2, 0]), "boolean": True, "null": None}
    return made.get(kind, value(chance))


def call(chance: random.Random, known: list[str]) -> dict[str, Any]:
    """A call that is often nearly right, with things that are there."""
    method = chance.choice(METHODS) if chance.random() < 0.95 else value(chance, 9)
    params: Any = {}
    for param in PARAMS.get(method, []) if isinstance(method, str) else []:
        name = param["name"]
        if param["required"] or chance.random() < 0.2:
            fits = chance.random() < 0.9
            params[name] = fitting(chance, name, param["schema"], known) if fits else value(chance)
    if chance.random() < 0.1:
        params = value(chance)
    made = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    if chance.random() < 0.05:
        made[chance.choice(["jsonrpc", "id", "method", "extra"])] = value(chance)
    return made


def message(chance: random.Random, known: list[str]) -> str:
    """A text; most are JSON."""
    if chance.random() < 0.1:
        return "".join(chr(chance.randrange(0xD800)) for _ in range(chance.randrange(40)))
    text = json.dumps(call(chance, known))
    while chance.random() < 0.15:
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice(SPLINTERS) + text[place + chance.randrange(3) :]
    return text


def batches(chance: random.Random, known: list[str]) -> Iterator[list[str]]:
    for _ in range(MESSAGES // BATCH):
        yield [message(chance, known) for _ in range(BATCH)]


def learn(told: Any, known: list[str]) -> None:
    """Note the ids of what is there, the latest fifty."""
    if isinstance(told, dict):
        known += [told[name] for name in ("workflow", "run", "subscription") if isinstance(told.get(name), str)]
    del known[:-50]


def test_no_message_is_the_servers_mistake(caplog: pytest.LogCaptureFixture) -> None:
    known: list[str] = []
    codes: dict[int | None, int] = {}
    mark = json.dumps({"jsonrpc": "2.0", "id": "mark", "method": "session.ping"})

    async def go() -> None:
        limits = Limits(rate=10**9, burst=10**9, subscriptions=20)
        async with serving(limits=limits) as server, connect(socket_of(server), proxy=None, max_size=None) as socket:
            for batch in batches(random.Random(SEED), known):
                for text in [*batch, mark]:
                    await socket.send(text)
                told: Any = {}
                while told.get("id") != "mark":
                    told = json.loads(await asyncio.wait_for(socket.recv(), 30))
                    if told.get("method") == "event":
                        continue
                    code = told.get("error", {}).get("code")
                    codes[code] = codes.get(code, 0) + 1
                    assert code != -32603, told
                    learn(told.get("result"), known)
            for run in server.hub.engine.live:
                await run.stop()

    asyncio.run(go())
    assert {None, -32005, -32700, -32600, -32601, -32602, -32002, -32004} <= codes.keys()
    assert codes[None] > MESSAGES / 20
    assert [record.getMessage() for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []
