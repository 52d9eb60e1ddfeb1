"""Triggers of a server that is a process of its own: from the command line, by webhooks, and after it was killed."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from blockloom.cli import Program
from blockloom_server.remote import Remote, session
from click.testing import CliRunner, Result

BLOCKLOOM: Final = str(Path(sys.executable).with_name("blockloom"))
SAY: Final = {"type": "blocks", "blocks": [{"id": "say", "type": "text", "content": {"text": "{{ payload }}"}}]}
DAILY: Final = {"id": "daily", "type": "cron", "config": {"expression": "0 9 * * *"}, "action": SAY}


@contextmanager
def serving(home: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running `blockloom serve`, and the address of its WebSocket."""
    environment = {**os.environ, "BLOCKLOOM_LANG": "en", "BLOCKLOOM_HOME": str(home)}
    command = [BLOCKLOOM, "serve", "--port", "0", "--webhook-port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        try:
            found = next(filter(None, (re.search(r"ws://\S+/ws", line) for line in process.stderr)))
            yield process, found[0]
        finally:
            process.kill()


def asked(address: str, act: Callable[[Remote], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with asyncio.timeout(20), session(address) as remote:
            return await act(remote)

    return asyncio.run(main())


def blockloom(*args: str, language: str = "en") -> Result:
    result = CliRunner(env={"BLOCKLOOM_LANG": language, "NO_COLOR": "1"}).invoke(Program(), args)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def post(address: str, body: Any, token: str | None = None) -> tuple[int, Any]:
    headers = {"Content-Type": "application/json"} | ({} if token is None else {"Authorization": f"Bearer {token}"})
    try:
        with build_opener(ProxyHandler({})).open(Request(address, json.dumps(body).encode(), headers)) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


def test_the_commands_and_a_webhook(tmp_path: Path) -> None:
    with serving(tmp_path, "--store", "memory:", "--webhook-token", "geheim") as (_, address):
        at = ("--server", address)
        assert blockloom("triggers", "list", *at).output == "There are no triggers.\n"
        assert blockloom("triggers", "next", *at).output == "Nothing fires by time.\n"

        async def create(remote: Remote) -> None:
            await remote.call("trigger.create", trigger=DAILY)
            await remote.call("trigger.create", trigger={**DAILY, "id": "off", "enabled": False})
            hook = {"id": "hook", "type": "webhook", "config": {"path": "/orders"}, "action": SAY}
            await remote.call("trigger.create", trigger=hook)
            while "address" not in await remote.call("trigger.get", trigger="hook"):  # noqa: ASYNC110
                await asyncio.sleep(0)

        asked(address, create)
        listed = blockloom("triggers", "list", *at).output
        rows = [re.split(r"  +", line) for line in listed.splitlines()]
        assert [row[:3] for row in rows] == [
            ["daily", "cron", "blocks"],
            ["off", "cron", "blocks"],
            ["hook", "webhook", "blocks"],
        ]
        assert rows[0][3].endswith("T09:00:00.000000Z")
        assert rows[1][3] == "disabled"
        told = json.loads(blockloom("triggers", "next", "--count", "2", "--json", *at).output)["upcoming"]
        assert [row["trigger"] for row in told] == ["daily"] * 2
        fired = blockloom("triggers", "fire", "daily", "--data", "[1]", "--key", "k", *at)
        assert (fired.exit_code, fired.output.split(": ")[0]) == (0, "It has fired")
        again = json.loads(blockloom("triggers", "fire", "daily", "--key", "k", "--json", *at).output)
        assert again["run"] in fired.output
        missing = blockloom("triggers", "fire", "nope", *at)
        assert (missing.exit_code, "'nope'" in missing.output) == (1, True)
        hook = rows[2][3]
        assert post(hook, {"a": 1})[0] == 401
        status, answer = post(hook, {"a": 1}, "geheim")
        assert (status, answer["firing"].split("/")[0]) == (202, "hook")


def test_the_moments_of_a_file(tmp_path: Path) -> None:
    graph = {
        "blockloom": 1,
        "triggers": [{**DAILY, "config": {"expression": "0 9 * * *", "timezone": "Asia/Shanghai"}}],
    }
    graph["triggers"].append({"id": "off", "type": "every", "config": {"interval": 1}, "enabled": False})  # type: ignore[attr-defined]
    file = tmp_path / "graph.json"
    file.write_text(json.dumps(graph))
    lines = blockloom("triggers", "next", str(file), "--count", "3").output.splitlines()
    assert [line[11:] for line in lines] == ["01:00:00.000000Z  daily"] * 3
    assert blockloom("triggers", "next", str(file), "--trigger", "off").output == "Nothing fires by time.\n"
    assert blockloom("triggers", "next", str(file), "--trigger", "x").exit_code == 2
    file.write_text(json.dumps({**graph, "triggers": [{"id": "a", "type": "every"}]}))
    refused = blockloom("triggers", "next", str(file), "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["problems"][0]["code"]) == (2, "bad-trigger")


def test_off_loopback_webhooks_need_a_token() -> None:
    refused = blockloom("serve", "--webhook-host", "0.0.0.0")
    assert (refused.exit_code, "--webhook-token" in refused.output) == (2, True)


@pytest.mark.slow
def test_what_was_missed_while_the_server_was_dead_is_made_up_for(tmp_path: Path) -> None:
    due = datetime.now(UTC) + timedelta(seconds=2)

    async def outcomes(remote: Remote, id: str, count: int) -> list[tuple[Any, ...]]:
        while True:
            firings = (await remote.call("trigger.firings", trigger=id))["firings"]
            if len(firings) >= count and all(firing["state"] != "RUNNING" for firing in firings):
                return [(firing["state"], firing["outputs"]["say"]) for firing in firings]
            await asyncio.sleep(0.01)

    async def before(remote: Remote) -> None:
        soon = {"id": "soon", "type": "at", "config": {"time": due.isoformat()}, "action": SAY}
        await remote.call("trigger.create", trigger=soon)
        heeds = {"id": "heeds", "type": "event", "config": {"name": "go"}, "action": SAY}
        await remote.call("trigger.create", trigger=heeds)
        await remote.call("event.publish", name="go", payload=5)
        assert await outcomes(remote, "heeds", 1) == [("COMPLETED", "5")]

    async def after(remote: Remote) -> None:
        assert await outcomes(remote, "soon", 1) == [("COMPLETED", "")]
        await remote.call("event.publish", name="go", payload=6)
        assert await outcomes(remote, "heeds", 2) == [("COMPLETED", "6"), ("COMPLETED", "5")]

    with serving(tmp_path) as (process, address):
        asked(address, before)
        process.kill()
    time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
    with serving(tmp_path) as (_, address):
        asked(address, after)
