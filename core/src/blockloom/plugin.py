"""One installed plugin: where it comes from, what it offers, how it does, and what to do where it does badly."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from .events import Event
from .finding import Finding, Health
from .words import Text, both, fill, join, tell

_log = logging.getLogger(__name__)

Status: TypeAlias = Literal["active", "broken", "incompatible", "conflict", "disabled"]

PATIENCE: Final = 5
"""How often a hook may raise before it is called no more."""

STATUS_WORDS: Final[dict[Status, Text]] = {
    "active": both("active", "可用"),
    "broken": both("broken", "损坏"),
    "incompatible": both("incompatible", "不兼容"),
    "conflict": both("conflict", "冲突"),
    "disabled": both("disabled", "已停用"),
}
_TOLD: Final = both("{what}: {status}", "{what}：{status}")
_TOLD_WHY: Final = both("{what}: {status}: {why}", "{what}：{status}：{why}")


class Source(NamedTuple):
    """Where a plugin comes from: its entry point, and what its distribution says."""

    point: EntryPoint
    distribution: str
    version: str
    requires: Sequence[str]

    @classmethod
    def of(cls, point: EntryPoint) -> "Source":
        """Read once, for reading it takes a while. A distribution that is torn has neither name nor version."""
        told: Any = point.dist.metadata if point.dist else {}
        return cls(point, _one(told, "Name"), _one(told, "Version"), _all(told, "Requires-Dist"))

    @property
    def owner(self) -> str:
        """The plugin, for a sentence: `shout (acme-shout)`."""
        return f"{self.point.name} ({self.distribution})"

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others: the name of the entry point, and the distribution."""
        return self.point.name, self.distribution


class Complaint(NamedTuple):
    """Something wrong with a plugin, the status that it has for it, and what to do."""

    status: Status
    text: Text
    remedy: Text = ""


@dataclass(slots=True)
class Plugin:
    """One installed plugin."""

    name: str
    distribution: str
    version: str
    complaints: list[Complaint] = field(default_factory=list)
    offers: list[str] = field(default_factory=list)
    seconds: float = 0.0
    module: Any = None
    examined: bool = False

    @property
    def status(self) -> Status:
        """`active`, unless something keeps it from working."""
        return next((c.status for c in self.complaints if c.status != "active"), "active")

    @property
    def why(self) -> str:
        """What is wrong with it, in the language of this process."""
        return tell(join(complaint.text for complaint in self.complaints))

    @property
    def remedy(self) -> str:
        """What to do about it, in the language of this process."""
        return tell(self._remedy)

    def to_json(self) -> dict[str, Any]:
        """As `blockloom plugins --json` tells it; `types` lists `kind:name`."""
        return {
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "status": self.status,
            "why": self.why,
            "remedy": self.remedy,
            "types": self.offers,
            "milliseconds": round(self.seconds * 1000, 1),
        }

    def finding(self) -> Finding:
        """How it does, for `blockloom doctor`."""
        state: Health = "failed" if self.status not in ("active", "disabled") else "ok"
        wrong = join(complaint.text for complaint in self.complaints if complaint.status != "disabled")
        facts = {"what": f"{self.distribution} {self.version}", "status": STATUS_WORDS[self.status], "why": wrong}
        if not wrong:
            return Finding(name=f"plugin.{self.name}", text=fill(_TOLD, facts))
        state = "warning" if state == "ok" else state
        return Finding(name=f"plugin.{self.name}", state=state, text=fill(_TOLD_WHY, facts), remedy=self._remedy)

    def spoil(self, status: Status, why: Text, remedy: Text = "") -> None:
        """Record what is wrong, once; the first complaint that is more than a warning decides the status."""
        complaint = Complaint(status, why, remedy)
        if complaint not in self.complaints:
            self.complaints.append(complaint)

    @property
    def _remedy(self) -> Text:
        remedies: list[Text] = []
        for complaint in self.complaints:
            if complaint.remedy and complaint.remedy not in remedies:
                remedies.append(complaint.remedy)
        return join(remedies, " ")


class Observer:
    """A function that is called with every event of every run, until it has raised too often."""

    def __init__(
        self,
        function: Callable[..., object],
        arguments: Sequence[str] = ("run", "event"),
        cut_off: Callable[[str], None] = lambda why: None,
        module: Any = None,
    ) -> None:
        self.module = module
        self._function = function
        self._arguments = arguments
        self._cut_off = cut_off
        self._patience = PATIENCE

    def __call__(self, run: str, event: Event) -> None:
        """Tell it of an event; that it raises is its plugin's fault, and never the run's."""
        if not self._patience:
            return
        given = {"run": run, "event": event}
        try:
            self._function(*(given[name] for name in self._arguments))
        except (Exception, SystemExit) as error:
            name = getattr(self._function, "__module__", repr(self._function))
            _log.exception("the observer of the plugin %s raised on %s", name, event.type)
            self._patience -= 1
            if not self._patience:
                _log.error("the observer of the plugin %s is called no more", name)
                self._cut_off(f"{type(error).__name__}: {error}"[:300])

    def end(self) -> None:
        """Call it no more."""
        self._patience = 0


def _one(told: Any, key: str) -> str:
    return told[key] or "" if key in told else ""


def _all(told: Any, key: str) -> Sequence[str]:
    return told.get_all(key) or () if key in told else ()
