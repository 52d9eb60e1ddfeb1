"""What a graph needs to be installed: the distributions that offer its types, written into it when it is saved."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeAlias

from .registry import Offer, Registry
from .spec import Graph, TriggerSpec
from .task import TaskType
from .trigger import TriggerType
from .values import copy_value

Used: TypeAlias = tuple[str, str]
"""A kind and a name."""


def with_requires(graph: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """A graph with all that it needs under `requires`: what is there stays, and what is missing is added.

    Each distribution is required from the installed version on. What is not installed cannot be known; it stays.
    """
    made = dict(graph)
    standing = made.get("requires")
    if standing is not None and not isinstance(standing, Mapping):
        return made
    found = {offer.distribution for offer in _offers(graph, registry)} - {""}
    needed = {name: f">={_short(version)}" for name in sorted(found) if (version := _installed(name))}
    if needed or standing is not None:
        made["requires"] = {**needed, **(standing or {})}
    return made


def stamped(part: Mapping[str, Any], kind: str, type: str, registry: Registry) -> dict[str, Any]:
    """A part of a graph whose settings are written for the installed version of its type: `version` says so."""
    made = {key: value for key, value in part.items() if key != "version" or not isinstance(value, int)}
    with suppress(Exception):  # nobody offers it
        if (version := registry.offer(kind, type).type.version) > 1:
            made["version"] = version
    return made


def used_types(graph: Any, registry: Registry) -> Iterator[tuple[Used, Mapping[str, Any]]]:
    """Every type that a graph names, in bodies, triggers and settings too, with the part that names it."""
    for task in _mappings(graph, "tasks"):
        yield from _used_by("task", task, registry)
        for block in _mappings(task, "blocks"):
            yield from _used_by("block", block, registry)
    for trigger in _mappings(graph, "triggers"):
        yield from _used_by("trigger", trigger, registry)
        if isinstance(action := trigger.get("action"), Mapping):
            yield from _used_by("task", action, registry)


def _offers(graph: Any, registry: Registry) -> Iterator[Offer]:
    seen: set[Used] = set()
    for used, _ in used_types(graph, registry):
        if used not in seen:
            seen.add(used)
            with suppress(Exception):  # nobody offers it, or several do
                yield registry.offer(*used)


def _used_by(kind: str, part: Mapping[str, Any], registry: Registry) -> Iterator[tuple[Used, Mapping[str, Any]]]:
    """The type that a part of a graph names, and those in its settings."""
    name = part.get("type")
    if not isinstance(name, str):
        return
    yield (kind, name), part
    with suppress(Exception):  # it is not installed, or does not understand these settings
        type = registry.get(kind, name)
        if kind != "block" and _holds(type):
            config = type.Config.model_validate(copy_value(dict(part.get("config") or {})))
            for used, place in _held(type, config):
                yield from _used_by(used, place, registry) if used != "graph" else used_types(place, registry)


def _held(type: Any, config: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(type, TaskType):
        for _, graph in type.bodies(config):
            yield "graph", graph.document
        for _, trigger in type.triggers(config):
            yield "trigger", trigger.document
    for _, name, _ in type.embedded(config):
        yield "block", {"type": name}


def _holds(type: Any) -> bool:
    """Whether anything that has a type of its own may stand in its settings."""
    own = type.__class__
    base = TaskType if isinstance(type, TaskType) else TriggerType
    asked = [name for name in ("embedded", "bodies", "triggers") if hasattr(base, name)]
    if any(getattr(own, name) is not getattr(base, name) for name in asked):
        return True
    wanted = (Graph.__name__, TriggerSpec.__name__)
    return any(any(name in str(field.annotation) for name in wanted) for field in own.Config.model_fields.values())


def _mappings(owner: Any, key: str) -> Iterator[Mapping[str, Any]]:
    listed = owner.get(key) if isinstance(owner, Mapping) else None
    return (each for each in listed if isinstance(each, Mapping)) if isinstance(listed, list) else iter(())


def _installed(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def _short(version: str) -> str:
    """A version without the zeros at its end: 1.0 is 1."""
    while version.endswith(".0"):
        version = version.removesuffix(".0")
    return version
