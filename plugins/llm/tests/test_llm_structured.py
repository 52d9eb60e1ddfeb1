"""Answers that must fit a schema: the ladder of formats, one repair, and what does not fit after that."""

import asyncio
from typing import Any, Final

import pytest
from blockloom import RunView
from blockloom.testing import Answer, Asked, ModelServer, Reply, engine_with, outputs_of, refuses, says

SCHEMA: Final = {
    "type": "object",
    "properties": {"score": {"type": "integer", "maximum": 10}},
    "required": ["score"],
    "additionalProperties": False,
}


def ask(*answers: Answer, times: int = 1, schema: Any = SCHEMA, **config: Any) -> tuple[RunView, ModelServer]:
    async def go() -> tuple[RunView, ModelServer]:
        async with ModelServer(*answers) as server, engine_with() as engine:
            made = {"model": "m", "base_url": server.base_url, "system": "Judge.", "schema": schema, **config}
            tasks = [{"id": f"t{i}", "type": "llm", "config": made, "inputs": {"prompt": "?"}} for i in range(times)]
            lines = [{"from": f"t{i}", "to": f"t{i + 1}"} for i in range(times - 1)]
            tasks[0]["retry"] = {"attempts": 1}
            graph = {"blockloom": 1, "tasks": tasks, "connections": lines}
            return await (await engine.start(graph)).wait(), server

    return asyncio.run(asyncio.wait_for(go(), 30))


def formats(server: ModelServer) -> list[str]:
    return [(question.get("response_format") or {}).get("type", "text") for question in server.questions]


def knows(*known: str, status: int = 400) -> Any:
    """A server that refuses the formats that it does not know."""

    def answer(asked: Asked) -> Reply:
        format = (asked.json.get("response_format") or {}).get("type", "text")
        if format not in known:
            return refuses(status, f"response_format {format} is not supported")
        made = says('{"score": 7}')
        return made(asked) if callable(made) else made

    return answer


def test_the_strictest_format_is_asked_for_first() -> None:
    run, server = ask(says('{"score"', ": 7}"))
    assert outputs_of(run)["json"] == {"score": 7}
    assert outputs_of(run)["text"] == '{"score": 7}'
    (question,) = server.questions
    assert question["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
    }
    assert question["messages"][0] == {"role": "system", "content": "Judge."}


def test_a_schema_that_is_not_closed_is_not_called_strict() -> None:
    for schema in ({"type": "object", "properties": {"a": {}}}, {"type": "array", "items": {"type": "object"}}):
        _, server = ask(says("{}"), schema=schema)
        assert server.questions[0]["response_format"]["json_schema"]["strict"] is False


@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_server_that_knows_no_schemas_is_asked_for_an_object(status: int) -> None:
    run, server = ask(knows("json_object", "text", status=status), times=2)
    assert outputs_of(run, "t0")["json"] == outputs_of(run, "t1")["json"] == {"score": 7}
    # What it takes is remembered.
    assert formats(server) == ["json_schema", "json_object", "json_object"]
    system = server.questions[1]["messages"][0]["content"]
    assert system.startswith("Judge.\n\nAnswer with one JSON value")
    assert '"maximum": 10' in system


def test_a_server_that_knows_no_formats_is_asked_in_words() -> None:
    run, server = ask(knows("text"))
    assert outputs_of(run)["json"] == {"score": 7}
    assert formats(server) == ["json_schema", "json_object", "text"]
    assert len({asked.headers["idempotency-key"] for asked in server.asked}) == 1


@pytest.mark.parametrize(
    ("answer", "asked"), [(refuses(400, "no such model"), 1), (refuses(503), 2), (refuses(401), 1)]
)
def test_other_refusals_are_not_taken_for_that(answer: Answer, asked: int) -> None:
    run, server = ask(answer)
    assert run.state == "FAILED"
    assert len(server.asked) == asked


def test_a_format_may_be_fixed() -> None:
    assert formats(ask(says('{"score": 1}'), structured="text")[1]) == ["text"]
    run, server = ask(knows("text"), structured="json_object")
    assert run.state == "FAILED"
    assert formats(server) == ["json_object"]


@pytest.mark.parametrize("bad", ["Seven.", '{"score": 11}', '{"points": 7}', "{", "", '{"score": NaN}'])
def test_an_answer_that_does_not_fit_is_repaired_once(bad: str) -> None:
    run, server = ask(says(bad), says('```json\n{"score": 7}\n```'))
    assert outputs_of(run)["json"] == {"score": 7}
    assert outputs_of(run)["usage"]["calls"] == 2
    first, second = server.questions
    assert second["messages"][:-2] == first["messages"]
    assert second["messages"][-2] == {"role": "assistant", "content": bad}
    assert second["messages"][-1]["content"].startswith("That does not fit the schema: ")
    keys = [asked.headers["idempotency-key"] for asked in server.asked]
    assert len(set(keys)) == 2


def test_an_answer_that_does_not_fit_then_fails_and_is_shown() -> None:
    run, server = ask(says("x" * 2000))
    assert run.error is not None
    assert run.error["type"] == "bad-json"
    assert "x" * 500 in run.error["message"]
    assert "x" * 501 not in run.error["message"]
    assert len(server.asked) == 2


def test_a_value_of_any_kind_may_be_wanted() -> None:
    assert outputs_of(ask(says("[1, 2]"), schema={"type": "array"})[0])["json"] == [1, 2]
    assert outputs_of(ask(says("null"), schema={})[0])["json"] is None


@pytest.mark.parametrize("schema", [{"type": "objekt"}, {"$ref": "https://example.com/schema"}, {"required": 1}])
def test_a_schema_that_is_none_is_found(schema: Any) -> None:
    task = {"id": "a", "type": "llm", "config": {"model": "m", "schema": schema}, "inputs": {"prompt": "?"}}
    found = engine_with().check({"blockloom": 1, "tasks": [task]})
    assert [(p.code, p.path) for p in found] == [("bad-config", "/tasks/0/config/schema")]


def test_what_the_schema_promises_is_known_to_what_comes_after() -> None:
    tasks = [
        {"id": "a", "type": "llm", "config": {"model": "m", "schema": {"type": "object"}}, "inputs": {"prompt": "?"}},
        {"id": "b", "type": "foreach", "config": {"body": {"tasks": []}}},
    ]
    graph = {"blockloom": 1, "tasks": tasks, "connections": [{"from": "a.json", "to": "b.items"}]}
    assert [(p.code, p.path) for p in engine_with().check(graph)] == [("type-mismatch", "/connections/0")]
