"""Webhooks over real sockets."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import trustme
from blockloom import Engine, MemoryStore, Plugins

HOOK: dict[str, Any] = {"id": "t", "type": "webhook", "config": {"path": "/orders"}, "action": {"type": "merge"}}
JSON = "Content-Type: application/json"


class Answer(NamedTuple):
    """What came back: the status, the headers by lower-case name, and the JSON."""

    status: int
    headers: Mapping[str, str]
    told: Mapping[str, Any]


@asynccontextmanager
async def listening(**settings: Any) -> AsyncIterator[Engine]:
    async with Engine(Plugins.load(), MemoryStore(), listening={"webhook": {"port": 0, **settings}}) as engine:
        await engine.triggers.open()
        await engine.triggers.create(HOOK)
        yield engine


def held(act: Callable[[Engine], Awaitable[None]], **settings: Any) -> None:
    """Do something with an engine that has a webhook at /orders."""

    async def main() -> None:
        async with asyncio.timeout(20), listening(**settings) as engine:
            await act(engine)

    asyncio.run(main())


async def address(engine: Engine, id: str = "t") -> tuple[str, int]:
    trigger = await engine.triggers.get(id)
    while trigger.address is None:
        assert trigger.problem is None, trigger.problem
        await asyncio.sleep(0)
    parts = urlsplit(trigger.address)
    return str(parts.hostname), int(parts.port or 0)


async def problem(engine: Engine, id: str) -> str:
    """Why a trigger cannot fire, once that is known."""
    trigger = await engine.triggers.get(id)
    while trigger.problem is None:  # noqa: ASYNC110 – there is no event for it
        await asyncio.sleep(0)
    return trigger.problem


async def send(engine: Engine, data: bytes) -> Answer:
    """Send bytes, and read the answer to its end."""
    reader, writer = await asyncio.open_connection(*await address(engine))
    writer.write(data)
    received = await reader.read()
    writer.close()
    head, _, body = received.rpartition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n\r\n")[-1].split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return Answer(int(status.split()[1]), headers, json.loads(body))


def request(
    body: str | bytes = "{}", *headers: str, method: str = "POST", path: str = "/orders", host: str = "localhost"
) -> bytes:
    body = body.encode() if isinstance(body, str) else body
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}", *(headers or (JSON,))]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(*chunks: bytes, path: str = "/orders") -> bytes:
    parts = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n{JSON}\r\n\r\n"
    return head.encode() + parts + b"0\r\n\r\n"


async def fired(engine: Engine, count: int = 1) -> list[dict[str, Any]]:
    """The firings, the oldest first, once there are so many and their runs are over."""
    while True:
        found = [firing.to_json() for firing in await engine.triggers.firings("t")]
        if len(found) >= count and all(firing["state"] not in ("PENDING", "RUNNING") for firing in found):
            return found[::-1]
        await asyncio.sleep(0)


def test_json_that_is_posted_fires_it_and_the_answer_names_the_run() -> None:
    async def act(engine: Engine) -> None:
        answer = await send(engine, request('{"total": 120, "é": "中"}'))
        assert answer.status == 202
        assert answer.headers["content-type"] == "application/json"
        (firing,) = await fired(engine)
        assert firing["payload"] == {"total": 120, "é": "中"}
        assert (answer.told["firing"], answer.told["run"]) == (firing["id"], firing["run"])

    held(act)


@pytest.mark.parametrize("body", ["null", "5", '"text"', "[1, [2]]", "9" * 400])
def test_any_json_is_a_payload(body: str) -> None:
    async def act(engine: Engine) -> None:
        assert (await send(engine, request(body))).status == 202
        (firing,) = await fired(engine)
        assert firing.get("payload") == json.loads(body)

    held(act)


def test_a_body_may_come_in_chunks_and_after_a_query_and_with_a_charset() -> None:
    async def act(engine: Engine) -> None:
        assert (await send(engine, chunked(b'{"a"', b": 1}"))).status == 202
        typed = "Content-Type: application/cloudevents+json; charset=utf-8"
        assert (await send(engine, request('{"a": 1}', typed, path="/orders?x=1"))).status == 202
        assert [firing["payload"] for firing in await fired(engine, 2)] == [{"a": 1}] * 2

    held(act)


REFUSED: list[tuple[str, bytes, int]] = [
    ("another path", request(path="/other"), 404),
    ("a path below", request(path="/orders/1"), 404),
    ("another method", request(method="PUT"), 405),
    ("GET", request("", method="GET"), 405),
    ("no type", request("{}", "X: y"), 415),
    ("text", request("{}", "Content-Type: text/plain"), 415),
    ("a form", request("a=1", "Content-Type: application/x-www-form-urlencoded"), 415),
    ("no JSON", request("{"), 400),
    ("nothing", request(""), 400),
    ("NaN", request("NaN"), 400),
    ("infinity", request("1e999"), 400),
    ("half a surrogate", request('"\\ud800"'), 400),
    ("no UTF-8", request(b'"\xff"'), 400),
    ("too deep", request("[" * 990), 400),
    ("deeper than is kept", request("[" * 300 + "]" * 300), 400),
    ("too large", request(" " * 2000 + "{}"), 413),
    ("too large in chunks", chunked(b" " * 600, b" " * 600, b"{}"), 413),
    ("no HTTP", b"hello\r\n\r\n", 400),
    ("a head without end", b"POST /orders HTTP/1.1\r\nX: " + b"x" * 40_000, 431),
    ("two lengths", request("{}", JSON, "Content-Length: 3"), 400),
    ("a length that is none", request("{}", JSON).replace(b"Length: 2", b"Length: x"), 400),
    ("no host", request().replace(b"Host: localhost\r\n", b""), 400),
    ("another host", request(host="evil.example:8766"), 403),
    ("a page of a browser", request("{}", JSON, "Origin: http://evil.example"), 403),
]


@pytest.mark.parametrize(("data", "status"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_no_such_request_is_refused_and_fires_nothing(data: bytes, status: int) -> None:
    async def act(engine: Engine) -> None:
        answer = await send(engine, data)
        assert (answer.status, set(answer.told)) == (status, {"error"})
        assert (status == 405) == ("allow" in answer.headers)
        assert (await send(engine, request())).status == 202
        assert len(await fired(engine)) == 1

    held(act, largest=1000)


def test_a_token_is_needed_where_there_is_one() -> None:
    async def act(engine: Engine) -> None:
        for shown in ((), ("Authorization: Bearer wrong",), ("Authorization: Basic geheim",), ("Authorization: é",)):
            for path in ("/orders", "/other"):  # whoever has no token does not learn which paths there are
                answer = await send(engine, request("{}", JSON, *shown, path=path))
                assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        bearer = "Authorization: bearer geheim"
        # With the token it does not matter how the server was reached.
        sent = request("{}", JSON, bearer, "Origin: https://elsewhere.example", host="hooks.example")
        assert (await send(engine, sent)).status == 202
        assert len(await fired(engine)) == 1

    held(act, token="geheim")


def test_off_this_machine_a_token_is_needed() -> None:
    async def main() -> None:
        async with asyncio.timeout(20), listening(host="0.0.0.0") as engine:
            assert "token" in await problem(engine, "t")

    asyncio.run(main())


def test_with_a_certificate_it_is_posted_by_https_and_not_without(tmp_path: Path) -> None:
    authority = trustme.CA()
    pair = tmp_path / "server.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pair))
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    async def act(engine: Engine) -> None:
        place = await address(engine)
        assert (await engine.triggers.get("t")).address == f"https://127.0.0.1:{place[1]}/orders"
        reader, writer = await asyncio.open_connection(*place, ssl=trusting)
        writer.write(request('{"a": 1}'))
        assert (await reader.read()).startswith(b"HTTP/1.1 202 ")
        writer.close()
        reader, writer = await asyncio.open_connection(*place)
        writer.write(request())
        assert not (await reader.read()).startswith(b"HTTP")
        writer.close()
        assert len(await fired(engine)) == 1

    held(act, certificate=str(pair))


def test_a_certificate_that_cannot_be_used_is_the_problem_of_the_trigger() -> None:
    async def act(engine: Engine) -> None:
        assert "nowhere.pem" in await problem(engine, "t")

    held(act, certificate="nowhere.pem")


def test_the_same_idempotency_key_is_the_same_firing() -> None:
    async def act(engine: Engine) -> None:
        key = "Idempotency-Key: 7f3a"
        first, second = [await send(engine, request("{}", JSON, key)) for _ in range(2)]
        assert first.status == second.status == 202
        assert (first.told["firing"], first.told["run"]) == (second.told["firing"], second.told["run"])
        together = await asyncio.gather(*(send(engine, request("{}", JSON, "Idempotency-Key: b")) for _ in range(5)))
        assert len({(answer.status, answer.told["firing"], answer.told["run"]) for answer in together}) == 1
        assert len(await fired(engine, 2)) == 2

    held(act)


def test_what_cannot_be_carried_out_is_said_at_once() -> None:
    async def act(engine: Engine) -> None:
        wants = {"blockloom": 1, "name": "wants", "inputs": {"n": {"type": "number"}}, "tasks": []}
        await engine.create_workflow(wants)
        await engine.triggers.update({**HOOK, "action": None, "workflow": "wants"})
        answer = await send(engine, request('{"n": "x"}'))
        assert (answer.status, answer.told["state"], answer.told["run"]) == (422, "FAILED", None)
        assert "n" in answer.told["error"]
        assert (await send(engine, request('{"n": 1}'))).status == 202

    held(act)


def test_two_webhooks_share_the_port_and_not_a_path() -> None:
    async def act(engine: Engine) -> None:
        await engine.triggers.create({**HOOK, "id": "u", "config": {"path": "refunds"}})
        assert await address(engine, "u") == await address(engine)
        assert (await send(engine, request(path="/refunds"))).status == 202
        await engine.triggers.create({**HOOK, "id": "v"})
        assert "'t'" in await problem(engine, "v")
        await engine.triggers.delete("u")
        await asyncio.sleep(0)
        assert (await send(engine, request(path="/refunds"))).status == 404
        await engine.triggers.enable("t", False)
        await asyncio.sleep(0)
        assert (await engine.triggers.get("t")).to_json().get("address") is None

    held(act)


def test_one_who_says_nothing_or_half_of_it_holds_nobody_up() -> None:
    async def act(engine: Engine) -> None:
        silent = [await asyncio.open_connection(*await address(engine)) for _ in range(20)]
        silent[0][1].write(b"POST /orders HTTP/1.1\r\nHost: loc")
        assert (await send(engine, request())).status == 202
        for _, writer in silent:
            writer.close()

    held(act)


def test_a_client_may_wait_until_it_is_told_to_go_on() -> None:
    async def act(engine: Engine) -> None:
        reader, writer = await asyncio.open_connection(*await address(engine))
        head, _, body = request('{"a": 1}', JSON, "Expect: 100-continue").partition(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        writer.write(body)
        assert b" 202 " in (await reader.readline())
        writer.close()

    held(act)


def test_a_task_cannot_wait_for_one() -> None:
    task = {"id": "w", "type": "wait", "config": {"trigger": {"type": "webhook", "config": {"path": "/a"}}}}
    found = Engine(Plugins.load()).check({"blockloom": 1, "tasks": [task]})
    assert [(problem.code, problem.path) for problem in found] == [("bad-trigger", "/tasks/0/config/trigger/type")]


@pytest.mark.parametrize("path", ["", "/", "a b", "/a?b", "/a#b", "//a", "/%61", "/" + "a" * 200])
def test_a_path_that_no_request_could_have_is_a_problem(path: str) -> None:
    found = Engine(Plugins.load()).check({"blockloom": 1, "triggers": [{**HOOK, "config": {"path": path}}]})
    assert [(problem.code, problem.path) for problem in found] == [("bad-trigger", "/triggers/0/config/path")]
