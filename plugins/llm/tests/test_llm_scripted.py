"""The scripted model server says what the SDK understands: streamed and whole, with tools and with refusals."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from blockloom.testing import ModelServer, refuses, says

QUESTION: Any = {"model": "m", "messages": [{"role": "user", "content": "How is it in Oslo?"}]}
TOOLS = [("weather", {"city": "Oslo"}), ("time", {})]


@pytest.fixture
def client(blockloom_model: ModelServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=blockloom_model.base_url, api_key="none", max_retries=0) as client:
        yield client


def test_a_whole_answer(blockloom_model: ModelServer, client: openai.OpenAI) -> None:
    blockloom_model.script(says("Fi", "ne."))
    told = client.chat.completions.create(**QUESTION)
    assert (told.choices[0].message.content, told.choices[0].finish_reason) == ("Fine.", "stop")
    assert told.usage is not None
    assert (told.usage.prompt_tokens, told.usage.completion_tokens) == (1, 2)


def test_a_streamed_answer(blockloom_model: ModelServer, client: openai.OpenAI) -> None:
    blockloom_model.script(says("Fi", "ne."))
    with client.chat.completions.stream(**QUESTION, stream_options={"include_usage": True}) as stream:
        pieces = [event.delta for event in stream if event.type == "content.delta" and event.delta]
        told = stream.get_final_completion()
    assert pieces == ["Fi", "ne."]
    assert told.usage is not None
    assert (told.usage.prompt_tokens, told.usage.completion_tokens) == (1, 2)


def calls(message: Any) -> list[tuple[str, Any]]:
    return [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls]


def test_tools_are_called_whole_and_streamed(blockloom_model: ModelServer, client: openai.OpenAI) -> None:
    blockloom_model.script(says(tools=TOOLS), says("Let me see.", tools=TOOLS))
    whole = client.chat.completions.create(**QUESTION).choices[0]
    assert (calls(whole.message), whole.message.content, whole.finish_reason) == (TOOLS, None, "tool_calls")
    with client.chat.completions.stream(**QUESTION) as stream:
        choice = stream.get_final_completion().choices[0]
    assert (calls(choice.message), choice.message.content, choice.finish_reason) == (TOOLS, "Let me see.", "tool_calls")


def test_a_refusal(blockloom_model: ModelServer, client: openai.OpenAI) -> None:
    blockloom_model.script(refuses(429, "slowly", code="rate_limit", retry_after="7"))
    with pytest.raises(openai.RateLimitError, match="slowly") as caught:
        client.chat.completions.create(**QUESTION)
    assert (caught.value.code, caught.value.response.headers["retry-after"]) == ("rate_limit", "7")
