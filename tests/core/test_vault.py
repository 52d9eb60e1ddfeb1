"""Secrets: where they come from, where they may stand, and that nobody sees them."""

import asyncio
import base64
import logging
import os
import urllib.parse
from pathlib import Path
from typing import Any, Final

import blockloom
import pytest
from blockloom import (
    InvalidGraph,
    MemoryStore,
    Plugins,
    Ports,
    RunView,
    Secret,
    TaskContext,
    TaskFailed,
    TaskType,
    WithSecrets,
)
from blockloom.keys import hide_keys, kind_of_key
from blockloom.testing import engine_with, run_graph
from blockloom.vault import Vault

KEY: Final = "s3cr3t/Value+42"


class Call(TaskType):
    """Uses a secret, and gives back what its settings say of it."""

    name = "test.call"

    class Config(blockloom.Config):
        key: Secret | None = None
        headers: dict[str, str | Secret] = {}
        body: WithSecrets = None
        text: str = ""
        rest: Any = None
        fails: bool = False

    class Outputs(Ports):
        said: Any

    def run(self, task: TaskContext) -> Any:
        value = task.secret(task.config.key or "api_key")
        task.log(f"the key is {value}")
        task.emit({value: [value]})
        task.progress(0.5, f"with {value}")
        if task.config.fails:
            raise RuntimeError(f"refused: {value} ({urllib.parse.quote(value, safe='')})")
        basic = base64.b64encode(f"user:{value}".encode()).decode()
        return self.Outputs(said={"plain": f"<{value}>", value: [basic, urllib.parse.quote_plus(value)]})


def graph(**config: Any) -> dict[str, Any]:
    tasks = [{"id": "call", "type": "test.call", "config": config}, {"id": "end", "type": "end"}]
    return {"blockloom": 1, "tasks": tasks, "connections": [{"from": "call.said", "to": "end.said"}]}


def run(**config: Any) -> RunView:
    return run_graph(graph(**config), {}, Call)


def problems(document: Any) -> list[tuple[str, str]]:
    return [(found.code, found.path) for found in engine_with(Call).check(document)]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BLOCKLOOM_HOME", str(tmp_path))
    return tmp_path


def put(home: Path, name: str, value: str, mode: int = 0o600) -> Path:
    path = home / "secrets" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(value)
    path.chmod(mode)
    return path


# Where they come from


def test_a_secret_comes_from_its_variable(home: Path) -> None:
    put(home, "api_key", "from the file")
    vault = Vault({"BLOCKLOOM_SECRET_API_KEY": KEY, "BLOCKLOOM_HOME": str(home)})
    assert vault.open("api_key") == KEY


def test_a_secret_comes_from_its_file(home: Path) -> None:
    put(home, "api_key", f"{KEY}\n")
    assert Vault().open("api_key") == KEY


def test_a_secret_that_is_not_set_says_what_to_set(home: Path) -> None:
    with pytest.raises(TaskFailed) as caught:
        Vault().open("api_key")
    assert caught.value.type == "no-secret"
    assert "BLOCKLOOM_SECRET_API_KEY" in caught.value.message
    assert str(home / "secrets" / "api_key") in caught.value.message


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes of files")
def test_a_file_that_others_can_read_is_refused(home: Path) -> None:
    path = put(home, "api_key", KEY, 0o640)
    with pytest.raises(TaskFailed, match=f"0640.*chmod 600 {path}"):
        Vault().open("api_key")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes of files")
def test_the_doctor_tells_of_a_file_that_others_can_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> tuple[str, str]:
        (found,) = (f for f in Plugins.load().findings() if f.name == "secrets")
        return found.state, found.message

    path = put(home, "api_key", KEY)
    monkeypatch.setenv("BLOCKLOOM_SECRET_OTHER", KEY)
    assert told() == ("ok", "api_key, other")
    path.chmod(0o644)
    assert told() == ("failed", "cannot be used: api_key")


