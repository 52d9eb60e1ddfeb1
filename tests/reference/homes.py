"""Virtual environments of their own, as a stranger has them, and the installer that fills them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]


def find_uv() -> str | None:
    private = ROOT / ".uv" / "bin" / "uv"
    return shutil.which("uv") or (str(private) if private.is_file() else None)


class Home:
    """A virtual environment of its own, and the installer that fills it."""

    def __init__(self, path: Path, uv: str) -> None:
        self.path = path
        self.uv = uv
        self.python = path / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @classmethod
    def make(cls, path: Path) -> "Home":
        """A new and empty one; skips the test where there is no installer."""
        uv = find_uv()
        if uv is None:
            pytest.skip("no installer: uv is neither on the PATH nor in .uv/bin")
        made = cls(path, uv)
        made.run(uv, "venv", "--quiet", "--python", sys.executable, path)
        return made

    @property
    def environment(self) -> dict[str, str]:
        """What a shell has in which it is active."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        return {
            **clean,
            "VIRTUAL_ENV": str(self.path),
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}",
            "BLOCKLOOM_HOME": str(self.path / "home"),
            "MYPY_CACHE_DIR": str(self.path / "mypy"),
        }

    def run(self, *command: str | Path, input: str | None = None, cwd: Path | None = None) -> str:
        done = self.tell(*command, input=input, cwd=cwd)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def tell(
        self, *command: str | Path, input: str | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=self.environment,
            input=input,
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            timeout=110,
        )

    def pip(self, verb: str, *more: str | Path, cwd: Path | None = None) -> None:
        self.run(self.uv, "pip", verb, "--quiet", "--python", self.python, *more, cwd=cwd)

    def blockloom(self, *arguments: str | Path) -> Any:
        """What the command prints as JSON."""
        return json.loads(self.run(self.python.with_name("blockloom"), *arguments, "--json"))


def wheels(uv: str, folder: Path, projects: Sequence[Path]) -> Mapping[str, Path]:
    """The wheels of projects, built into a folder, by the name of the project's folder."""
    made = {}
    for project in projects:
        out = folder / project.name
        command = [uv, "build", "--quiet", "--wheel", "--out-dir", str(out), str(project)]
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        (made[project.name],) = out.glob("*.whl")
    return made
