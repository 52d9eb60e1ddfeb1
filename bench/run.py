"""Measures the engine beside its floor: `make bench`, or `.venv/bin/python bench/run.py [--quick] [--json]`.

For each graph, the floor and the engine run in turn, and its sizes one after the other, so that a slow moment of the
machine meets both; each figure is the median. The garbage collector is on, as it is where blockloom is used
(`--no-gc` turns it off), and is run before each measurement, and each graph of each size has a process of its own, so
that nobody pays for what somebody else has left behind. A canceled task counts as a task. Every run's result is
checked; no time is.
"""

import argparse
import asyncio
import gc
import json
import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from typing import Any, Final, NamedTuple

from codeblocks import SENTENCES as CODE_SENTENCES
from codeblocks import code_blocks
from engines import Times, run_once
from floor import Floor
from graphs import SHAPES, Shape, completed, document
from keeping import kept
from others import check_and_read, imports, rows
from recovery import RECOVERY_SENTENCES, carried_on
from stalled import STALLED_SENTENCES, stalled_clients

from plugins import PLUGIN_SENTENCES, list_types
from server import beside, table

SIZES: Final = {1_000: 9, 10_000: 5, 100_000: 5}
"""How many tasks, and how often each is measured."""
QUICK: Final = {1_000: 3, 10_000: 1}

SENTENCES: Final = (
    {
        "check": "check, µs a task",
        "read_json": "JSON text to a mapping, µs a task",
        "json_to_plan": "JSON text to a plan that can run, µs a task",
        "kept_nowhere": "a chain that is kept nowhere, µs a task",
        "kept_async": "the same, kept in a file (async), µs a task",
        "kept_sync": "a chain, each task kept first (sync), µs a task",
        "bare_commits": "the commits of that alone, bare SQLite, µs a task",
        "import": "import blockloom, ms",
        "load_plugins": "find and load the installed plugins, ms",
    }
    | RECOVERY_SENTENCES
    | PLUGIN_SENTENCES
    | CODE_SENTENCES
)


class Figure(NamedTuple):
    """One graph of one size: microseconds a task for the floor, for the engine's run, and for preparing it."""

    graph: str
    tasks: int
    floor: float
    engine: float
    prepare: float

    @property
    def ratio(self) -> float:
        """How many floors the engine is high."""
        return self.engine / self.floor


async def time_floor(floor: Floor, name: str, expected: int) -> float:
    """Seconds of one run of the floor."""
    gc.collect()
    began = time.perf_counter()
    ran = await (floor.climb() if name == "if-ladder" else floor.run())
    took = time.perf_counter() - began
    assert ran == expected, ran
    return took


async def time_engine(graph: Mapping[str, Any], expected: int) -> Times:
    """Seconds of one run of the engine."""
    gc.collect()
    return await run_once(graph, expected)


async def measure(name: str, shape: Shape, repeat: int) -> Figure:
    """The medians for one graph, floor and engine in turn."""
    graph, floor = document(name, shape), Floor(shape)
    expected = completed(name, shape)
    floors, engines = [], []
    for _ in range(repeat):
        floors.append(await time_floor(floor, name, expected))
        engines.append(await time_engine(graph, expected))
    a_task = 1e6 / shape.size
    return Figure(
        name,
        shape.size,
        statistics.median(floors) * a_task,
        statistics.median(times.run for times in engines) * a_task,
        statistics.median(times.prepare for times in engines) * a_task,
    )


def measure_alone(name: str, size: int, repeat: int, collect: bool) -> Figure:
    """The medians for one graph, in a process of its own, with the garbage collector on or off."""
    with ProcessPoolExecutor(1, get_context("spawn"), None if collect else gc.disable) as alone:
        return alone.submit(_measure, name, size, repeat).result()


def _measure(name: str, size: int, repeat: int) -> Figure:
    return asyncio.run(measure(name, SHAPES[name](size), repeat))


def told(figure: Figure) -> str:
    """One line of the table."""
    name, tasks, floor, engine, prepare = figure
    return f"{name:<10}{tasks:>9,}{floor:>9.2f}{engine:>9.2f}{figure.ratio:>7.1f}×{prepare:>9.2f}"


def growth(figures: Sequence[Figure]) -> list[str]:
    """For each graph, how many times the time ten times the tasks take, prepared and run; costs are linear up to 12."""
    lines = [f"{'×10 tasks':<10}{'':>18}{'prepare':>9}{'run':>9}{'both':>9}   × the time"]
    for name in SHAPES:
        own = sorted((figure for figure in figures if figure.graph == name), key=lambda figure: figure.tasks)
        for one, other in pairwise(own):
            times = other.tasks / one.tasks
            told = [times * b / a for a, b in ((one.prepare, other.prepare), (one.engine, other.engine))]
            both = times * (other.prepare + other.engine) / (one.prepare + one.engine)
            span = f"{one.tasks:,} → {other.tasks:,}"
            lines.append(f"{name:<10}{span:>18}" + "".join(f"{value:>9.1f}" for value in (*told, both)))
    return lines


async def main() -> None:
    """Measure, and print as it comes; with `--json`, one document at the end."""
    parser = argparse.ArgumentParser(description="Measures the engine beside its floor.")
    parser.add_argument("--quick", action="store_true", help="smaller graphs, fewer repetitions")
    parser.add_argument("--tasks", type=int, metavar="N", help="only graphs of N tasks, each measured once")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, nothing else")
    parser.add_argument("--no-gc", action="store_true", help="turn Python's garbage collector off")
    options = parser.parse_args()
    if options.no_gc:
        gc.disable()
    collector = "off" if options.no_gc else "on"
    sizes, repeat = (QUICK, 3) if options.quick else (SIZES, 7)
    if options.tasks:
        sizes, repeat = {options.tasks: 1}, 1
    show = (lambda line: None) if options.json else print
    show(f"Python {platform.python_version()}, {platform.machine()}; median, garbage collector {collector}\n")
    show(f"{'graph':<10}{'tasks':>9}{'floor':>9}{'engine':>9}{'ratio':>8}{'prepare':>9}   µs a task")
    figures = []
    for name in SHAPES:
        for size, times in sizes.items():
            figures.append(measure_alone(name, size, times, not options.no_gc))
            show(told(figures[-1]))
    if len(sizes) > 1:
        show("\n" + "\n".join(growth(figures)))
    size = options.tasks or 10_000
    others = (
        check_and_read(size, repeat)
        | await kept(size, repeat)
        | await carried_on(min(repeat, 3))
        | imports(repeat)
        | list_types(repeat)
        | await code_blocks(repeat * 20)
    )
    show("\n" + "\n".join(rows(others, SENTENCES)))
    served = {} if options.tasks else await beside(options.quick)
    show("\n" + "\n".join(table(served)) if served else "")
    stalled = {} if options.tasks else await stalled_clients(options.quick)
    show("\n".join(rows(stalled, STALLED_SENTENCES)))
    if options.json:
        graphs = [{**figure._asdict(), "ratio": figure.ratio} for figure in figures]
        print(
            json.dumps(
                {
                    "python": platform.python_version(),
                    "gc": collector,
                    "graphs": graphs,
                    "others": others | served | stalled,
                }
            )
        )


if __name__ == "__main__":
    asyncio.run(main())
