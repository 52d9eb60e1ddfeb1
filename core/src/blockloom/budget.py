"""What the calls of one run may come to together, and what they have come to so far."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from .errors import TaskFailed

LIMITED: Final = ("calls", "tokens", "seconds")
"""What may be limited: calls to models and interfaces, tokens of models, and the seconds that the calls took."""

SPENT: Final = "spent"
"""The name in an event's data under which it says what an attempt has spent."""


class Budget:
    """The limits of one run, by name, and what has been spent."""

    def __init__(self, limits: Mapping[str, float] | None = None) -> None:
        self.limits = dict(limits or {})
        self.spent: dict[str, float] = {}
        self.open: dict[str, dict[str, float]] = {}
        """What the attempts that go on have spent, by task."""

    def admit(self) -> None:
        """Let a call begin; raises TaskFailed where the budget is used up."""
        for name in self.limits:
            if self.left(name) <= 0:
                raise self.used_up(name)

    def add(self, task: str, name: str, amount: float) -> None:
        """A running task has spent something."""
        self.spent[name] = self.spent.get(name, 0) + amount
        own = self.open.setdefault(task, {})
        own[name] = own.get(name, 0) + amount

    def left(self, name: str) -> float:
        """What may still be spent of something that is limited."""
        return self.limits[name] - self.spent.get(name, 0)

    def used_up(self, name: str) -> TaskFailed:
        """The failure of the task that would go beyond."""
        used = f"{self.spent.get(name, 0):g} of {self.limits[name]:g} {name}"
        return TaskFailed("limit", f"the budget of the run is used up: {used}", retry=False)

    def settle(self, task: str) -> dict[str, float] | None:
        """What an attempt that ends now has spent, to be recorded with its end; None where that is nothing."""
        own = self.open.pop(task, None)
        return own and {name: round(amount, 6) for name, amount in own.items()}

    def recall(self, facts: Iterable[Mapping[str, Any]]) -> None:
        """Count what recorded events say was spent."""
        for data in facts:
            for name, amount in (data.get(SPENT) or {}).items():
                self.spent[name] = self.spent.get(name, 0) + amount
