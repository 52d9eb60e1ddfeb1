"""Calls over real HTTP to a scripted server on loopback, which the settings allow here."""

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from blockloom import File, RunView
from blockloom.testing import Answer, Asked, Reply, ScriptedServer, engine_with, error_of, outputs_of


@pytest.fixture(autouse=True)
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_HTTP_ALLOW", "127.0.0.0/8")


def call(
    *answers: Answer,
    inputs: Mapping[str, Any] | None = None,
    path: str = "/",
    task: Mapping[str, Any] = {},
    **config: Any,
) -> tuple[RunView, ScriptedServer]:
    """The run of one http task against a server with these answers, and the server."""

    async def go() -> tuple[RunView, ScriptedServer]:
        async with ScriptedServer(*answers) as server, engine_with() as engine:
            made = {**config, "url": server.url + path}
            http = {"id": "http", "type": "http", "config": made, "inputs": dict(inputs or {}), **task}
            return await (await engine.start({"blockloom": 1, "tasks": [http]})).wait(), server

    return asyncio.run(asyncio.wait_for(go(), 20))


ONCE = {"retry": {"attempts": 1}}
AT_ONCE = {"retry": {"attempts": 3, "delay": 0}}

# What is sent


def test_a_call_and_its_answer() -> None:
    run, server = call(Reply(body={"n": [1, None]}), path="/items?a=1", query={"q": "茶 & co", "n": 5, "l": ["x", "y"]})
    given = outputs_of(run)
    assert (given["body"], given["status"]) == ({"n": [1, None]}, 200)
    assert given["headers"]["content-type"] == "application/json"
    (asked,) = server.asked
    assert asked.method == "GET"
    assert asked.target == "/items?a=1&q=%E8%8C%B6+%26+co&n=5&l=x&l=y"
    assert "idempotency-key" not in asked.headers


@pytest.mark.parametrize(
    ("body", "kind", "sent"),
    [
        ({"a": "é", "b": [1]}, "application/json", '{"a":"é","b":[1]}'.encode()),
        ("plain", "text/plain; charset=utf-8", b"plain"),
        (File(data=b"\x00\x01", media_type="image/png").to_json(), "image/png", b"\x00\x01"),
        (0, "application/json", b"0"),
    ],
)
def test_a_body(body: Any, kind: str, sent: bytes) -> None:
    for given in ({"body": body}, {"inputs": {"body": body}}):
        _, server = call(Reply(), method="POST", **given)
        (asked,) = server.asked
        assert (asked.headers["content-type"], asked.body) == (kind, sent)


def test_a_form() -> None:
    _, server = call(Reply(), method="POST", form={"name": "a b", "n": 1})
    (asked,) = server.asked
    assert (asked.headers["content-type"], asked.body) == ("application/x-www-form-urlencoded", b"name=a+b&n=1")


def test_a_file_by_itself_and_in_a_form() -> None:
    file = File(data=b"GIF89a", media_type="image/gif", name="dot.gif").to_json()
    _, server = call(Reply(), method="PUT", inputs={"file": file})
    assert (server.asked[0].headers["content-type"], server.asked[0].body) == ("image/gif", b"GIF89a")
    _, server = call(Reply(), method="POST", inputs={"file": file}, form={"title": "A dot"}, file_field="image")
    body = server.asked[0].body
    assert server.asked[0].headers["content-type"].startswith("multipart/form-data")
    assert b'name="image"; filename="dot.gif"\r\nContent-Type: image/gif\r\n\r\nGIF89a\r\n' in body
    assert b'name="title"\r\n\r\nA dot\r\n' in body


def test_places_are_filled_from_the_inputs() -> None:
    inputs = {"id": 7, "who": {"name": "Ada"}}
    config: dict[str, Any] = {
        "query": {"q": "{{ who.name }}"},
        "headers": {"X-Id": "n{{ id }}"},
        "body": {"list": ["{{ id }}", 1]},
    }
    _, server = call(Reply(), inputs=inputs, path="/items/{{ id }}", method="POST", **config)
    (asked,) = server.asked
    assert (asked.target, asked.headers["x-id"], asked.json) == ("/items/7?q=Ada", "n7", {"list": ["7", 1]})


def test_inputs_go_before_settings() -> None:
    inputs = {"query": {"q": "new"}, "headers": {"X-A": "new"}}
    _, server = call(Reply(), inputs=inputs, query={"q": "old", "r": "old"}, headers={"x-a": "old", "x-b": "old"})
    (asked,) = server.asked
    assert asked.target == "/?q=new&r=old"
    assert (asked.headers["x-a"], asked.headers["x-b"]) == ("new", "old")