@pytest.mark.parametrize("name", ["../api_key", "a/b", "", "a b", "1a", "é"])
def test_the_name_of_a_secret_leads_nowhere_else(home: Path, name: str) -> None:
    with pytest.raises(TaskFailed, match="cannot be the name"):
        Vault().open(name)


# Where they may stand


def test_a_secret_stands_where_the_type_takes_one() -> None:
    there = {"$secret": "api_key"}
    assert not problems(graph(key=there, headers={"X-Key": there, "Y": "y"}, body={"login": [there]}))


@pytest.mark.parametrize(
    ("place", "document"),
    [
        ("/tasks/0/config/text", graph(text={"$secret": "a"})),
        ("/tasks/0/config/rest/0/deep", graph(rest=[{"deep": {"$secret": "a"}}])),
        (
            "/tasks/0/inputs/x",
            {"blockloom": 1, "tasks": [{"id": "m", "type": "merge", "inputs": {"x": {"$secret": "a"}}}]},
        ),
        ("/elsewhere", {"blockloom": 1, "tasks": [], "elsewhere": {"$secret": "a"}}),
        (
            "/tasks/0/config/body/tasks/0/config/rest",
            {
                "blockloom": 1,
                "tasks": [
                    {
                        "id": "w",
                        "type": "workflow",
                        "config": {"body": graph(rest={"$secret": "a"}, key={"$secret": "a"})},
                    }
                ],
            },
        ),
    ],
)
def test_a_secret_stands_nowhere_else(place: str, document: Any) -> None:
    assert problems(document) == [("bad-secret", place)]


@pytest.mark.parametrize("written", [{"$secret": "a b"}, {"$secret": 5}, {"$secret": "a", "or": "b"}])
def test_a_secret_that_is_not_one_is_a_bad_setting(written: Any) -> None:
    found = problems(graph(key=written))
    assert found
    assert {code for code, _ in found} == {"bad-config"}


KEYS: Final = {
    "AWS": "AKIAIOSFODNN7EXAMPLE",
    "GitHub": "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "klmnopqrstuvwxyz",
    "OpenAI": "sk-proj-abc123def456ghi789",
    "bearer": "Authorization: Bearer abcdef0123456789",
    "address": "postgres://admin:hunter22@db.example.com/main",
    "private": "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
    "Slack": "xoxb-123456789012-abcdef",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_key_in_a_graph_is_found(key: str) -> None:
    assert problems(graph(text=f"use {key} here")) == [("bad-secret", "/tasks/0/config/text")]
    assert problems(graph(rest={key: 1})) == [("bad-secret", f"/tasks/0/config/rest/{key}".replace(key, _escaped(key)))]


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_key_is_hidden(key: str) -> None:
    hidden = hide_keys(f"use {key} here")
    assert "***" in hidden
    assert kind_of_key(hidden) is None
    assert hidden.startswith("use ")
    assert hide_keys(hidden) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "a task-based workflow that asks for risk-assessment-documents",
        "https://example.com:8080/a?b=c@d",
        "headers = {'Authorization': token}",
        "Authorization: Bearer {{ token }}",
        "basic understanding of bearer authentication-mechanisms",
        "http://{{ user }}:{{ password }}@host",
        "sk-learn-style-estimators-everywhere",
    ],
)
def test_what_is_no_key_is_left_alone(text: str) -> None:
    assert kind_of_key(text) is None
    assert hide_keys(text) == text


def test_a_workflow_with_a_key_is_not_kept() -> None:
    async def main() -> None:
        store = MemoryStore()
        async with engine_with(Call, store=store) as engine:
            kept = await engine.create_workflow(graph(text="fine"))
            with pytest.raises(InvalidGraph) as caught:
                await engine.create_workflow(graph(text=KEYS["GitHub"]))
            assert [p.path for p in caught.value.problems] == ["/tasks/0/config/text"]
            with pytest.raises(InvalidGraph):
                await engine.update_workflow(kept.id, graph(text=KEYS["GitHub"]), kept.revision)
            assert [w.graph["tasks"][0]["config"] for w in await store.workflows()] == [{"text": "fine"}]
            assert KEYS["GitHub"] not in str(caught.value)

    asyncio.run(main())


