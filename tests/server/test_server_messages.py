"""Messages that are no good: each gets the documented answer, and the connection lives."""

import asyncio
import json
from typing import Any, Final

import pytest
from blockloom_server.limits import Limits
from blockloom_server.testing import serving, socket_of
from websockets.asyncio.client import ClientConnection, connect

PARSE, REQUEST, METHOD, PARAMS, TOO_MUCH = -32700, -32600, -32601, -32602, -32006


def call(**fields: Any) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 7, "method": "session.ping"} | fields)


def without(key: str, **fields: Any) -> str:
    message = json.loads(call(**fields))
    del message[key]
    return json.dumps(message)


def nested(levels: int) -> str:
    return '{"jsonrpc":"2.0","id":7,"method":"session.ping","params":' + '{"a":' * levels + "1" + "}" * levels + "}"


NOT_JSON: Final = [
    "",
    " ",
    "\n",
    "{",
    "}",
    "[",
    '"',
    "nope",
    "'single'",
    "{'jsonrpc': '2.0'}",
    '{"jsonrpc": "2.0", "id": 7, "method": "session.ping",}',
    '{"jsonrpc": "2.0" "id": 7}',
    '{"jsonrpc": "2.0", "id": 7, "method": "session.ping"} {}',
    '{"jsonrpc": "2.0", "id": 7, "id": 8, "method": "session.ping"}',
    '{"jsonrpc": "2.0", "id": 7, "method": "session.ping", "params": {"a": 1, "a": 2}}',
    '{"jsonrpc": "2.0", "id": NaN, "method": "session.ping"}',
    '{"jsonrpc": "2.0", "id": 7, "method": "session.ping", "params": {"a": Infinity}}',
    '{"jsonrpc": "2.0", "id": 7, "method": "session.ping", "params": {"a": -Infinity}}',
    '{"jsonrpc": "2.0", "id": 7, "method": "session.ping", "params": {"a": 1e999}}',
    '{"jsonrpc": "2.0", "id": 7, "method": "session.ping", "params": {"a": 01}}',
    '{"jsonrpc": "2.0", "id": 7, "method": "session.ping", "params": {"a": .5}}',
    '{"jsonrpc": "2.0", "id": 7, "method": "session.ping", "params": {"a": +1}}',
    '{"jsonrpc": "2.0", "id": 7, "method": "session.ping", "params": {"a": 0x10}}',
    '{"jsonrpc": "2.0", "id": 7, "method": "session.ping", "params": {"a": True}}',
    '{"jsonrpc": "2.0", "id": 7, "method": "session.ping", "params": {"a": undefined}}',
    '{"jsonrpc": "2.0", "id": 7, "method": "session\nping"}',
    '{"jsonrpc": "2.0", "id": 7, "method": "\\x41"}',
    '{"jsonrpc": "2.0", "id": 7, "method": "\\ud800"}',
    '{"jsonrpc": "2.0", "id": "\\ud800", "method": "session.ping"}',
    '{"jsonrpc": "2.0", "id": 7, "method": "session.ping", "params": {"\\udfff": 1}}',
    '{"jsonrpc": "2.0", "id": 7, "method": "session.ping", "params": {"a": ' + "9" * 5000 + "}}",
    '{"jsonrpc": "2.0", "id": 7, "method": "session.ping"} // comment',
    "\x00",
]
NO_CALL: Final = [
    ("[]", None),
    ("[1]", None),
    ("null", None),
    ("true", None),
    ("7", None),
    ('"session.ping"', None),
    ("{}", None),
    ("[" + call() + "]", None),
    ("[" + call() + "," + call(id=8) + "]", None),
    (without("jsonrpc"), 7),
    (call(jsonrpc="1.0"), 7),
    (call(jsonrpc=2.0), 7),
    (call(jsonrpc=None), 7),
    (call(jsonrpc="2.00"), 7),
    (without("method"), 7),
    (call(method=1), 7),
    (call(method=None), 7),
    (call(method=["session.ping"]), 7),
    (call(method={}), 7),
    (call(id=True), None),
    (call(id=[7]), None),
    (call(id={"a": 7}), None),
    (call(params="a"), 7),
    (call(params=1), 7),
    (call(params=None), 7),
    (call(params=False), 7),
    ('{"jsonrpc": "2.0", "id": 7, "result": {}}', 7),
    ('{"jsonrpc": "2.0", "id": 7, "error": {"code": 1, "message": "no"}}', 7),
    (without("id", method=1), None),
    (without("id", jsonrpc="1.0"), None),
]
NO_SUCH_METHOD: Final = [
    "",
    "ping",
    "session.pin",
    "session.ping ",
    " session.ping",
    "Session.Ping",
    "session.__class__",
    "__init__",
    "session",
    "session.",
    ".ping",
    "rpc.",
    "rpc.other",
    "event",
    "workflow.create\u0000",
    "run.explode",
    "trigger.pull",
    "event.listen",
    "../session.ping",
    "会话.问候",
    "x" * 100_000,
]
BAD_PARAMS: Final = [
    call(params=[]),
    call(params=[1]),
    call(params={"a": 1}),
    call(params={"self": 1}),
    call(params={"client": 1}),
    call(params={"__class__": 1}),
    call(method="workflow.get"),
    call(method="workflow.get", params={"workflow": None}),
    call(method="workflow.get", params={"workflow": 1}),
    call(method="workflow.get", params={"Workflow": "w"}),
    call(method="session.hello", params={}),
    call(method="session.hello", params={"protocol": 2}),
    call(method="session.hello", params={"protocol": "1"}),
    call(method="session.hello", params={"protocol": True}),
]

