"""What is not a run: checking, reading a document, importing, and one code block."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any

from blockloom import BlockContext
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


async def code_block(repeat: int) -> dict[str, float]:
    """Microseconds of a code block that is warm: one expression in place, and a loop in its own process."""
    sources = {"in_place": "value * 2 > limit", "own_process": "sum(n for n in range(value))"}
    async with make_engine() as engine:
        type = engine.registry.block("code")
        found = {}
        for name, source in sources.items():
            context = BlockContext(
                content=type.Content.model_validate({"source": source}), names={"value": 20, "limit": 3}
            )
            times = []
            for _ in range(repeat + 20):
                began = time.perf_counter()
                value = type.evaluate(context)
                if isawaitable(value):
                    value = await value
                times.append(time.perf_counter() - began)
            assert value in (True, 190), value
            found[name] = statistics.median(times[20:]) * 1e6
    return found


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
