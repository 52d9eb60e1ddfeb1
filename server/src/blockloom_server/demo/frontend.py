"""A small front end: it knows the server only by its WebSocket."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from ..remote import Remote, session
from ..version import PROTOCOL
from .examples import FAVOURITES, inputs_for

Tell = Callable[[str], None]
"""Shows a line to whoever started the demo."""

ENDS: Final = ("run.completed", "run.failed", "run.stopped")

_SIGNS: Final = {"completed": "✓", "failed": "✗", "canceled": "–", "started": "▸", "progress": "…", "output": "…"}
_SILENT: Final = ("task.waiting", "task.ready")


async def show(address: str, tell: Tell) -> bool:
    """Run an example on the server at `address` and show what happens; whether it completed."""
    async with session(address) as remote:
        welcome = await remote.call("session.hello", protocol=PROTOCOL)
        tell(f"Connected to {welcome['server']['name']} {welcome['server']['version']} at {address}.")
        kinds = Counter(type["kind"] for type in (await remote.call("types.list"))["types"])
        tell("Types: " + ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())) + ".")
        stored = (await remote.call("workflow.list"))["workflows"]
        tell("Workflows: " + (", ".join(str(row["name"]) for row in stored) or "none") + ".")
        for name in FAVOURITES:
            for row in stored:
                graph = (await remote.call("workflow.get", workflow=row["workflow"]))["graph"]
                if row["name"] == name and (inputs := inputs_for(graph)) is not None:
                    return await _run(remote, row, inputs, tell)
        tell("There is no example to run.")
        return True


async def _run(remote: Remote, row: Mapping[str, Any], inputs: Mapping[str, Any], tell: Tell) -> bool:
    run = (await remote.call("run.start", workflow=row["workflow"], inputs=inputs))["run"]
    await remote.call("subscribe", run=run, after=0)
    tell(f"\nThe run {run} of {row['name']}:")
    began: datetime | None = None
    while True:
        event = await remote.event()
        time = datetime.fromisoformat(event["time"])
        began = began or time
        if event["type"] not in _SILENT:
            tell(_line(event, (time - began).total_seconds()))
        if event["type"] in ENDS:
            break
    told = await remote.call("run.get", run=run)
    tell(f"\n{told['state']}" + (f": {told['error']['message']}" if "error" in told else ""))
    for name, value in (await remote.call("run.outputs", run=run))["outputs"].items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
        tell(f"\n{name}:\n{text}")
    return bool(told["state"] == "COMPLETED")


def _line(event: Mapping[str, Any], seconds: float) -> str:
    """An event for a person, as `  0.012 s  ✓ parse completed  result=…`."""
    what, _, how = event["type"].partition(".")
    sign = _SIGNS.get(how, "·") if what == "task" else "■"
    facts = event["data"].get("outputs") or event["data"].get("error") or event["data"]
    told = "  ".join(f"{name}={_short(value)}" for name, value in facts.items() if name not in ("attempt", "inputs"))
    return _cut(f"  {seconds:7.3f} s  {sign} {event.get('task', 'run')} {how}  {told}".rstrip(), 120)


def _short(value: Any) -> str:
    return _cut(json.dumps(value, ensure_ascii=False), 48)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
