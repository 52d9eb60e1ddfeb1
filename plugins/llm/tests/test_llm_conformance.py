import asyncio
from collections.abc import Iterator
from threading import Event, Thread

import pytest
from blockloom.testing import BlockConformance, BlockExample, TaskConformance, TaskExample
from blockloom_llm.task import Llm
from blockloom_llm.testing import ModelServer, says
from blockloom_llm.upload import Upload

SCHEMA = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}


@pytest.fixture(autouse=True, scope="module")
def model() -> Iterator[None]:
    """A model server in a thread of its own, which is what the settings of the machine name."""
    up, done = Event(), Event()
    address = []

    async def serve() -> None:
        async with ModelServer(says('{"score"', ": 7}")) as server:
            address.append(server.base_url)
            up.set()
            await asyncio.to_thread(done.wait)

    thread = Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    up.wait(10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOCKLOOM_LLM_BASE_URL", address[0])
        patch.setenv("BLOCKLOOM_LLM_MODEL", "scripted")
        yield
    done.set()
    thread.join()


class TestUpload(BlockConformance):
    block = Upload
    examples = (
        BlockExample(content={"text": "# Notes", "name": "notes.md"}, addition=" More."),
        BlockExample(content={"input": "doc"}, names={"doc": "text"}),
    )
    refused = (({"data": "?"}, "/data"), ({"text": "abcd", "max_bytes": 3}, "/text"))


class TestLlm(TaskConformance):
    task = Llm
    examples = (
        TaskExample(inputs={"prompt": "Score it."}),
        TaskExample(
            config={"schema": SCHEMA}, blocks=[{"id": "ask", "type": "text", "content": {"text": "Score it."}}]
        ),
        TaskExample(
            config={"base_url": "http://127.0.0.1:1/v1", "key": {"$secret": "none"}},
            inputs={"prompt": "hi"},
            fails="no-secret",
        ),
    )
    refused = (({"schema": {"type": "objekt"}}, "/schema"),)
