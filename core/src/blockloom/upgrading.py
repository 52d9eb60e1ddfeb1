"""What an upgrade of the installed types means for a graph that was written before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .check import check
from .errors import PluginError, TypeConflict, UnknownType
from .problem import Problem
from .registry import Registry
from .words import Text, both, fill, join, tell

Verdict: TypeAlias = Literal["safe", "breaking", "blocked"]
"""The installed types bring it along; they do not understand it any more; they cannot say."""

_BLOCKING = {"unknown-type", "unsupported-version", "plugin-error"}
_OLDER = both("written for version {found}, and brought to version {here}", "按版本 {found} 编写，已迁移到版本 {here}")
_RENAMED = both("renamed from {old!r} to {new!r}", "已由 {old!r} 更名为 {new!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """One part of a graph whose type is another than it was written for, and what that means."""

    path: str
    type: str
    verdict: Verdict
    text: Text
    advice: Text = ""

    def to_json(self, language: str | None = None) -> dict[str, Any]:
        """As `{path, type, verdict, message, hint}`."""
        return {
            "path": self.path,
            "type": self.type,
            "verdict": self.verdict,
            "message": tell(self.text, language),
            "hint": tell(self.advice, language),
        }


def upgrades(graph: Any, registry: Registry) -> list[Upgrade]:
    """What differs between the types that a graph was written for and those that are installed, part by part."""
    found = check(graph, registry)
    made = []
    for kind, path, part in _parts(graph, ""):
        upgrade = _upgrade(kind, path, part, registry, found)
        if upgrade is not None:
            made.append(upgrade)
    return made


def _upgrade(kind: str, path: str, part: Mapping[str, Any], registry: Registry, found: list[Problem]) -> Upgrade | None:
    name = str(part.get("type"))
    wrong = [p for p in found if p.severity == "error" and _is_of(p.path, path)]
    blocked = [p for p in wrong if p.code in _BLOCKING]
    if blocked:
        return Upgrade(path=path, type=name, verdict="blocked", text=blocked[0].text, advice=blocked[0].advice)
    try:
        offer = registry.offer(kind, name)
    except (UnknownType, TypeConflict, PluginError):
        return None
    version = part.get("version")
    written = version if type(version) is int else 1
    here = getattr(offer.type, "version", 1)
    told = []
    if offer.name != name:
        told.append(fill(_RENAMED, {"old": name, "new": offer.name}))
    if written != here:
        told.append(fill(_OLDER, {"found": written, "here": here}))
    if not told:
        return None
    if wrong:
        return Upgrade(path=path, type=name, verdict="breaking", text=wrong[0].text, advice=wrong[0].advice)
    return Upgrade(path=path, type=name, verdict="safe", text=join(told))


def _parts(graph: Any, path: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The parts of a graph that have a type, bodies included, each with its kind and the path to it."""
    for place, task in _listed(graph, "tasks"):
        here = f"{path}/tasks/{place}"
        yield "task", here, task
        for number, block in _listed(task, "blocks"):
            yield "block", f"{here}/blocks/{number}", block
        config = task.get("config")
        for key, value in config.items() if isinstance(config, Mapping) else ():
            yield from _parts(value, f"{here}/config/{key}")
    for place, trigger in _listed(graph, "triggers"):
        yield "trigger", f"{path}/triggers/{place}", trigger


def _listed(owner: Any, key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    listed = owner.get(key) if isinstance(owner, Mapping) else None
    for place, part in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(part, Mapping):
            yield place, part


def _is_of(path: str, part: str) -> bool:
    """Whether a path lies in a part itself, and not in a block or a body of it."""
    inner = path.removeprefix(part)
    return path.startswith(f"{part}/") and "/blocks/" not in inner and "/tasks/" not in inner
