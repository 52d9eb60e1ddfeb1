"""The user's own store: what `run` keeps there, and where it goes while another process has it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from blockloom import MemoryStore, RunState, Store, StoreTaken, StoreUnusable
from blockloom.cli.program import Program
from blockloom.home import home as data_folder
from blockloom.homestores import HomeStores
from blockloom.plugins import installed
from blockloom.registry import Registry
from click.testing import CliRunner, Result

GRAPH = '{"blockloom": 1, "name": "n", "tasks": [{"id": "m", "type": "merge"}]}'


def home() -> HomeStores:
    return HomeStores(installed().registry)


def call(*args: str) -> Result:
    return CliRunner().invoke(Program(), args)


def run() -> Result:
    return CliRunner().invoke(Program(), ["run", "-"], input=GRAPH)


def kept() -> Mapping[str, RunState]:
    """The runs in every store that is there, under the store's folder."""

    async def read() -> Mapping[str, RunState]:
        found: dict[str, RunState] = {}
        for _, store in home().to_read():
            found |= {f"{Path(str(vars(store)['path'])).parent.name}/{h.name}": h.state for h in await store.runs()}
            await store.close()
        return found

    return asyncio.run(read())


def close(store: Store) -> None:
    asyncio.run(store.close())


def test_a_run_is_kept_in_the_data_folder() -> None:
    assert kept() == {}
    assert run().exit_code == 0
    assert kept() == {f"{data_folder().name}/n": RunState.COMPLETED}
    assert (data_folder().stat().st_mode & 0o777) == 0o700


def test_runs_beside_a_process_that_has_the_store_are_taken_in_later() -> None:
    owner = home().open()
    assert run().exit_code == run().exit_code == 0
    assert len(kept()) == 2
    assert not any(name.startswith(data_folder().name) for name in kept())
    close(owner)
    assert run().exit_code == 0
    assert [*kept()] == [f"{data_folder().name}/n"]
    assert [*(data_folder() / "runs").iterdir()] == []

    async def count() -> int:
        store = home().open()
        heads = await store.runs()
        for head in heads:
            assert len(await store.events(head.id)) > 1
        await store.close()
        return len(heads)

    assert asyncio.run(count()) == 3


def test_what_is_still_written_or_was_cut_off_stays_where_it_is() -> None:
    source = (
        "import asyncio, os; from blockloom import *; from blockloom.plugins import installed\n"
        "from blockloom.homestores import HomeStores\n"
        "async def main():\n"
        "    store = HomeStores(installed().registry).open_beside()\n"
        "    await store.create_run(StoredRun(id='r', name='cut', graph={}, inputs={}, created=1.0))\n"
        "    await store.append('r', [Event(1, 1.0, 'run.started', None, {})])\n"
        "    os._exit(0)\n"
        "asyncio.run(main())\n"
    )
    writer = home().open_beside()
    subprocess.run([sys.executable, "-c", source], check=True, timeout=60)
    assert run().exit_code == 0
    names = sorted(name.partition("/")[2] for name in kept())
    assert names == ["cut", "n"]
    close(writer)
    assert len([*(data_folder() / "runs").iterdir()]) == 2


def test_a_second_server_is_told_who_has_the_store() -> None:
    owner = home().open()
    told = call("serve", "--port", "0")
    assert told.exit_code == 4
    assert f"the process {os.getpid()} on " in told.output
    assert "blockloom.db is in use by" in told.output
    assert told.output.count("\n") == 1
    close(owner)


def test_a_store_that_is_unusable_ends_with_status_3() -> None:
    data_folder().mkdir(parents=True)
    database = data_folder() / "blockloom.db"
    database.write_text("not a database, but a letter")
    for told in (run(), call("serve", "--port", "0")):
        assert told.exit_code == 3
        assert f"The store {database} cannot be used: the file is not a database." in told.output
    assert database.read_text() == "not a database, but a letter"
    assert [path.name for path in data_folder().iterdir()] == ["blockloom.db"]


def test_where_nothing_can_be_written_a_run_goes_on_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BLOCKLOOM_HOME", str(tmp_path / "file/home"))
    told = run()
    assert told.exit_code == 0
    assert f"nothing is kept, for {tmp_path / 'file/home'} cannot be written. Set BLOCKLOOM_HOME" in told.stderr
    with pytest.raises(StoreUnusable, match="cannot be made"):
        home().open()


def test_without_a_plugin_for_it_nothing_is_kept() -> None:
    empty = HomeStores(Registry())
    assert not empty.keeps
    assert empty.url == "memory:"
    assert isinstance(empty.open(), MemoryStore)


def test_one_process_has_it_at_a_time() -> None:
    owner = home().open()
    with pytest.raises(StoreTaken, match=str(os.getpid())):
        home().open()
    close(owner)
    close(home().open())


def test_doctor_says_how_the_store_does() -> None:
    assert "runs will be kept in sqlite:///" in call("doctor").output
    assert run().exit_code == 0
    assert "runs are kept in sqlite:///" in call("doctor").output
    (data_folder() / "blockloom.db").write_text("a letter")
    told = call("doctor")
    assert told.exit_code == 1
    assert "the file is not a database" in told.output
