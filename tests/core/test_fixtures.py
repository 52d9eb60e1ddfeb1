"""The fixtures that the pytest plugin of the core gives to whoever has blockloom installed."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from blockloom import Engine, Store
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


def test_pytest_does_not_import_blockloom_before_a_fixture_is_used(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("import sys\ndef test_it(): assert 'blockloom' not in sys.modules\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
