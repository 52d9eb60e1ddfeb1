"""A server with a dozen bad plugins among good ones: it is up, the good ones work, and each bad one is named."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from blockloom_server.background import Caller

HOOK: Final = "import blockloom\n@blockloom.hookimpl\n"
TYPE: Final = """
import time
from typing import Annotated, Any
import blockloom
from pydantic import WithJsonSchema

class T(blockloom.TaskType):
    name = "{name}"
    class Outputs(blockloom.Ports):
        n: {port} = None
    def run(self, task):
        {run}

@blockloom.hookimpl
def blockloom_task_types():
    return [T]
"""


class Bad:
    """A bad plugin: its source, what its distribution says, and what is told of it."""

    def __init__(self, source: str, status: str, why: str, remedy: str, *requires: str, also: str = "") -> None:
        self.source, self.status, self.why, self.remedy = source, status, why, remedy
        self.requires, self.also = requires, also


def task(name: str, run: str = "return {'n': 1}", port: str = "Any") -> str:
    return TYPE.format(name=name, run=run, port=port)


BAD: Final[Mapping[str, Bad]] = {
    "importless": Bad("import nowhere_at_all", "broken", "nowhere_at_all", "pip install --force-reinstall"),
    "exiting": Bad("import sys; sys.exit(3)", "broken", "SystemExit: 3", "pip install --upgrade bad-exiting"),
    "endless": Bad("while True: pass", "broken", "did not come to an end within 1 seconds", "--disable endless"),
    "twin": Bad(task("good.add"), "conflict", "'good.add' is also offered by good", "pip uninstall bad-twin"),
    "good": Bad(task("bad.same"), "conflict", "'good' is also used by good-one", "--disable bad-good"),
    "picky": Bad(task("bad.p"), "incompatible", "blockloom>=99", "--upgrade bad-picky blockloom", "blockloom>=99"),
    "raising": Bad(
        HOOK + "def blockloom_event(run, event): raise OSError('disk')",
        "active",
        "its hook blockloom_event raised 5 times and is called no more (OSError: disk)",
        "--upgrade bad-raising",
    ),
    "blocking": Bad(
        task("bad.block", "time.sleep(1.5)"), "active", "it held up the event loop, in T.run", "blocking = True"
    ),
    "schema": Bad(
        task("bad.schema", port="Annotated[Any, WithJsonSchema({'type': 'banana'})]"),
        "active",
        "the schema of outputs.n is wrong: 'banana'",
        "--upgrade bad-schema",
    ),
    "needy": Bad(
        "import no_such_thing", "broken", "no_such_thing", 'pip install "no-such-thing>=2"', "no-such-thing>=2"
    ),
    "liar": Bad(
        "__version__ = '9.0'\n" + task("bad.liar"),
        "active",
        "says that it is version 9.0",
        "--force-reinstall bad-liar",
    ),
    "rubbish": Bad(task("bad.rubbish", "return 5"), "active", "run gave back int", "--upgrade bad-rubbish"),
}


def install(site: Path, name: str, point: str, source: str, requires: tuple[str, ...] = ()) -> None:
    module = name.replace("-", "_")
    (site / f"{module}.py").write_text(source)
    info = site / f"{module}-1.0.dist-info"
    info.mkdir()
    needs = "".join(f"Requires-Dist: {text}\n" for text in requires)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}")
    (info / "entry_points.txt").write_text(f"[blockloom]\n{point} = {module}\n")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """An environment in which the plugins are installed, and a server finds a home of its own."""
    site = tmp_path_factory.mktemp("site")
    install(site, "good-one", "good", task("good.add"))
    install(site, "good-two", "good2", task("good.other", "return {'n': 2}"))
    for name, bad in BAD.items():
        install(site, f"bad-{name}", name, bad.source, bad.requires)
    told = {"PYTHONPATH": str(site), "BLOCKLOOM_HOME": str(tmp_path_factory.mktemp("home"))}
    return {**os.environ, **told, "BLOCKLOOM_PLUGIN_SECONDS": "1", "BLOCKLOOM_LANG": "en"}


@pytest.fixture(scope="module")
def client(home: Mapping[str, str]) -> Iterator[Caller]:
    command = [str(Path(sys.executable).with_name("blockloom")), "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=home) as server:
        assert server.stderr is not None
        try:
            found = next(filter(None, (re.search(r"ws://[\w.:]+/ws", line) for line in server.stderr)))
            with Caller(found[0]) as client:
                yield client
        finally:
            server.terminate()


def graph(type: str) -> dict[str, Any]:
    return {
        "blockloom": 1,
        "tasks": [{"id": "a", "type": type}, {"id": "end", "type": "end"}],
        "connections": [{"from": "a.n", "to": "end.n"}],
    }


@pytest.fixture(scope="module")
def rows(client: Caller) -> dict[str, Any]:
    """What the server tells of its plugins, once the bad ones have had their chance."""
    for type in ("bad.block", "bad.rubbish"):
        client.run(graph(type))
    while True:
        found = {row["distribution"]: row for row in client.call("plugins.list")["plugins"]}
        if found["bad-blocking"]["why"]:
            return found
        client.run(graph("bad.block"))


@pytest.mark.parametrize("name", BAD)
def test_a_bad_plugin_is_named_with_a_remedy(rows: dict[str, Any], name: str) -> None:
    row, bad = rows[f"bad-{name}"], BAD[name]
    assert row["status"] == bad.status
    assert bad.why in row["why"]
    assert bad.remedy in row["remedy"]


def test_the_rest_works(rows: dict[str, Any], client: Caller) -> None:
    assert client.run(graph("good.other"))["outputs"] == {"n": 2}
    assert {row["status"] for name, row in rows.items() if name.startswith("blockloom")} == {"active"}
    assert rows["good-two"]["why"] == ""


def told(home: Mapping[str, str], *command: str) -> Any:
    blockloom = str(Path(sys.executable).with_name("blockloom"))
    done = subprocess.run([blockloom, *command, "--json"], env=home, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


def test_commands_name_them_too(rows: dict[str, Any], home: Mapping[str, str]) -> None:
    found = {row["distribution"]: row for row in told(home, "plugins")["plugins"]}
    findings = {finding["text"].split(" ")[0]: finding for finding in told(home, "doctor")["findings"]}
    for name, bad in BAD.items():
        assert bad.why in found[f"bad-{name}"]["why"]
        assert bad.remedy in findings[f"bad-{name}"]["remedy"]
        assert findings[f"bad-{name}"]["state"] == ("warning" if bad.status == "active" else "failed")


def test_what_is_disabled_is_not_imported(home: Mapping[str, str]) -> None:
    for command in (
        ["--disable", "importless", "--disable=bad-exiting", "plugins"],
        ["plugins", "--disable", "importless", "--disable=bad-exiting"],
    ):
        rows = {row["distribution"]: row for row in told({**home, "BLOCKLOOM_DISABLE": "endless"}, *command)["plugins"]}
        assert {name for name, row in rows.items() if row["status"] == "disabled"} == {
            "bad-importless", "bad-exiting", "bad-endless",
        }  # fmt: skip
        assert rows["bad-needy"]["status"] == "broken"


def test_what_was_mended_is_told_of_no_more(home: Mapping[str, str], tmp_path: Path) -> None:
    install(tmp_path, "bad-raising", "raising", task("bad.mended"))
    (tmp_path / "bad_raising-1.0.dist-info").rename(tmp_path / "bad_raising-2.0.dist-info")
    metadata = tmp_path / "bad_raising-2.0.dist-info/METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 1.0", "Version: 2.0"))
    (row,) = [r for r in told({**home, "PYTHONPATH": str(tmp_path)}, "plugins")["plugins"] if r["name"] == "raising"]
    assert (row["version"], row["why"]) == ("2.0", "")


def test_a_plugin_that_comes_while_the_server_runs_is_told_of_and_works(
    client: Caller, home: Mapping[str, str], tmp_path: Path
) -> None:
    before = client.call("types.list")
    assert client.call("types.list", hash=before["hash"]) == {"types": [], "hash": before["hash"], "unchanged": True}
    client.call("subscribe", all=True)
    install(Path(home["PYTHONPATH"]), "good-late", "late", task("good.late", "return {'n': 3}"))
    changed = client.wait_for("types.changed")
    after = client.call("types.list", hash=before["hash"])
    assert after["hash"] == changed["data"]["hash"] != before["hash"]
    assert "good.late" in {type["name"] for type in after["types"]}
    assert client.run(graph("good.late"))["outputs"] == {"n": 3}
