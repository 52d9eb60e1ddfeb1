"""Triggers as Python programs write them."""

from collections.abc import Mapping
from typing import Any

from ..values import copy_value
from .block import needed, optional_text, read, refill, says_nothing, take_empty


class Trigger:
    """Something that fires in time or on an event, and then runs its action."""

    def __init__(self, type: str, config: Mapping[str, Any] | None = None, id: str | None = None) -> None:
        self.id = id
        self.type = type
        self.config: dict[str, Any] = copy_value(dict(config or {}))
        self.inputs: dict[str, Any] = {}
        self.action: dict[str, Any] | None = None
        self.extra: dict[str, Any] = {}
        """Fields of its document that are kept as they are."""
        self.empty: dict[str, Any] | None = None
        """Fields of its document that said nothing; None if it has none."""

    def set_type(self, type: str, config: Mapping[str, Any] | None = None) -> None:
        """Let it fire in another way."""
        self.type, self.config = type, copy_value(dict(config or {}))

    def set_action(self, type: str, config: Mapping[str, Any] | None = None) -> None:
        """Let it run a task of this type; without an action it runs the workflow that holds it."""
        self.action = {"type": type, "config": copy_value(dict(config or {}))}

    def to_json(self) -> dict[str, Any]:
        """The trigger as it stands in a document."""
        told: dict[str, Any] = {} if self.id is None else {"id": self.id}
        told |= {"type": self.type, "config": self.config}
        if not says_nothing(self.inputs):
            told["inputs"] = self.inputs
        if self.action is not None:
            told["action"] = self.action
        copied: dict[str, Any] = copy_value(refill(told, self.empty) | self.extra)
        return copied

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> "Trigger":
        """The trigger that a document holds; raises BadFormat, or BadUsage where it has no type."""
        told = read(text)
        trigger = cls(needed(told, "type", "A trigger"), id=optional_text(told, "id", "A trigger"))
        trigger.empty = take_empty(told, ("config", "inputs", "action"))
        trigger.config = told.pop("config", {})
        trigger.inputs = told.pop("inputs", {})
        trigger.action = told.pop("action", None)
        trigger.extra = told
        return trigger
