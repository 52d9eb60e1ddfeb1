"""How long `blockloom types` takes with few plugins installed, and with many."""

import compileall
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

FEW: Final = 5
MANY: Final = 200

PLUGIN_SENTENCES: Final = {
    "types_few": f"blockloom types, {FEW} plugins beside the usual, ms",
    "types_many": f"the same with {MANY}, ms",
    "types_ratio": "how many times as long",
}

_SOURCE: Final = '''"""Plugin {number}."""

import blockloom
from blockloom import TaskContext, TaskType


class Thing(TaskType):
    """Does a thing."""

    name = "generated{number}.thing"
    title = {{"en": "Thing", "zh": "东西"}}

    class Config(blockloom.Config):
        text: str = "x"
        count: int = 1
        tags: list[str] = []

    class Inputs(blockloom.Ports):
        value: str
        other: int = 0

    class Outputs(blockloom.Ports):
        result: str

    async def run(self, task: TaskContext) -> Outputs:
        return self.Outputs(result=task.inputs.value)


@blockloom.hookimpl
def blockloom_task_types() -> list[type[TaskType]]:
    return [Thing]
'''


def list_types(repeat: int) -> dict[str, float]:
    """Milliseconds of a fresh process that lists the types, few and many in turn; plugins are compiled, as pip does."""
    with tempfile.TemporaryDirectory() as folder:
        sites = {count: _install(Path(folder) / str(count), count) for count in (FEW, MANY)}
        took: dict[int, list[float]] = {FEW: [], MANY: []}
        for _ in range(repeat):
            for count, site in sites.items():
                took[count].append(_time(site))
    few, many = (statistics.median(took[count]) * 1e3 for count in (FEW, MANY))
    return {"types_few": few, "types_many": many, "types_ratio": many / few}


def _install(site: Path, count: int) -> Path:
    for number in range(count):
        module = f"blockloom_generated{number}"
        (site / module).mkdir(parents=True)
        (site / module / "__init__.py").write_text(_SOURCE.format(number=number), encoding="utf-8")
        info = site / f"{module}-1.0.dist-info"
        info.mkdir()
        name = f"Name: blockloom-generated{number}\nVersion: 1.0\nRequires-Dist: blockloom>=0.1\n"
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\n{name}")
        (info / "entry_points.txt").write_text(f"[blockloom]\ngenerated{number} = {module}\n")
    compileall.compile_dir(site, quiet=1)
    return site


def _time(site: Path) -> float:
    """Seconds of one listing."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "blockloom.cli", "types"]
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    took = time.perf_counter() - began
    assert "generated0.thing" in done.stdout
    return took
