"""The same task against a server that nobody here wrote: llama.cpp's, with a tiny model of random weights.

`make test-llm` runs this; building the server takes minutes, so `make test` leaves it out.
"""

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from blockloom import RunView
from blockloom.testing import engine_with, outputs_of

PYTHON: Final = os.environ.get("BLOCKLOOM_TEST_LLAMA", "")
"""A Python in which llama-cpp-python[server] and gguf are installed."""

pytestmark = pytest.mark.skipif(
    not PYTHON, reason="BLOCKLOOM_TEST_LLAMA names no Python with llama-cpp-python: make test-llm"
)


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the server answers."""
    folder = tmp_path_factory.mktemp("llama")
    model, log = folder / "tiny.gguf", folder / "log"
    subprocess.run([PYTHON, str(Path(__file__).with_name("tiny_model.py")), str(model)], check=True, timeout=60)
    command = [PYTHON, "-m", "llama_cpp.server", "--model", str(model), "--host", "127.0.0.1", "--port", "0"]
    with log.open("wb") as output:
        server = subprocess.Popen([*command, "--n_ctx", "2048"], stdout=output, stderr=output)
    try:
        while not (there := re.search(rb"running on (http://[\w.:]+)", log.read_bytes())):
            assert server.poll() is None, log.read_text()
        yield f"{there[1].decode()}/v1"
    finally:
        server.terminate()
        server.wait(20)


def ask(base_url: str, **config: Any) -> RunView:
    async def go() -> RunView:
        made = {"base_url": base_url, "model": "tiny", "max_tokens": 12, "temperature": 0, **config}
        task = {"id": "llm", "type": "llm", "config": made, "inputs": {"prompt": "Say something."}}
        async with engine_with() as engine:
            return await (await engine.start({"blockloom": 1, "tasks": [task]})).wait()

    return asyncio.run(asyncio.wait_for(go(), 60))


def test_it_answers_and_tells_its_pieces(base_url: str) -> None:
    async def go() -> tuple[list[str], RunView]:
        config = {"base_url": base_url, "model": "tiny", "max_tokens": 12}
        task = {"id": "llm", "type": "llm", "config": config, "inputs": {"prompt": "Say something."}}
        async with engine_with() as engine:
            run = await engine.start({"blockloom": 1, "tasks": [task]})
            pieces = [e.data["piece"] async for batch in run.follow() for e in batch if e.type == "task.output"]
            return pieces, run

    pieces, run = asyncio.run(asyncio.wait_for(go(), 60))
    assert outputs_of(run)["text"] == "".join(pieces)
    assert len(pieces) > 1
    assert outputs_of(run)["usage"]["completion_tokens"] > 1


def test_it_answers_with_what_fits_a_schema(base_url: str) -> None:
    schema = {
        "type": "object",
        "properties": {"good": {"type": "boolean"}, "kind": {"enum": ["a", "b"]}},
        "required": ["good", "kind"],
        "additionalProperties": False,
    }
    run = ask(base_url, schema=schema, max_tokens=200)
    if run.state == "FAILED":
        # A model of random weights may not come to an end where the server holds it to no schema.
        assert run.error is not None
        assert run.error["type"] == "bad-json"
    else:
        assert outputs_of(run)["json"].keys() == {"good", "kind"}


def test_a_stop_closes_the_stream_and_the_server_goes_on(base_url: str) -> None:
    async def go() -> str:
        config = {"base_url": base_url, "model": "tiny", "max_tokens": 1500}
        task = {"id": "llm", "type": "llm", "config": config, "inputs": {"prompt": "Go on and on."}}
        async with engine_with() as engine:
            run = await engine.start({"blockloom": 1, "tasks": [task]})
            async for batch in run.follow():
                if any(event.type == "task.output" for event in batch):
                    break
            await asyncio.wait_for(run.stop(), 5)
            return run.state.value

    assert asyncio.run(asyncio.wait_for(go(), 60)) in ("STOPPED", "COMPLETED")
    assert outputs_of(ask(base_url))["text"]


def test_many_ask_at_one_time(base_url: str) -> None:
    async def go() -> RunView:
        config = {"base_url": base_url, "model": "tiny", "max_tokens": 4}
        tasks = [{"id": f"t{i}", "type": "llm", "config": config, "inputs": {"prompt": "Hi."}} for i in range(8)]
        async with engine_with() as engine:
            return await (await engine.start({"blockloom": 1, "tasks": tasks})).wait()

    assert asyncio.run(asyncio.wait_for(go(), 60)).state == "COMPLETED"
