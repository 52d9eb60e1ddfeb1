"""Finds the installed plugins, asks each for its types, and keeps what went wrong."""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, wraps
from importlib.metadata import EntryPoint, entry_points, version
from inspect import isclass
from typing import Any, Final, Literal, TypeAlias

import pluggy
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from . import hookspecs
from .block import BlockType
from .errors import PluginError
from .events import Event
from .finding import Finding, Health
from .kind import Config, Ports
from .portvalues import declared_ports
from .registry import Registry
from .spec import ERROR_PORT
from .task import TaskType
from .trigger import TriggerType
from .values import is_id
from .words import Text, both

GROUP: Final = "blockloom"

Status: TypeAlias = Literal["active", "broken", "incompatible", "conflict", "disabled"]

_HOOKS: Final = {
    "block": "blockloom_block_types",
    "task": "blockloom_task_types",
    "trigger": "blockloom_trigger_types",
    "store": "blockloom_stores",
    "executor": "blockloom_executors",
}
_BASES: Final[dict[str, type[Any]]] = {"block": BlockType, "task": TaskType, "trigger": TriggerType}
_MODELS: Final[dict[str, type[Any]]] = {"Config": Config, "Content": Config, "Inputs": Ports, "Outputs": Ports}


_STATUS_WORDS: Final[dict[Status, tuple[str, str]]] = {
    "active": ("active", "可用"),
    "broken": ("broken", "损坏"),
    "incompatible": ("incompatible", "不兼容"),
    "conflict": ("in conflict with another", "与其他插件冲突"),
    "disabled": ("disabled by the settings", "已被设置停用"),
}


@dataclass(slots=True)
class Plugin:
    """One installed plugin: where it comes from, what it offers, and how it does."""

    name: str
    distribution: str
    version: str
    status: Status = "active"
    why: str = ""
    offers: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As `blockloom plugins --json` tells it; `types` lists `kind:name`."""
        return {
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "status": self.status,
            "why": self.why,
            "types": self.offers,
            "milliseconds": round(self.seconds * 1000, 1),
        }

    def finding(self) -> Finding:
        """How it does, for `blockloom doctor`."""
        state: Health = "ok" if self.status in ("active", "disabled") else "failed"
        what = f"{self.distribution} {self.version}"
        words = _STATUS_WORDS[self.status]
        text: Text = both(f"{what}: {words[0]}", f"{what}：{words[1]}")
        if self.why and state != "ok":
            text = both(f"{what}: {words[0]}: {self.why}", f"{what}：{words[1]}：{self.why}")
        return Finding(name=f"plugin.{self.name}", state=state, text=text)

    def spoil(self, status: Status, why: str) -> None:
        """Record what is wrong; the first complaint decides the status, later ones are added."""
        self.status = status if self.status == "active" else self.status
        self.why = f"{self.why}; {why}" if self.why else why


class Plugins:
    """The plugins of one program: what they registered and what is wrong with them."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.found: list[Plugin] = []
        self.commands: list[Any] = []
        self.observers: list[Callable[..., object]] = []
        self.checks: list[tuple[str, Callable[..., Any]]] = []
        self._manager = pluggy.PluginManager("blockloom")
        self._manager.add_hookspecs(hookspecs)

    @classmethod
    def load(cls, disable: Collection[str] | None = None) -> "Plugins":
        """All installed plugins, but for those disabled by name (`BLOCKLOOM_DISABLE`, separated by commas)."""
        if disable is None:
            disable = os.environ.get("BLOCKLOOM_DISABLE", "").split(",")
        names = {name.strip() for name in disable} - {""}
        distributions = {canonicalize_name(name) for name in names}
        plugins = cls()
        for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, _distribution(p))):
            disabled = point.name in names or canonicalize_name(_distribution(point)) in distributions
            plugins.add(point, disabled=disabled)
        plugins.find_conflicts()
        return plugins

    def add(self, point: EntryPoint, disabled: bool = False) -> Plugin:
        """Load one plugin; whatever goes wrong with it is kept in its row, and nothing of it is used."""
        plugin = Plugin(point.name, _distribution(point), _version(point))
        self.found.append(plugin)
        began = time.perf_counter()
        if disabled:
            plugin.spoil("disabled", "disabled by the settings")
        elif why := _incompatible(point):
            plugin.spoil("incompatible", why)
        else:
            self._load(point, plugin)
        plugin.seconds = time.perf_counter() - began
        return plugin

    def find_conflicts(self) -> None:
        """Mark the plugins that offer the same type, or carry the same name, as others do."""
        rows = {(p.name, p.distribution): p for p in self.found}
        for offers in self.registry.conflicts():
            for offer in offers:
                if row := rows.get((offer.plugin, offer.distribution)):
                    others = " and ".join(o.owner for o in offers if o is not offer)
                    row.spoil("conflict", f"the {offer.kind} type {offer.name!r} is also offered by {others}")
        for plugin in self.found:
            same = [p.distribution for p in self.found if p.name == plugin.name and p is not plugin]
            if same:
                plugin.spoil("conflict", f"the entry point {plugin.name!r} is also used by {' and by '.join(same)}")

    def findings(self, area: str | None = None) -> list[Finding]:
        """How everything does on this machine, or what belongs to one area, by name; it may take a moment."""
        found = [plugin.finding() for plugin in self.found]
        for name, check in self.checks:
            found += _asked(name, check)
        return sorted((f for f in found if area in (None, f.area)), key=lambda finding: finding.name)

    def _load(self, point: EntryPoint, plugin: Plugin) -> None:
        name = f"{point.name} ({plugin.distribution})"
        try:
            with _guarded(plugin.name):
                module = point.load()
                self._manager.register(module, name=name)
                self._manager.check_pending()
                offers = [(kind, type) for kind in _HOOKS for type in self._ask(module, _HOOKS[kind])]
                for kind, type in offers:
                    _examine(kind, type)
                commands = self._ask(module, "blockloom_commands")
        except PluginError as error:
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            plugin.spoil("broken", error.why)
            self.registry.broken[name] = error.why
            return
        for kind, type in offers:
            self.registry.add(kind, type, plugin.name, plugin.distribution)
            plugin.offers.append(f"{kind}:{type.name}")
        self.commands += commands
        for implementation in self._manager.hook.blockloom_checks.get_hookimpls():
            if implementation.plugin is module:
                self.checks.append((plugin.name, implementation.function))
        for implementation in self._manager.hook.blockloom_event.get_hookimpls():
            if implementation.plugin is module:
                self.observers.append(_observer(implementation))

    def _ask(self, module: Any, hook: str) -> list[Any]:
        """What one plugin answers to one hook."""
        answers = [i.function() for i in getattr(self._manager.hook, hook).get_hookimpls() if i.plugin is module]
        for answer in answers:
            if isinstance(answer, str) or not isinstance(answer, Iterable):
                raise PluginError("", f"{hook} gave back {type(answer).__name__} instead of a list")
        return [offer for answer in answers for offer in answer]


