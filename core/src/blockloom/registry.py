"""The kinds by name, and who offered them."""

import json
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from hashlib import sha256
from typing import Any, Final, NamedTuple, cast

from .block import BlockType
from .errors import PluginError, TypeConflict, UnknownType
from .kind import Kind
from .portvalues import declared_ports
from .schema import schema_of
from .task import TaskType
from .trigger import TriggerType
from .values import copy_value

KINDS: Final = ("block", "task", "trigger", "store", "executor")

LONGEST: Final = 200
"""Characters of a name for which similar names are looked up."""


class Offer(NamedTuple):
    """A type and the plugin that offers it."""

    kind: str
    name: str
    type: type[Any]
    plugin: str
    distribution: str

    @property
    def owner(self) -> str:
        """The plugin, for a sentence: `shout (acme-shout)`."""
        return f"{self.plugin} ({self.distribution})" if self.distribution else self.plugin

    def told(self) -> dict[str, Any]:
        """All that the type says about itself; where that fails, what is known of it, and why as `broken`."""
        try:
            told: dict[str, Any] = copy_value(self.to_json())
            return told
        except Exception as error:  # the type's own code: whatever it raises, the others are listed
            return {**self._known(), "broken": f"{type(error).__name__}: {error}"[:500]}

    def _known(self) -> dict[str, Any]:
        return {"kind": self.kind, "name": self.name, "plugin": self.plugin, "distribution": self.distribution}

    def to_json(self) -> dict[str, Any]:
        """All that the type says about itself."""
        told = self._known()
        if issubclass(self.type, Kind):
            told |= _about(self.type)
        for model in ("Config", "Content"):
            if hasattr(self.type, model):
                told["schema"] = schema_of(getattr(self.type, model))
        if issubclass(self.type, TaskType):
            told["ports"] = declared_ports(self.type).to_json()
        return told


def _silent(offer: Offer, why: str) -> None:
    """Nobody wants to know."""


class Registry:
    """The types that may be used, each by its kind and name. Types are made once, when first used."""

    def __init__(self) -> None:
        self._offers: dict[tuple[str, str], list[Offer]] = {}
        self._made: dict[type[Any], Any] = {}
        self._told: dict[Offer, dict[str, Any]] = {}
        self.broken: dict[str, str] = {}
        """Plugins that offer nothing because they are broken, each with why."""
        self.report: Callable[[Offer, str], None] = _silent
        """Told of what a type does wrong while it runs."""

    def add(self, kind: str, type: type[Any], plugin: str = "this program", distribution: str = "") -> None:
        """Offer a type. A second offer of one name is kept as a conflict; neither is used then."""
        offer = Offer(kind, type.name, type, plugin, distribution)
        self._offers.setdefault((kind, offer.name), []).append(offer)

    def remove(self, plugin: str, distribution: str) -> None:
        """Withdraw everything that a plugin offers."""
        for key, offers in list(self._offers.items()):
            offers[:] = [each for each in offers if (each.plugin, each.distribution) != (plugin, distribution)]
            if not offers:
                del self._offers[key]

    def offers(self, kind: str | None = None) -> list[Offer]:
        """Everything on offer, by kind and name; conflicting offers are all in it."""
        every = (o for offers in self._offers.values() for o in offers if kind in (None, o.kind))
        return sorted(every, key=lambda o: (o.kind, o.name, o.plugin, o.distribution))

    def of_plugin(self, plugin: str, distribution: str) -> list[Offer]:
        """Everything that one plugin offers."""
        return [offer for offer in self.offers() if (offer.plugin, offer.distribution) == (plugin, distribution)]

    def conflicts(self) -> Iterator[list[Offer]]:
        """The offers of each name that more than one plugin offers."""
        return (offers for offers in self._offers.values() if len(offers) > 1)

    def offer(self, kind: str, name: str) -> Offer:
        """The one offer of a name; raises UnknownType or TypeConflict."""
        offers = self._offers.get((kind, name)) or self._renamed(kind, name)
        if len(offers) == 1:
            return offers[0]
        if offers:
            raise TypeConflict(kind, name, [o.owner for o in offers])
        names = [n for k, n in self._offers if k == kind]
        near = get_close_matches(name, names) if len(name) <= LONGEST else []
        broken = "".join(f" The plugin {plugin} is broken: {why}" for plugin, why in self.broken.items())
        raise UnknownType(kind, name, near, broken.strip())

    def _renamed(self, kind: str, name: str) -> list[Offer]:
        """The offers that replace a name which nobody offers any more."""
        return [offer for offer in self.offers(kind) if name in getattr(offer.type, "replaces", ())]

    def get(self, kind: str, name: str) -> Any:
        """The type itself, made; raises UnknownType, TypeConflict, or PluginError where it cannot be made."""
        offer = self.offer(kind, name)
        made = self._made.get(offer.type)
        if made is None:
            try:
                made = self._made[offer.type] = offer.type()
            except Exception as error:
                why = f"the {kind} type {name!r} cannot be made: {type(error).__name__}: {error}"
                raise PluginError(offer.owner, why) from error
        return made

    def block(self, name: str) -> BlockType:
        """The block type of this name."""
        return cast(BlockType, self.get("block", name))

    def task(self, name: str) -> TaskType:
        """The task type of this name."""
        return cast(TaskType, self.get("task", name))

    def trigger(self, name: str) -> TriggerType:
        """The trigger type of this name."""
        return cast(TriggerType, self.get("trigger", name))

    def blame(self, kind: str, name: str, why: str) -> None:
        """Tell of what a type did wrong while it ran."""
        offers = self._offers.get((kind, name), ())
        if len(offers) == 1:
            self.report(offers[0], why)

    def described(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What every type says about itself, by kind and name; each is asked only once."""
        every = self.offers(kind)
        for offer in every:
            if offer not in self._told:
                self._told[offer] = offer.told()
        return [self._told[offer] for offer in every]

    def fingerprint(self) -> str:
        """A text that changes with anything that any type says about itself."""
        told = json.dumps(self.described(), sort_keys=True, ensure_ascii=False)
        return sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def fresh(self) -> "Registry":
        """The same offers, with types made anew: what one holds open, the other does not see."""
        other = Registry()
        other._offers = self._offers
        other.broken = self.broken
        other.report = self.report
        return other

    async def close(self) -> None:
        """Close every type that was made."""
        made, self._made = self._made, {}
        for type in made.values():
            if isinstance(type, Kind):
                await type.close()


def _about(type: type[Kind]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "version": type.version,
        "title": type.title or type.name,
        "description": type.description or (type.__doc__ or "").strip(),
        "icon": type.icon,
        "replaces": list(type.replaces),
        "category": type.category,
        "examples": [dict(example) for example in type.examples],
    }
    if hasattr(type, "effects"):
        told["effects"] = type.effects
    return told
