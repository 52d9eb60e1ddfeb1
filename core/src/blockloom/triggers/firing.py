"""One firing of a trigger: its identity, what it was given, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic_core import to_json

from ..states import RUN_ENDS, RunState
from .standing import iso

SKIPPED: Final = "SKIPPED"
"""The state of a firing that was passed over; its `reason` says why."""

MISSED: Final = "misfire"
OVERLAP: Final = "overlap"
TOO_MANY: Final = "too-many"

OVER: Final = frozenset({SKIPPED, *(state.value for state in RUN_ENDS)})
"""States in which nothing more comes of a firing."""


@dataclass(slots=True, kw_only=True)
class Firing:
    """A trigger fired. `state` is PENDING while it waits for others, then that of its run; SKIPPED if passed over."""

    id: str
    trigger: str
    time: datetime
    """The moment at which it was to fire, or at which the event was published."""
    fired: float
    """When it was noted, in seconds since 1970."""
    payload: Any = None
    chain: int = 1
    """How many triggers fired one after the other until this one, itself included."""
    state: str = RunState.PENDING.value
    run: str | None = None
    outputs: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    reason: str | None = None
    told: bool = field(default=False, compare=False)
    """Whether those who listen know of it."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in OVER

    def fail(self, type: str, message: str) -> None:
        """It could not be carried out."""
        self.state, self.error = RunState.FAILED.value, {"type": type, "message": message}

    def skip(self, reason: str) -> None:
        """It is passed over."""
        self.state, self.reason = SKIPPED, reason

    def shorten(self, most: int) -> None:
        """Leave out what is larger than so many bytes of JSON."""
        self.payload = self.payload if _size(self.payload) <= most else None
        self.outputs = self.outputs if _size(self.outputs) <= most else None

    def to_json(self) -> dict[str, Any]:
        """All that there is to say about it."""
        told: dict[str, Any] = {"id": self.id, "trigger": self.trigger, "time": iso(self.time), "state": self.state}
        for name in ("run", "outputs", "error", "reason", "payload"):
            if (value := getattr(self, name)) is not None:
                told[name] = value
        return told

    def to_record(self) -> dict[str, Any]:
        """What is kept of it."""
        return {**self.to_json(), "fired": self.fired, "chain": self.chain}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Firing":
        """One that was kept."""
        return cls(**{**record, "time": datetime.fromisoformat(record["time"])})


def _size(value: Any) -> int:
    return len(to_json(value))


def identity(trigger: str, time: datetime, mark: str = "") -> str:
    """The id of a firing: the trigger and the scheduled time, with a mark where many may have one time."""
    return f"{trigger}/{iso(time)}{mark}"