def _asked(plugin: str, check: Callable[..., Any]) -> list[Finding]:
    """What a plugin found; that it could not look is a finding too."""
    try:
        with _guarded(plugin):
            found = list(check())
            if wrong := [each for each in found if not isinstance(each, Finding)]:
                raise PluginError(plugin, f"blockloom_checks gave back {type(wrong[0]).__name__} instead of a Finding")
    except PluginError as error:
        text = both(f"its checks failed: {error.why}", f"其检查失败：{error.why}")
        return [Finding(name=f"plugin.{plugin}", state="failed", text=text)]
    return found


@cache
def installed() -> Plugins:
    """The installed plugins, loaded once a process: for programs that do not load their own."""
    return Plugins.load()


@contextlib.contextmanager
def _guarded(name: str) -> Iterator[None]:
    """Turns whatever a plugin raises, `sys.exit` included, into a PluginError; its prints go to stderr."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except (KeyboardInterrupt, PluginError):
        raise
    except BaseException as error:
        raise PluginError(name, f"{type(error).__name__}: {error}") from error


def _observer(implementation: pluggy.HookImpl) -> Callable[..., object]:
    """A plugin's observer as a function of a run and an event, whichever of the two it asks for."""
    function = implementation.function

    @wraps(function)
    def observe(run: str, event: Event) -> object:
        given = {"run": run, "event": event}
        return function(*(given[name] for name in implementation.argnames))

    return observe


def _examine(kind: str, type: Any) -> None:
    """Refuse a type that cannot work."""
    if not isclass(type) or not issubclass(type, _BASES.get(kind, object)):
        raise PluginError("", f"{type!r} is offered as a {kind} type and is none")
    name = getattr(type, "name", None)
    if not isinstance(name, str) or not all(map(is_id, name.split("."))):
        raise PluginError("", f"the {kind} type {type.__name__} has no usable name: {name!r}")
    if missing := [n for n in dir(type) if getattr(getattr(type, n, None), "__isabstractmethod__", False)]:
        raise PluginError("", f"the {kind} type {name!r} does not define {', '.join(missing)}")
    for attribute, base in _MODELS.items():
        model = getattr(type, attribute, base)
        if kind in _BASES and not (isclass(model) and issubclass(model, base)):
            raise PluginError("", f"{attribute} of the {kind} type {name!r} is no class made of {base.__name__}")
    if issubclass(type, TaskType) and ERROR_PORT in declared_ports(type).outputs:
        raise PluginError("", f"the task type {name!r} declares an output 'error', which every task has already")


def _distribution(point: EntryPoint) -> str:
    # An uninstallation that was cut off leaves a distribution without metadata, and so without a name.
    return (point.dist and point.dist.name) or ""


def _version(point: EntryPoint) -> str:
    return (point.dist and point.dist.version) or ""


def _incompatible(point: EntryPoint) -> str:
    """Why the plugin does not fit this blockloom, by what its distribution requires; empty if it does."""
    here = version("blockloom")
    for text in (point.dist.requires if point.dist else None) or ():
        try:
            wanted = Requirement(text)
        except InvalidRequirement:
            continue
        applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
        if canonicalize_name(wanted.name) == "blockloom" and applies and not wanted.specifier.contains(here, True):
            return f"it requires blockloom{wanted.specifier}, and blockloom {here} is installed"
    return ""