def test_secrets_are_sent_and_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_SECRET_TOKEN", "t0ken/+value")
    token = {"$secret": "token"}
    echo = lambda asked: Reply(status=400, body=f"{asked.target} {asked.headers} {asked.body!r}")  # noqa: E731
    config: dict[str, Any] = {
        "query": {"key": token},
        "headers": {"X-Key": token},
        "body": {"login": [token]},
        "auth": {"bearer": token},
    }
    run, server = call(echo, method="POST", **config)
    (asked,) = server.asked
    assert asked.headers["authorization"] == "Bearer t0ken/+value"
    assert asked.headers["x-key"] == "t0ken/+value"
    assert asked.target == "/?key=t0ken%2F%2Bvalue"
    assert asked.json == {"login": ["t0ken/+value"]}
    told = json.dumps([event.to_json() for event in run.events])
    assert "answered 400" in told
    assert "t0ken" not in told

    run, server = call(echo, auth={"user": "ada", "password": token})
    pair = base64.b64encode(b"ada:t0ken/+value").decode()
    assert server.asked[0].headers["authorization"] == f"Basic {pair}"
    assert pair not in json.dumps([event.to_json() for event in run.events])


def test_cookies_of_one_call_are_not_sent_with_another() -> None:
    async def go() -> list[Asked]:
        async with ScriptedServer(Reply(headers={"set-cookie": "a=b"})) as server, engine_with() as engine:
            tasks = [{"id": f"t{i}", "type": "http", "config": {"url": server.url}} for i in range(2)]
            graph = {"blockloom": 1, "tasks": tasks, "connections": [{"from": "t0", "to": "t1"}]}
            await (await engine.start(graph)).wait()
            return server.asked

    assert ["cookie" in asked.headers for asked in asyncio.run(go())] == [False, False]


# What comes back


@pytest.mark.parametrize(
    ("reply", "wanted", "body"),
    [
        (Reply(body={"a": 1}), "auto", {"a": 1}),
        (Reply(body={"a": 1}), "text", '{"a": 1}'),
        (Reply(body="hé", headers={"content-type": "text/plain; charset=utf-8"}), "auto", "hé"),
        (Reply(body="hé".encode("latin-1"), headers={"content-type": "text/html; charset=latin-1"}), "auto", "hé"),
        (Reply(body='{"a": 1}'), "json", {"a": 1}),
        (Reply(body='{"a": 1}', headers={"content-type": "application/problem+json"}), "auto", {"a": 1}),
        (Reply(body=b""), "auto", ""),
        (Reply(status=204, headers={"content-type": "application/json"}), "auto", None),
    ],
)
def test_an_answer_is_read_as_it_is_meant(reply: Reply, wanted: str, body: Any) -> None:
    assert outputs_of(call(reply, response=wanted)[0])["body"] == body


def test_an_answer_as_a_file() -> None:
    reply = Reply(body=b"\x89PNG\x00", headers={"content-type": "image/png"})
    for wanted in ("auto", "file"):
        body = outputs_of(call(reply, response=wanted, path="/a/dot.png")[0])["body"]
        assert File.from_json(body) == File(data=b"\x89PNG\x00", media_type="image/png", name="dot.png")


@pytest.mark.parametrize("text", ["<html>", '{"a": NaN}', "[1", "[" * 100_000])
def test_what_is_not_json_fails_and_is_shown(text: str) -> None:
    run, server = call(Reply(body=text), response="json")
    assert error_of(run)["type"] == "bad-json"
    assert text[:400] in error_of(run)["message"]
    assert len(server.asked) == 1


def test_an_answer_that_is_too_large_is_cut_off() -> None:
    run, _ = call(Reply(pieces=["x" * 1000] * 50, never=True), max_bytes=10_000)
    assert error_of(run)["type"] == "too-large"


def test_a_status_that_is_expected_is_no_failure() -> None:
    assert outputs_of(call(Reply(status=404, body="none"), expect=[200, 404])[0])["status"] == 404
    run, _ = call(Reply(status=200), expect=[204])
    assert error_of(run)["type"] == "refused"


# What is tried again


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_what_may_be_tried_again_is_three_times(status: int) -> None:
    run, server = call(Reply(status=status), Reply(status=status), Reply(body={}), task=AT_ONCE)
    assert outputs_of(run)["status"] == 200
    assert len(server.asked) == 3
    assert [event.type for event in run.events].count("task.retrying") == 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "refused"), (401, "unauthorized"), (403, "unauthorized"), (404, "refused"), (422, "refused")],
)
def test_what_is_hopeless_is_not_tried_again(status: int, kind: str) -> None:
    run, server = call(Reply(status=status, body="why"), task=AT_ONCE)
    assert error_of(run)["type"] == kind
    assert f"answered {status}" in error_of(run)["message"]
    assert error_of(run)["message"].endswith(": why")
    assert len(server.asked) == 1