# Nobody sees them


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BLOCKLOOM_SECRET_API_KEY", KEY)
    return KEY


def forms(value: str) -> list[str]:
    encoded = base64.b64encode(f"user:{value}".encode()).decode()
    return [value, urllib.parse.quote(value, safe=""), urllib.parse.quote_plus(value), encoded]


def test_what_a_task_gives_has_no_secret_in_it(key: str) -> None:
    finished = run(key={"$secret": "api_key"})
    assert finished.outputs["said"]["plain"] == "<***>"
    assert finished.outputs["said"]["***"][1] == "***"
    told = repr([event.data for event in finished.events]) + repr(finished.to_json())
    assert not [form for form in forms(key) if form in told]


def test_the_next_task_is_given_what_is_recorded(key: str) -> None:
    document = graph()
    document["tasks"] += [
        {
            "id": "see",
            "type": "blocks",
            "blocks": [{"id": "text", "type": "text", "content": {"text": "{{ said.plain }}"}}],
        }
    ]
    document["connections"] = [{"from": "call.said", "to": "see.said"}, {"from": "see.text", "to": "end.said"}]
    assert run_graph(document, {}, Call).outputs == {"said": "<***>"}


def test_an_error_has_no_secret_in_it(key: str) -> None:
    failed = run(fails=True)
    assert failed.error == {"type": "RuntimeError", "message": "refused: *** (***)", "task": "call"}


def test_what_is_streamed_has_no_secret_in_it(key: str) -> None:
    async def main() -> None:
        async with engine_with(Call) as engine:
            started = await engine.start(graph())
            told = [event.data async for batch in started.follow() for event in batch]
        assert {"log": "the key is ***"} in told
        assert {"piece": {"***": ["***"]}} in told
        assert {"fraction": 0.5, "message": "with ***"} in told

    asyncio.run(main())


def test_what_is_logged_has_no_secret_in_it(key: str, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        log = logging.getLogger("somebody.else")
        before = logging.getLogRecordFactory()
        async with engine_with(Call) as engine:
            await (await engine.start(graph())).wait()
            log.warning("sent %s to %s", key, "them")
            try:
                raise ValueError(key)
            except ValueError:
                log.exception("it failed")
        assert "sent *** to them" in caplog.text
        assert "ValueError: ***" in caplog.text
        assert key not in caplog.text
        assert logging.getLogRecordFactory() is before

    asyncio.run(main())


def test_engines_that_close_in_any_order_leave_the_logs_alone(key: str) -> None:
    async def main() -> None:
        before = logging.getLogRecordFactory()
        vaults = [Vault() for _ in range(3)]
        for vault in vaults:
            vault.open("api_key")
        for vault in (vaults[1], vaults[2], vaults[0]):
            vault.close()
        assert logging.getLogRecordFactory() is before

    asyncio.run(main())


def test_a_key_that_a_run_is_given_is_not_recorded() -> None:
    document = {
        "inputs": {"text": {}},
        "tasks": [{"id": "start", "type": "start"}, {"id": "end", "type": "end"}],
        "connections": [{"from": "start.text", "to": "end.text"}],
    }
    finished = run_graph(document, {"text": f"it is {KEYS['OpenAI']}"})
    assert finished.outputs == {"text": "it is ***"}
    assert KEYS["OpenAI"] not in repr([event.data for event in finished.events])


@pytest.mark.parametrize("text", ["ghp_" + "a1" * 12, 'say "sk-' + "a1" * 12 + '"'])
def test_a_key_is_hidden_among_very_many_texts(text: str) -> None:
    many = [str(n) for n in range(1000)]
    assert Vault().mask({"x": [*many, {"y": text}]})["x"][-1]["y"] != text
    assert Vault().mask({"x": {**dict.fromkeys(many, 1), text: 2}}) != {"x": {**dict.fromkeys(many, 1), text: 2}}
    value = {"x": [*many, "://", "sk-"]}
    assert Vault().mask(value) is value