CASES: Final[list[tuple[str, int, Any]]] = [
    *((text, PARSE, None) for text in NOT_JSON),
    *((text, REQUEST, id) for text, id in NO_CALL),
    *((call(method=name), METHOD, 7) for name in NO_SUCH_METHOD),
    *((text, PARAMS, 7) for text in BAD_PARAMS),
    (nested(200), TOO_MUCH, None),
    (nested(900), TOO_MUCH, None),
    (nested(50_000), TOO_MUCH, None),
    ("[" * 100_000, TOO_MUCH, None),
]
IDS: Final = [0, -1, 1.5, 2**70, "", "a", "é中", None, "x" * 10_000, 1e300]


async def answer(socket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), 10))


def test_there_are_enough_kinds() -> None:
    assert len(CASES) >= 60
    assert len({text for text, _, _ in CASES}) == len(CASES)


def test_each_gets_its_answer_and_the_connection_lives() -> None:
    async def go() -> list[str]:
        wrong = []
        async with serving() as server, connect(socket_of(server), proxy=None) as socket:
            for text, code, id in CASES:
                await socket.send(text)
                told = await answer(socket)
                if (told.get("error", {}).get("code"), told.get("id", "none"), told["jsonrpc"]) != (code, id, "2.0"):
                    wrong.append(f"{text[:100]!r}: {told}")
                elif len(told["error"]["message"]) > 2000 or "Traceback" in told["error"]["message"]:
                    wrong.append(f"{text[:100]!r}: {told['error']['message'][:100]}")
                await socket.send(call(id="alive"))
                assert await answer(socket) == {"jsonrpc": "2.0", "id": "alive", "result": {}}
        return wrong

    assert asyncio.run(go()) == []


def test_a_bad_message_leaves_no_trace_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    test_each_gets_its_answer_and_the_connection_lives()
    assert [record for record in caplog.records if record.levelname in ("ERROR", "WARNING")] == []


def test_ids_come_back_as_they_were() -> None:
    async def go() -> list[Any]:
        async with serving() as server, connect(socket_of(server), proxy=None) as socket:
            for id in IDS:
                await socket.send(call(id=id))
            return [(await answer(socket))["id"] for _ in IDS]

    assert asyncio.run(go()) == IDS


def test_a_call_without_an_id_gets_no_answer() -> None:
    async def go() -> Any:
        async with serving() as server, connect(socket_of(server), proxy=None) as socket:
            await socket.send(without("id"))
            await socket.send(without("id", method="nope"))
            await socket.send(without("id", method="workflow.get"))
            await socket.send(without("id", method="workflow.create", params={"graph": {"blockloom": 1}}))
            await socket.send(call(method="workflow.list"))
            return await answer(socket)

    told = asyncio.run(go())
    assert told["id"] == 7
    assert len(told["result"]["workflows"]) == 1


@pytest.mark.parametrize("frame", [b"", b"{}", call().encode()])
def test_a_binary_frame_is_refused_and_the_connection_goes_on(frame: bytes) -> None:
    async def go() -> Any:
        async with serving() as server, connect(socket_of(server), proxy=None) as socket:
            await socket.send(frame)
            refused = await answer(socket)
            await socket.send(call())
            assert (await answer(socket))["result"] == {}
            return refused["id"], refused["error"]["code"]

    assert asyncio.run(go()) == (None, -32600)


@pytest.mark.parametrize(
    ("message", "id"),
    [
        (call(params={"a": "x" * 3000}), 7),
        (call(params={"a": "é" * 999}), 7),
        ("x" * 3000, None),
        (f"[{'1,' * 1500}1]", None),
    ],
)
def test_too_large_a_message_is_refused_and_the_connection_goes_on(message: str, id: int | None) -> None:
    async def go() -> Any:
        async with serving(limits=Limits(message=2000)) as server, connect(socket_of(server), proxy=None) as socket:
            await socket.send(message)
            refused = await answer(socket)
            await socket.send(call(params={}))
            assert (await answer(socket))["result"] == {}
            return refused["id"], refused["error"]["code"]

    assert asyncio.run(go()) == (id, -32006)
