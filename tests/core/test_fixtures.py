"""The fixtures that the pytest plugin of the core gives to whoever has blockloom installed."""

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from blockloom import Engine, Store
from blockloom.testing import Gate, ModelServer, Reply, ScriptedServer, refuses, run_graph, says
from pytest_blockloom import Clock

HOUR = {
    "blockloom": 1,
    "tasks": [{"id": "w", "type": "wait", "config": {"trigger": {"type": "after", "config": {"delay": "1h"}}}}],
}


def test_the_engine_keeps_its_runs_in_the_store(
    blockloom_engine: Callable[..., Engine], blockloom_store: Store
) -> None:
    async def story() -> str:
        async with blockloom_engine() as engine:
            run = await engine.start({"blockloom": 1, "tasks": [{"id": "m", "type": "merge"}]})
            await run.wait()
            return (await blockloom_store.get_run(run.id)).id

    assert asyncio.run(story()).startswith("r")


def test_the_clock_jumps(blockloom_engine: Callable[..., Engine], blockloom_clock: Clock) -> None:
    async def story() -> float:
        began = blockloom_clock.now()
        async with blockloom_engine() as engine:
            await (await engine.start(HOUR)).wait()
        return blockloom_clock.now() - began

    assert blockloom_clock.run(story) == 3600


def fetch(address: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, error.read().decode()


def test_a_web_server_answers_what_it_is_given(blockloom_web: ScriptedServer) -> None:
    address = f"{blockloom_web.url}/a?b=c"
    status, told = fetch(address)
    assert status == 501
    assert "has given this server no answers" in told
    blockloom_web.script(Reply(body=[1]), lambda asked: Reply(body=[asked.target]))
    assert [fetch(address) for _ in range(3)] == [(200, [1]), (200, ["/a?b=c"]), (200, ["/a?b=c"])]
    assert [(asked.method, asked.target) for asked in blockloom_web.asked] == [("GET", "/a?b=c")] * 3


def test_an_answer_waits_at_a_gate_until_the_test_opens_it(blockloom_web: ScriptedServer) -> None:
    gate = Gate()
    blockloom_web.script(Reply(pieces=["[1", gate, ", 2]"]))
    with ThreadPoolExecutor() as pool:
        fetched = pool.submit(fetch, blockloom_web.url)
        blockloom_web.wait_until(lambda server: server.asked)
        assert not fetched.done()
        gate.open()
        assert fetched.result() == (200, [1, 2])
    gate.open()
    assert fetch(blockloom_web.url) == (200, [1, 2])


def test_what_never_comes_true_of_a_server_is_not_waited_for(blockloom_web: ScriptedServer) -> None:
    with pytest.raises(TimeoutError):
        blockloom_web.wait_until(lambda server: server.asked, seconds=0.01)


def test_a_model_server_answers_a_run(blockloom_model: ModelServer) -> None:
    blockloom_model.script(refuses(503, retry_after="0"), says("Hel", "lo"))
    config = {"model": "m", "base_url": blockloom_model.base_url}
    task = {"id": "ask", "type": "llm", "config": config, "inputs": {"prompt": "Hi!"}, "retry": {"delay": 0}}
    run = run_graph({"tasks": [task]})
    assert (run.tasks["ask"].outputs or {})["text"] == "Hello"
    assert [question["messages"][0]["content"] for question in blockloom_model.questions] == ["Hi!", "Hi!"]


def test_pytest_does_not_import_blockloom_before_a_fixture_is_used(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("import sys\ndef test_it(): assert 'blockloom' not in sys.modules\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
