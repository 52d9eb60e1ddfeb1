"""What is not a run: checking, reading a document, and importing."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from blockloom.check import prepare
from blockloom.codec import read_json
from engines import make_engine
from graphs import document, layered

_TIMED = "import time; a = time.perf_counter(); {}; print(time.perf_counter() - a)"


def check_and_read(size: int, repeat: int) -> dict[str, float]:
    """Microseconds a task for `check`, for JSON text to mapping, and for JSON text to a plan that can run."""
    graph = document("layered", layered(size))
    text = json.dumps(graph)
    engine = make_engine()
    return {
        "check": _microseconds(lambda: engine.check(graph), size, repeat),
        "read_json": _microseconds(lambda: read_json(text), size, repeat),
        "json_to_plan": _microseconds(lambda: prepare(read_json(text), engine.registry), size, repeat),
    }


def imports(repeat: int) -> dict[str, float]:
    """Milliseconds of `import blockloom` in a fresh process, and of finding and loading the installed plugins."""
    plugins = "import blockloom as b; a = time.perf_counter(); b.Plugins.load()"
    return {"import": _fresh("import blockloom", repeat), "load_plugins": _fresh(plugins, repeat)}


def _microseconds(work: Callable[[], Any], size: int, repeat: int) -> float:
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times) / size * 1e6


def _fresh(statement: str, repeat: int) -> float:
    code = _TIMED.format(statement)
    done = [subprocess.run([sys.executable, "-c", code], capture_output=True, check=True) for _ in range(repeat)]
    return statistics.median(float(one.stdout) for one in done) * 1e3


def rows(found: Mapping[str, float], sentences: Mapping[str, str]) -> list[str]:
    """One line for each figure, with what it is."""
    return [f"  {sentences[name]:<52}{value:>10.1f}" for name, value in found.items()]
