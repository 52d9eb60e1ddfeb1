"""The real OpenAI SDK over real HTTP against a scripted server: what is asked, what is answered, what goes wrong."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from blockloom import File, RunView
from blockloom.testing import Answer, Gate, ModelServer, Reply, engine_with, error_of, outputs_of, refuses, says

AT_ONCE: Final = {"retry": {"attempts": 3, "delay": 0}}
PNG: Final = File(data=b"\x89PNG\r\n\x1a\n\x00", media_type="image/png", name="dot.png")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("BLOCKLOOM_HOME", str(tmp_path))
    for name in ("BLOCKLOOM_LLM_BASE_URL", "BLOCKLOOM_LLM_MODEL", "BLOCKLOOM_SECRET_LLM_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def ask(
    *answers: Answer,
    blocks: Any = None,
    inputs: Mapping[str, Any] | None = None,
    task: Mapping[str, Any] | None = None,
    limits: Mapping[str, Any] | None = None,
    **config: Any,
) -> tuple[RunView, ModelServer]:
    """The run of one llm task against a server with these answers, and the server."""

    async def go() -> tuple[RunView, ModelServer]:
        async with ModelServer(*answers) as server, engine_with() as engine:
            made = {"model": "m", "base_url": server.base_url, **config}
            llm: dict[str, Any] = {"id": "llm", "type": "llm", "config": made, **(task or {})}
            llm |= {"blocks": blocks} if blocks else {}
            llm["inputs"] = {"prompt": "Say hello."} if inputs is None and not blocks else dict(inputs or {})
            return await (await engine.start({"blockloom": 1, "tasks": [llm]}, limits=limits)).wait(), server

    return asyncio.run(asyncio.wait_for(go(), 30))


def text(id: str, text: str) -> dict[str, Any]:
    return {"id": id, "type": "text", "content": {"text": text}}


# What is asked


def test_a_question_and_its_answer() -> None:
    run, server = ask(says("Hel", "lo", "!"), system="Be brief.", temperature=0.5, max_tokens=7, options={"seed": 3})
    assert outputs_of(run)["text"] == "Hello!"
    assert outputs_of(run)["json"] is None
    assert outputs_of(run)["usage"] == {
        "prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5, "calls": 1, "model": "m", "finish": "stop",
    }  # fmt: skip
    (asked,) = server.asked
    assert asked.target == "/v1/chat/completions"
    assert asked.json == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "max_tokens": 7,
        "seed": 3,
    }
    assert asked.headers["idempotency-key"] == f"{run.id}:llm"
    assert asked.headers["authorization"] == "Bearer none"


def test_the_blocks_are_the_prompt_in_order() -> None:
    blocks = [
        text("intro", "Dear {{ name }},"),
        {"id": "todo", "type": "checklist", "content": {"items": [{"id": "a", "text": "Tea", "done": True}]}},
        {"id": "sums", "type": "code", "content": {"source": "{'n': 1 + 1}"}},
        {"id": "notes", "type": "upload", "content": {"name": "notes.md", "text": "# Notes"}},
        {"id": "empty", "type": "code", "content": {"source": "None"}},
        text("outro", "{{ sums.n }}"),
    ]
    _, server = ask(says("ok"), blocks=blocks, inputs={"name": "Ada", "prompt": "Go."}, system="For {{ name }}.")
    (question,) = server.questions
    assert question["messages"] == [
        {"role": "system", "content": "For Ada."},
        {"role": "user", "content": 'Dear Ada,\n\n- [x] Tea\n\n{\n  "n": 2\n}\n\nnotes.md:\n# Notes\n\n2\n\nGo.'},
    ]


def test_images_and_other_files_are_parts() -> None:
    pdf = File(data=b"%PDF-1.7\x00", media_type="application/pdf", name="a.pdf")
    _, server = ask(says("ok"), blocks=[text("q", "What is this?")], inputs={"prompt": [PNG.to_json(), pdf.to_json()]})
    (question,) = server.questions
    assert question["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoA"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjcA"}},
    ]


def test_a_server_that_takes_files_is_given_them_and_they_are_deleted() -> None:
    made = {
        "id": "file-1",
        "object": "file",
        "bytes": 9,
        "created_at": 0,
        "filename": "dot.png",
        "purpose": "user_data",
    }
    gone = {"id": "file-1", "object": "file", "deleted": True}
    run, server = ask(
        Reply(body=made), says("ok"), Reply(body=gone), inputs={"prompt": [PNG.to_json(), "?"]}, files="upload"
    )
    assert outputs_of(run)["text"] == "ok"
    assert [(asked.method, asked.target) for asked in server.asked] == [
        ("POST", "/v1/files"), ("POST", "/v1/chat/completions"), ("DELETE", "/v1/files/file-1"),
    ]  # fmt: skip
    assert PNG.data in server.asked[0].body
    assert server.questions[0]["messages"][0]["content"][0] == {"type": "file", "file": {"file_id": "file-1"}}
    run, _ = ask(refuses(404), inputs={"prompt": PNG.to_json()}, files="upload")
    assert "set files to inline" in error_of(run)["message"]


def test_a_task_without_anything_to_ask_fails() -> None:
    run, server = ask(says("ok"), blocks=[text("a", "")])
    assert error_of(run)["type"] == "no-prompt"
    assert not server.asked


# Which server, model and key


def test_settings_of_the_machine_serve_tasks_that_name_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> ModelServer:
        async with ModelServer(says("ok")) as server, engine_with() as engine:
            monkeypatch.setenv("BLOCKLOOM_LLM_BASE_URL", server.base_url)
            monkeypatch.setenv("BLOCKLOOM_LLM_MODEL", "theirs")
            monkeypatch.setenv("BLOCKLOOM_SECRET_LLM_KEY", "their-key")
            task = {"id": "llm", "type": "llm", "inputs": {"prompt": "hi"}}
            assert (await (await engine.start({"blockloom": 1, "tasks": [task]})).wait()).state == "COMPLETED"
            return server

    (asked,) = asyncio.run(go()).asked
    assert asked.json["model"] == "theirs"
    assert asked.headers["authorization"] == "Bearer their-key"


def test_the_key_of_the_machine_goes_to_no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_SECRET_LLM_KEY", "their-key")
    assert ask(says("ok"))[1].asked[0].headers["authorization"] == "Bearer none"


@pytest.mark.parametrize(
    ("config", "kind", "words"),
    [
        ({}, "no-model", ["BLOCKLOOM_SECRET_LLM_KEY", "BLOCKLOOM_LLM_BASE_URL"]),
        ({"base_url": ""}, "no-model", ["BLOCKLOOM_SECRET_LLM_KEY"]),
        ({"base_url": "http://127.0.0.1:1/v1"}, "no-model", ["BLOCKLOOM_LLM_MODEL"]),
        ({"key": {"$secret": "mine"}, "model": "m"}, "no-secret", ["BLOCKLOOM_SECRET_MINE"]),
    ],
)
def test_what_is_missing_is_named(config: dict[str, Any], kind: str, words: list[str]) -> None:
    async def go() -> RunView:
        async with engine_with() as engine:
            task = {"id": "llm", "type": "llm", "config": config, "inputs": {"prompt": "hi"}}
            return await (await engine.start({"blockloom": 1, "tasks": [task]})).wait()

    error = error_of(asyncio.run(go()))
    assert error["type"] == kind
    assert all(word in error["message"] for word in words)


# Streams


def test_pieces_are_told_as_they_come() -> None:
    async def go() -> list[Any]:
        gate = Gate()
        async with ModelServer(says(gate, "one ", "two")) as server, engine_with() as engine:
            task = {"id": "llm", "type": "llm", "config": {"model": "m", "base_url": server.base_url}}
            task |= {"inputs": {"prompt": "hi"}}
            run = await engine.start({"blockloom": 1, "tasks": [task]})
            told = []
            gate.open()
            async for batch in run.follow():
                told += [event.data["piece"] for event in batch if event.type == "task.output"]
            return told

    assert asyncio.run(go()) == ["one ", "two"]


def test_a_stop_closes_the_stream() -> None:
    async def go() -> None:
        async with ModelServer(says("on", "and", "on", never=True)) as server, engine_with() as engine:
            task = {"id": "llm", "type": "llm", "config": {"model": "m", "base_url": server.base_url}}
            run = await engine.start({"blockloom": 1, "tasks": [{**task, "inputs": {"prompt": "hi"}}]})
            async for batch in run.follow():
                if any(event.data.get("piece") == "and" for event in batch):
                    break
            await run.stop()
            await asyncio.wait_for(server.until(lambda s: s.dropped), 1)

    asyncio.run(asyncio.wait_for(go(), 20))


def test_two_hundred_tasks_ask_at_one_time() -> None:
    async def go() -> tuple[RunView, ModelServer]:
        everybody = Gate()
        async with ModelServer(says(everybody, "ok")) as server, engine_with() as engine:
            config = {"model": "m", "base_url": server.base_url}
            tasks = [{"id": f"t{i}", "type": "llm", "config": config, "inputs": {"prompt": "hi"}} for i in range(200)]
            run = await engine.start({"blockloom": 1, "tasks": tasks})
            await server.until(lambda s: s.most == 200)
            everybody.open()
            return await run.wait(), server

    run, server = asyncio.run(asyncio.wait_for(go(), 60))
    assert run.state == "COMPLETED"
    assert len(server.asked) == 200


# What goes wrong


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 529])
def test_what_may_be_tried_again_is_three_times(status: int) -> None:
    run, server = ask(refuses(status), refuses(status), says("ok"), task=AT_ONCE)
    assert outputs_of(run)["text"] == "ok"
    assert [event.type for event in run.events].count("task.retrying") == 2
    assert {asked.headers["idempotency-key"] for asked in server.asked} == {f"{run.id}:llm"}
    run, server = ask(refuses(status, "busy"), task=AT_ONCE)
    assert error_of(run)["message"].startswith(f"{server.base_url} answered {status}: ")
    assert "busy" in error_of(run)["message"]
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("status", "kind"), [(400, "refused"), (401, "unauthorized"), (403, "unauthorized"), (404, "refused")]
)
def test_what_is_hopeless_is_not(status: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_SECRET_MINE", "the-very-key-1234")
    said = "Incorrect API key provided: the-very-key-1234, ends in 1234"
    run, server = ask(refuses(status, said), task=AT_ONCE, key={"$secret": "mine"})
    assert error_of(run)["type"] == kind
    assert server.asked[0].headers["authorization"] == "Bearer the-very-key-1234"
    assert len(server.asked) == 1
    assert "the-very-key" not in json.dumps([event.to_json() for event in run.events])
    if kind == "unauthorized":
        assert "'mine'" in error_of(run)["message"]
        assert "1234" not in error_of(run)["message"]


def test_a_used_up_quota_is_not_tried_again() -> None:
    assert len(ask(refuses(429, code="insufficient_quota"), task=AT_ONCE)[1].asked) == 1


def test_retry_after_is_heeded() -> None:
    async def go() -> float:
        async with ModelServer(refuses(429, retry_after="25")) as server, engine_with() as engine:
            task = {"id": "llm", "type": "llm", "config": {"model": "m", "base_url": server.base_url}}
            run = await engine.start({"blockloom": 1, "tasks": [{**task, "inputs": {"prompt": "hi"}}]})
            async for batch in run.follow():
                for event in batch:
                    if event.type == "task.retrying":
                        await run.stop()
                        return float(event.data["delay"])
        raise AssertionError

    assert asyncio.run(go()) == 25


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says("so", "me", cut=True), "cut-off"),
        (says("so", "me", finish=None), "cut-off"),
        (Reply(never=True), "timeout"),
        (says("so", never=True, finish=None), "timeout"),
        (Reply(body="<html>not a stream", headers={"content-type": "text/html"}), "cut-off"),
        (Reply(pieces=["data: {broken\n\n"], headers={"content-type": "text/event-stream"}), "server-error"),
        (Reply(pieces=['data: {"error": {"message": "overloaded"}}\n\n']), "server-error"),
        (Reply(body="", cut=True), "cut-off"),
    ],
)
def test_an_answer_that_breaks_off_is_tried_again(answer: Answer, kind: str) -> None:
    run, server = ask(answer, timeout="150ms", task=AT_ONCE)
    assert error_of(run)["type"] == kind, error_of(run)
    assert len(server.asked) == 3


def test_a_server_that_is_not_there() -> None:
    run, _ = ask(says("ok"), base_url="http://127.0.0.1:1/v1", task=AT_ONCE)
    assert error_of(run)["type"] == "unreachable"


def test_an_answer_that_a_filter_holds_back_fails() -> None:
    run, server = ask(says("I", finish="content_filter"), task=AT_ONCE)
    assert error_of(run)["type"] == "refused"
    assert len(server.asked) == 1


def test_an_answer_that_is_cut_at_its_limit_says_so() -> None:
    assert outputs_of(ask(says("I", finish="length"))[0])["usage"]["finish"] == "length"


# Usage


def test_a_server_that_tells_no_usage_is_estimated() -> None:
    usage = outputs_of(ask(says("a", "b", usage={}))[0])["usage"]
    assert (usage["completion_tokens"], usage["estimated"]) == (2, True)


def test_the_cost_is_told_where_it_is_known() -> None:
    told = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
    assert "cost" not in outputs_of(ask(says("a", usage=told))[0])["usage"]
    assert outputs_of(ask(says("a", usage={**told, "cost": 0.25}))[0])["usage"]["cost"] == 0.25
    price = {"input": 2, "output": 8}
    assert outputs_of(ask(says("a", usage=told), price=price)[0])["usage"]["cost"] == pytest.approx(0.006)


def test_tokens_count_towards_the_limits_of_the_run() -> None:
    told = {"prompt_tokens": 50, "completion_tokens": 2, "total_tokens": 52}
    assert outputs_of(ask(says("a", "b", usage=told), limits={"tokens": 52})[0])["text"] == "ab"
    run, _ = ask(says("a", "b", usage=told), limits={"tokens": 51})
    assert error_of(run)["type"] == "limit"
    spent = [event.data["spent"]["tokens"] for event in run.events if event.type == "task.failed"]
    assert spent == [52]


def test_an_answer_that_goes_beyond_the_limits_is_cut_off() -> None:
    run, server = ask(says(*["on "] * 50, never=True), limits={"tokens": 10}, task=AT_ONCE)
    assert error_of(run)["type"] == "limit"
    assert len(server.asked) == 1


def test_time_counts_towards_the_limits_of_the_run() -> None:
    run, _ = ask(says("a", never=True), limits={"seconds": "100ms"})
    assert error_of(run)["type"] == "limit"
