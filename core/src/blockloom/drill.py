"""A drill: does a graph come to the same, wherever its process ends?

The graph runs once to its end. Then it runs again and again, each time in a process of its own that kills itself right
after one more event is on record; another process, this one, carries it on and compares.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from .engine import Engine
from .errors import BadUsage
from .events import TASK_COMPLETED, TASK_RETRYING, Event
from .homestores import HomeStores
from .live import RunView
from .past import INTERRUPTED
from .plugin import Observer
from .plugins import Plugins
from .states import RUN_ENDS, RunState
from .stores import open_store
from .values import copy_value

LOST, DOUBLED, CHANGED, HANGS = "lost", "doubled", "changed", "hangs"
"""What may be wrong after a kill: something recorded is gone, came twice, is another; or the run does not end."""

PATIENCE: Final = 30.0
"""Seconds that a run may take longer than the first."""


class Flaw(NamedTuple):
    """What was wrong after the process had been killed after an event."""

    what: str
    after: Event
    told: str

    def to_json(self) -> dict[str, Any]:
        """As `{what, seq, type, task, told}`."""
        return {
            "what": self.what,
            "seq": self.after.seq,
            "type": self.after.type,
            "task": self.after.task,
            "told": self.told,
        }


class Report(NamedTuple):
    """What came of a drill: the first run, after which of its events the process was killed, and what was wrong."""

    state: RunState
    events: int
    kills: int
    flaws: list[Flaw]


async def drill(graph: Mapping[str, Any], inputs: Mapping[str, Any], plugins: Plugins, most: int) -> Report:
    """Run a graph, then kill it after each of its events, or after `most` of them, evenly apart.

    Raises InvalidGraph and InvalidInputs, and BadUsage where no store is installed that outlives a process.
    """
    with TemporaryDirectory(prefix="blockloom-drill-") as folder:
        first = await _whole(graph, inputs, plugins, Path(folder) / "first")
        events = list(first.events)
        flaws, kills = [], 0
        for place in _places(len(events) - 1, most):
            home = Path(folder) / f"after-{place}"
            if await _killed(graph, inputs, home, plugins, place):
                kills += 1
                flaws += await _compare(first, home, plugins, events[place - 1])
        return Report(first.state, len(events), kills, flaws)


def _places(last: int, most: int) -> list[int]:
    """The numbers of the events to kill after: 1 to `last`, at most so many."""
    if last <= most:
        return list(range(1, last + 1))
    return sorted({1 + round(i * (last - 1) / max(most - 1, 1)) for i in range(most)})


async def _whole(graph: Mapping[str, Any], inputs: Mapping[str, Any], plugins: Plugins, home: Path) -> RunView:
    async with Engine(plugins, open_store(_url(home, plugins), plugins.registry)) as engine:
        return await (await engine.start(graph, inputs)).wait()


async def _killed(
    graph: Mapping[str, Any], inputs: Mapping[str, Any], home: Path, plugins: Plugins, place: int
) -> bool:
    """Run a graph in a process that kills itself after an event; whether it has, rather than come to its end."""
    job = {"graph": copy_value(dict(graph)), "inputs": inputs, "url": _url(home, plugins), "place": place}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    await child.communicate(json.dumps(job).encode())
    return child.returncode == -signal.SIGKILL


async def _compare(first: RunView, home: Path, plugins: Plugins, after: Event) -> list[Flaw]:
    """Carry a run on in this process, and say what is not as it was recorded or as the first run came to."""
    async with Engine(plugins, open_store(_url(home, plugins), plugins.registry)) as engine:
        (head,) = await engine.runs()
        recorded = (await engine.run(head.id)).events
        view = await engine.carry_on(head.id) if head.state not in RUN_ENDS else await engine.run(head.id)
        try:
            await asyncio.wait_for(view.wait(), PATIENCE + _length(first))
        except TimeoutError:
            return [Flaw(HANGS, after, f"it is {view.state.value} still; these run: {', '.join(view.current)}")]
        found = flaws_of(after.seq, list(recorded), list(view.events))
        if (view.state, view.outputs) != (first.state, first.outputs):
            told = f"{view.state.value} {json.dumps(view.outputs, ensure_ascii=False)[:200]}"
            found.append((CHANGED, f"the run came to {told}"))
        return [Flaw(what, after, told) for what, told in found]


def flaws_of(told: int, recorded: Sequence[Event], events: Sequence[Event]) -> list[tuple[str, str]]:
    """What is wrong with a run of which so many events had been told as recorded, these were found, and these came."""
    if len(recorded) < told:
        return [(LOST, f"{told - len(recorded)} events that had been told as recorded")]
    found = [
        (CHANGED, f"event {old.seq}, {old.type} of {old.task}")
        for old, new in zip(recorded, events, strict=False)
        if old != new
    ]
    done: set[str] = set()
    for event in events:
        task = event.task or ""
        if event.type == TASK_RETRYING and event.data["error"]["type"] != INTERRUPTED:
            done = {id for id in done if not id.startswith((f"{task}.", f"{task}["))}
        elif event.type == TASK_COMPLETED and task in done:
            found.append((DOUBLED, f"the result of {task}"))
        elif event.type == TASK_COMPLETED:
            done.add(task)
    return found


def _length(run: RunView) -> float:
    return run.events[-1].time - run.events[0].time


def _url(home: Path, plugins: Plugins) -> str:
    stores = HomeStores(plugins.registry, home)
    if not stores.keeps:
        raise BadUsage("A drill needs a store that outlives a process: install one.")
    home.mkdir(exist_ok=True)
    return stores.url


async def _run_and_die(job: Mapping[str, Any]) -> None:
    """Run a graph in this process, and end it right after one event is on record."""
    plugins = Plugins.load()

    def die(run: str, event: Event) -> None:
        if event.seq == job["place"]:
            os.kill(os.getpid(), signal.SIGKILL)

    plugins.observers.append(Observer(die))
    async with Engine(plugins, open_store(job["url"], plugins.registry)) as engine:
        await (await engine.start(job["graph"], job["inputs"])).wait()


if __name__ == "__main__":
    asyncio.run(_run_and_die(json.load(sys.stdin)))
