"""Finds the installed plugins, asks each for its types, and keeps what went wrong."""

import importlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache, cached_property, partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import pluggy
from packaging.utils import canonicalize_name

from . import hookspecs, remedies
from .errors import PluginError
from .examination import flaws_of, refuse_unusable
from .faults import Fault, Faults
from .finding import Finding
from .guarding import Outcome, guarded, guarded_each
from .home import home
from .plugin import PATIENCE, Observer, Plugin, Source
from .registry import Offer, Registry
from .undisturbed import undisturbed
from .words import Text, both

GROUP: Final = "blockloom"

DISABLE: Final = "BLOCKLOOM_DISABLE"
"""The setting that names plugins to leave out, separated by commas."""

TIME_LIMIT: Final = "BLOCKLOOM_PLUGIN_SECONDS"
"""The setting that says how long a plugin may take to be imported, and to answer; 10 seconds by itself."""

HOOKS: Final = {
    "block": "blockloom_block_types",
    "task": "blockloom_task_types",
    "trigger": "blockloom_trigger_types",
    "store": "blockloom_stores",
    "executor": "blockloom_executors",
}
"""The kinds of what a plugin offers, each with the hook that offers it."""
_DISABLED: Final = both("disabled by the settings", "已被设置停用")


class _Manager(pluggy.PluginManager):
    """Looks for hooks only among what is called like one: a module has many other names."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        """The options of an implementation; None where it is none."""
        return super().parse_hookimpl_opts(plugin, name) if name.startswith(GROUP) else None


class Plugins:
    """The plugins of one program: what they registered and what is wrong with them."""

    def __init__(self, disable: Collection[str] = (), faults: Faults | None = None) -> None:
        self.registry = Registry()
        self.registry.report = self._report
        self.found: list[Plugin] = []
        self.observers: list[Observer] = []
        self.checks: list[tuple[str, Callable[..., Any]]] = []
        names = {name.strip() for name in disable} - {""}
        self._disabled = names | {canonicalize_name(name) for name in names}
        self._faults = faults or Faults()
        self._sources: dict[tuple[str, str], Source] = {}
        self._manager = _Manager("blockloom")
        self._manager.add_hookspecs(hookspecs)

    @classmethod
    def load(cls, disable: Collection[str] | None = None) -> "Plugins":
        """All installed plugins, but for those disabled by name (`BLOCKLOOM_DISABLE`, separated by commas)."""
        if disable is None:
            disable = os.environ.get(DISABLE, "").split(",")
        plugins = cls(disable, Faults(home() / "plugin-faults.json"))
        plugins.refresh()
        return plugins

    def refresh(self) -> bool:
        """Look again at what is installed; whether there was anything new. What is loaded already stays as it is."""
        importlib.invalidate_caches()
        there = {source.key: source for source in map(Source.of, entry_points(group=GROUP))}
        before = {(row.name, row.distribution): row for row in self.found}
        for key, row in before.items():
            source = there.get(key)
            if source is None or (row.module is None and row.status != "disabled"):
                self._drop(row)
            elif source.version != row.version:
                told = both(f"version {source.version} is installed now", f"现在安装的是版本 {source.version}")
                row.spoil("active", told, remedies.restart())
        new = [there[key] for key in sorted(there) if key not in {(row.name, row.distribution) for row in self.found}]
        self._add(new)
        self.found.sort(key=lambda row: (row.name, row.distribution))
        self.find_conflicts()
        return [(r.name, r.distribution, r.status) for r in before.values()] != [
            (r.name, r.distribution, r.status) for r in self.found
        ]

    def findings(self, area: str | None = None) -> list[Finding]:
        """How everything does on this machine, or what belongs to one area, by name; it may take a moment."""
        found = [plugin.finding() for plugin in self.examined()] if area in (None, "plugin") else []
        for name, check in self.checks:
            found += _asked(name, check)
        return sorted((f for f in found if area in (None, f.area)), key=lambda finding: finding.name)

    def examined(self) -> list[Plugin]:
        """The plugins, once each has been looked at thoroughly; it takes a moment the first time."""
        for row in self.found:
            source = self._sources[row.name, row.distribution]
            if row.module is not None and not row.examined:
                row.examined = True
                for offer in self.registry.of_plugin(row.name, row.distribution):
                    for flaw in flaws_of(offer):
                        row.spoil("active", *remedies.rubbish(source, offer.kind, offer.name, flaw))
                if lacking := [str(each) for each in remedies.lacking(source)]:
                    told = both(f"it lacks {', '.join(lacking)}", f"它缺少 {', '.join(lacking)}")
                    row.spoil("active", told, remedies.for_import(source, None))
            for kept in self._faults.of(row.distribution, row.version):
                row.spoil("active", *kept)
        return self.found

    @cached_property
    def commands(self) -> list[Any]:
        """The commands that the plugins offer; one whose plugin cannot tell them is told of in its row."""
        found: list[Any] = []
        for row in self.found:
            if row.module is not None:
                try:
                    found += guarded(partial(self._ask, row.module, "blockloom_commands"), _limit())
                except PluginError as error:
                    source = self._sources[row.name, row.distribution]
                    row.spoil("active", f"blockloom_commands: {error.why}", remedies.upgrade(source))
        return found

    def observe(self, function: Callable[..., object]) -> None:
        """Have a function called with the id of a run and an event, for every recorded event of every run."""
        self.observers.append(Observer(function))

    def owner_of(self, module: str) -> Plugin | None:
        """The plugin that a module belongs to, of those that offer something that runs."""
        top = module.partition(".")[0]
        for row in self.found if top != GROUP else ():
            if row.module is not None and row.offers and row.module.__name__.partition(".")[0] == top:
                return row
        return None

    def blame(self, row: Plugin, place: str) -> bool:
        """Record that code of a plugin held up the event loop; whether that was not known yet."""
        return self._keep(row, remedies.held_up(self._sources[row.name, row.distribution], place))

    def add(self, point: EntryPoint) -> Plugin:
        """Load one plugin; whatever goes wrong with it is kept in its row, and nothing of it is used."""
        self._add([Source.of(point)])
        return self.found[-1]

    def _add(self, sources: Sequence[Source]) -> None:
        loading = []
        for source in sources:
            row = Plugin(source.point.name, source.distribution, source.version)
            self.found.append(row)
            self._sources[source.key] = source
            if self._disabled & {row.name, canonicalize_name(row.distribution)}:
                row.spoil("disabled", _DISABLED, remedies.ENABLE)
            elif why := remedies.incompatible(source):
                row.spoil("incompatible", why, remedies.fit(source))
            else:
                loading.append((source, row))
        with undisturbed():
            outcomes = guarded_each([partial(self._ask_all, source) for source, _ in loading], _limit())
        for (source, row), outcome in zip(loading, outcomes, strict=True):
            row.seconds = outcome.seconds
            self._settle(source, row, outcome)

    def _settle(self, source: Source, row: Plugin, outcome: Outcome[Any]) -> None:
        """Use what a plugin offers, or note why nothing of it is used."""
        try:
            row.module, offers = outcome.give()
        except PluginError as error:
            self._forget(source.owner)
            row.spoil("broken", error.why, remedies.for_import(source, error.__cause__))
            self.registry.broken[source.owner] = error.why
            return
        for kind, type in offers:
            self.registry.add(kind, type, row.name, row.distribution)
            row.offers.append(f"{kind}:{type.name}")
        self._listen(source, row)
        self._check_version(source, row)

    def _ask_all(self, source: Source) -> tuple[Any, list[tuple[str, Any]]]:
        """The module of a plugin, once it is imported, and what it offers."""
        module = source.point.load()
        self._manager.register(module, name=source.owner)
        try:
            self._manager.check_pending()
            return module, list(self._offered(module))
        except BaseException:
            self._forget(source.owner)
            raise

    def _forget(self, owner: str) -> None:
        if self._manager.has_plugin(owner):
            self._manager.unregister(name=owner)

    def _offered(self, module: Any) -> Iterator[tuple[str, Any]]:
        for kind, hook in HOOKS.items():
            for type in self._ask(module, hook):
                refuse_unusable(kind, type)
                yield kind, type

    def _listen(self, source: Source, row: Plugin) -> None:
        """Note what a plugin checks and observes."""
        for implementation in self._implementations(row.module, "blockloom_checks"):
            self.checks.append((row.name, implementation.function))
        for implementation in self._implementations(row.module, "blockloom_event"):

            def cut_off(why: str) -> None:
                self._keep(row, remedies.cut_off(source, "blockloom_event", PATIENCE, why))

            self.observers.append(Observer(implementation.function, implementation.argnames, cut_off, row.module))

    def _check_version(self, source: Source, row: Plugin) -> None:
        said = getattr(row.module, "__version__", None)
        if isinstance(said, str) and row.version and said != row.version:
            told = both(
                f"it says that it is version {said}, and version {row.version} is installed",
                f"它自称版本 {said}，而安装的是版本 {row.version}",
            )
            row.spoil("active", told, remedies.reinstall(source))

    def _drop(self, row: Plugin) -> None:
        """Forget a plugin that is not there any more."""
        self.found.remove(row)
        name = self._sources.pop((row.name, row.distribution)).owner
        self.registry.broken.pop(name, None)
        self.registry.remove(row.name, row.distribution)
        self._forget(name)
        self.checks[:] = [(plugin, check) for plugin, check in self.checks if plugin != row.name]
        for observer in [each for each in self.observers if row.module is not None and each.module is row.module]:
            observer.end()
            self.observers.remove(observer)

    def find_conflicts(self) -> None:
        """Mark the plugins that offer the same type, or carry the same name, as others do."""
        for row in self.found:
            row.complaints[:] = [each for each in row.complaints if each.status != "conflict"]
        for offers in self.registry.conflicts():
            for offer in offers:
                others = [o.owner for o in offers if o is not offer]
                english = f"the {offer.kind} type {offer.name!r} is also offered by {' and '.join(others)}"
                chinese = f"{offer.kind} 类型 {offer.name!r} 也由 {' 和 '.join(others)} 提供"
                self._clash(self._row(offer.plugin, offer.distribution), both(english, chinese))
        for row in self.found:
            same = [p.distribution for p in self.found if p.name == row.name and p is not row]
            if same:
                english = f"the entry point {row.name!r} is also used by {' and by '.join(same)}"
                self._clash(row, both(english, f"入口点 {row.name!r} 也被 {'、'.join(same)} 使用"))

    def _clash(self, row: Plugin | None, told: Text) -> None:
        if row is not None:
            row.spoil("conflict", told, remedies.keep_one(self._sources[row.name, row.distribution]))

    def _row(self, plugin: str, distribution: str) -> Plugin | None:
        return next((row for row in self.found if (row.name, row.distribution) == (plugin, distribution)), None)

    def _report(self, offer: Offer, why: str) -> None:
        """Keep what a type did wrong while it ran."""
        if row := self._row(offer.plugin, offer.distribution):
            source = self._sources[row.name, row.distribution]
            self._keep(row, remedies.rubbish(source, offer.kind, offer.name, why))

    def _keep(self, row: Plugin, fault: Fault) -> bool:
        """Note what a plugin did wrong while it ran, here and for other processes; whether that was not known yet."""
        if any((each.text, each.remedy) == fault for each in row.complaints):
            return False
        row.spoil("active", *fault)
        self._faults.add(row.distribution, row.version, fault)
        return True

    def _implementations(self, module: Any, hook: str) -> list[pluggy.HookImpl]:
        """Those of one plugin, which has at most one; the latest plugin stands last."""
        every = reversed(getattr(self._manager.hook, hook).get_hookimpls())
        found = next((each for each in every if each.plugin is module), None)
        return [] if found is None else [found]

    def _ask(self, module: Any, hook: str) -> list[Any]:
        """What one plugin answers to one hook."""
        answers: list[Any] = [implementation.function() for implementation in self._implementations(module, hook)]
        for answer in answers:
            if isinstance(answer, str) or not isinstance(answer, Iterable):
                raise PluginError("", f"{hook} gave back {type(answer).__name__} instead of a list")
        return [offer for answer in answers for offer in answer]


@cache
def installed() -> Plugins:
    """The installed plugins, loaded once a process: for programs that do not load their own."""
    return Plugins.load()


def _asked(plugin: str, check: Callable[..., Any]) -> list[Finding]:
    """What a plugin found; that it could not look is a finding too."""
    try:
        found = guarded(lambda: list(check()), _limit())
        if wrong := [each for each in found if not isinstance(each, Finding)]:
            raise PluginError(plugin, f"blockloom_checks gave back {type(wrong[0]).__name__} instead of a Finding")
    except PluginError as error:
        text = both(f"its checks failed: {error.why}", f"其检查失败：{error.why}")
        return [Finding(name=f"plugin.{plugin}", state="failed", text=text)]
    return found


def _limit() -> float:
    """Seconds that a plugin may take."""
    try:
        return float(os.environ.get(TIME_LIMIT, ""))
    except ValueError:
        return 10.0
