"""One standing trigger: its document, whose it is, how far it has come, and what keeps it from firing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..check import prepare_trigger
from ..errors import InvalidTrigger, PluginError
from ..firing import is_timed
from ..registry import Registry
from ..spec import TriggerSpec
from ..trigger import TriggerType, listens
from ..values import is_id
from .moments import following


@dataclass(slots=True, kw_only=True)
class Standing:
    """A trigger that stands by itself, as it is kept."""

    id: str
    document: Mapping[str, Any]
    """What was written: `{id, type, config, inputs, action, …}`."""
    since: datetime
    """How far its moments are done with: when it was set, then the last that was due."""
    event: int
    """The number of the last event that was published before it was set."""
    holder: str | None = None
    """The workflow in whose document it stands."""
    key: str | None = None
    """The idempotency key of the task that set it."""
    chain: int = 0
    """How many triggers fired one after the other until it was set."""
    enabled: bool = True
    spent: bool = False
    """Whether it has fired for the only time."""
    version: int = 1
    """The version of its type for which its settings are written."""
    spec: TriggerSpec | None = field(default=None, compare=False)
    """Its type and settings, made ready; None where they cannot be used."""
    problem: str | None = None
    """Why it cannot fire, or not just now."""
    address: str | None = None
    """Where its listener can be reached."""
    gone: bool = False
    """Whether it was deleted or replaced."""

    @property
    def misfire(self) -> str:
        """What becomes of moments that were missed."""
        return self.document.get("misfire") or "once"

    @property
    def overlap(self) -> str:
        """What becomes of a firing while another one goes on."""
        return self.document.get("overlap") or "queue"

    @property
    def type(self) -> TriggerType | None:
        """Its type; None where that cannot be used."""
        return None if self.spec is None else self.spec.type

    @property
    def is_armed(self) -> bool:
        """Whether it may fire."""
        return self.enabled and not self.spent and self.spec is not None

    @property
    def is_over(self) -> bool:
        """Whether it goes by time and has no moment to come."""
        return self.spent or (self.is_armed and self.type is not None and is_timed(self.type) and self.next() is None)

    @property
    def listens(self) -> bool:
        """Whether it has a listener."""
        return self.is_armed and self.type is not None and listens(self.type)

    def next(self) -> datetime | None:
        """Its next moment; None if there is none, or where its type fails, which is then its problem."""
        if not self.is_armed or self.spec is None or self.spec.type is None:
            return None
        try:
            return following(self.spec.type, self.spec.config, self.since)
        except PluginError as error:
            self.fail(error)
            return None

    def fail(self, error: PluginError) -> None:
        """Fire no more, until it is changed or its plugin is: its type fails."""
        self.problem, self.spec = error.message, None

    def carry_on(self, old: "Standing") -> None:
        """Go on from where the one before stood, as far as this one fires as that one did."""
        if all(old.document.get(part) == self.document.get(part) for part in ("type", "config")):
            self.since, self.event, self.spent = old.since, old.event, old.spent
        if old.document.get("enabled") == self.document.get("enabled"):
            self.enabled = old.enabled

    def to_record(self) -> dict[str, Any]:
        """What is kept of it."""
        return {
            "document": dict(self.document),
            "since": iso(self.since),
            "event": self.event,
            "holder": self.holder,
            "key": self.key,
            "chain": self.chain,
            "enabled": self.enabled,
            "spent": self.spent,
            "version": self.version,
        }

    @classmethod
    def from_record(cls, id: str, record: Mapping[str, Any], registry: Registry) -> "Standing":
        """One that was kept; where it cannot be used as it is, its problem says why."""
        made = cls(id=id, **{**record, "since": datetime.fromisoformat(record["since"])})
        made.document = made._migrated(registry)
        made.arm(registry)
        return made

    def arm(self, registry: Registry) -> None:
        """Make its type and settings ready; where they cannot be used, its problem says why."""
        try:
            self.spec = prepare_trigger({**self.document, "id": self.document.get("id", self.id)}, registry)
        except InvalidTrigger as error:
            self.spec, self.problem = None, error.message
        else:
            self.problem = None
            assert self.spec.type is not None
            self.version = self.spec.type.version

    def _migrated(self, registry: Registry) -> Mapping[str, Any]:
        """Its document, with settings of an older version of its type brought along; what a workflow holds, stays."""
        try:
            type = registry.trigger(str(self.document.get("type")))
            if self.holder is not None or type.version == self.version or "version" in self.document:
                return self.document
            config = type.migrate(dict(self.document.get("config") or {}), self.version)
            return {**self.document, "version": type.version, "config": config}
        except Exception:  # arming it tells what is wrong
            return self.document

    def to_json(self) -> dict[str, Any]:
        """All that there is to say about it."""
        upcoming = self.next()
        told: dict[str, Any] = {"id": self.id, **self.document, "enabled": self.enabled} | {"id": self.id}
        told["next"] = None if upcoming is None else iso(upcoming)
        told |= {"holder": self.holder} if self.holder is not None else {}
        told |= {"address": self.address} if self.address is not None else {}
        return told | ({"problem": self.problem} if self.problem is not None else {})


def written(graph: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The triggers in a graph, which may be a draft, that have an id that can be used."""
    found: dict[str, Mapping[str, Any]] = {}
    listed = (graph or {}).get("triggers")
    for document in listed if isinstance(listed, list) else ():
        if isinstance(document, Mapping) and is_id(document.get("id")):
            found.setdefault(document["id"], document)
    return list(found.values())


def iso(moment: datetime) -> str:
    """A moment in UTC as ISO 8601 with microseconds, as `2026-11-24T10:05:30.000000Z`."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def at(seconds: float) -> datetime:
    """A time of a clock as a moment in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