def test_what_may_have_been_done_is_not_done_again_unless_the_task_says_so() -> None:
    replies = (Reply(status=500), Reply(body="done"))
    run, server = call(*replies, method="POST")
    assert (error_of(run)["type"], len(server.asked)) == ("server-error", 1)
    run, server = call(*replies, method="POST", task=AT_ONCE)
    assert outputs_of(run)["body"] == "done"
    keys = {asked.headers["idempotency-key"] for asked in server.asked}
    assert keys == {f"{run.id}:http"}


@pytest.mark.parametrize("demand", ["30", "in a while", "-5", "inf", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_retry_after_is_heeded(demand: str) -> None:
    async def go() -> float:
        async with (
            ScriptedServer(Reply(status=429, headers={"retry-after": demand})) as server,
            engine_with() as engine,
        ):
            task = {"id": "http", "type": "http", "config": {"url": server.url}, **AT_ONCE}
            run = await engine.start({"blockloom": 1, "tasks": [task]})
            async for batch in run.follow():
                for event in batch:
                    if event.type == "task.retrying":
                        await run.stop()
                        return float(event.data["delay"])
        raise AssertionError

    assert asyncio.run(go()) == (30 if demand == "30" else 0)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(never=True), "timeout"),
        (Reply(pieces=["some"], never=True), "timeout"),
        (Reply(pieces=["some"], cut=True), "unreachable"),
        (Reply(body="some", cut=True), "unreachable"),
    ],
)
def test_a_server_that_does_not_end_its_answer(reply: Reply, kind: str) -> None:
    run, server = call(reply, timeout="150ms", task=AT_ONCE)
    assert error_of(run)["type"] == kind
    assert len(server.asked) == 3


def test_a_server_that_is_not_there(unused: int) -> None:
    async def go() -> RunView:
        async with engine_with() as engine:
            task = {"id": "http", "type": "http", "config": {"url": f"http://127.0.0.1:{unused}/"}, **ONCE}
            return await (await engine.start({"blockloom": 1, "tasks": [task]})).wait()

    assert error_of(asyncio.run(go()))["type"] == "unreachable"


@pytest.fixture
def unused() -> int:
    async def go() -> int:
        async with ScriptedServer(Reply()) as server:
            return server.port

    return asyncio.run(go())


def test_a_stop_ends_the_call() -> None:
    async def go() -> None:
        async with ScriptedServer(Reply(never=True)) as server, engine_with() as engine:
            task = {"id": "http", "type": "http", "config": {"url": server.url}}
            run = await engine.start({"blockloom": 1, "tasks": [task]})
            await server.until(lambda s: s.asked)
            await run.stop()
            await server.until(lambda s: s.dropped)

    asyncio.run(asyncio.wait_for(go(), 10))


def test_calls_count_towards_the_limits_of_the_run() -> None:
    async def go() -> RunView:
        async with ScriptedServer(Reply()) as server, engine_with() as engine:
            tasks = [{"id": f"t{i}", "type": "http", "config": {"url": server.url}} for i in range(3)]
            lines = [{"from": f"t{i}", "to": f"t{i + 1}"} for i in range(2)]
            graph = {"blockloom": 1, "limits": {"calls": 2}, "tasks": tasks, "connections": lines}
            return await (await engine.start(graph)).wait()

    error = error_of(asyncio.run(go()))
    assert (error["type"], error["task"]) == ("limit", "t2")


# Settings


@pytest.mark.parametrize("url", ["ftp://example.com/", "example.com", "http://", "file:///etc/passwd", "http://[::1/"])
def test_an_address_that_cannot_be_called_is_found(url: str) -> None:
    found = engine_with().check({"blockloom": 1, "tasks": [{"id": "a", "type": "http", "config": {"url": url}}]})
    assert [(p.code, p.path) for p in found] == [("bad-config", "/tasks/0/config/url")]


def test_an_address_that_arrives_is_checked_too() -> None:
    run, _ = call(Reply(), inputs={"url": "gopher://example.com"})
    assert error_of(run)["type"] == "bad-request"


@pytest.mark.parametrize("headers", [{"x": "a\nb"}, {"x y": "a"}, {"x": "é"}])
def test_a_header_that_cannot_be_sent_fails_the_task(headers: dict[str, str]) -> None:
    run, server = call(Reply(), headers=headers)
    assert error_of(run)["type"] == "bad-request"
    assert not server.asked
