"""Triggers as Python programs write them."""

from collections.abc import Mapping
from typing import Any

from ..values import copy_value
from .block import needed, read


class Trigger:
    """Something that fires in time or on an event, and then runs its action."""

    def __init__(self, type: str, config: Mapping[str, Any] | None = None, id: str | None = None) -> None:
        self.id = id
        self.type = type
        self.config: dict[str, Any] = copy_value(dict(config or {}))
        self.inputs: dict[str, Any] = {}
        self.action: dict[str, Any] | None = None
        self.extra: dict[str, Any] = {}

    def set_type(self, type: str, config: Mapping[str, Any] | None = None) -> None:
        """Let it fire in another way."""
        self.type, self.config = type, copy_value(dict(config or {}))

    def set_action(self, type: str, config: Mapping[str, Any] | None = None) -> None:
        """Let it run a task of this type; without an action it runs the workflow that holds it."""
        self.action = {"type": type, "config": copy_value(dict(config or {}))}

    def to_json(self) -> dict[str, Any]:
        """The trigger as it stands in a document."""
        told = {"id": self.id, "type": self.type, "config": self.config, "inputs": self.inputs, "action": self.action}
        kept = {key: value for key, value in told.items() if value is not None and (value or key != "inputs")}
        copied: dict[str, Any] = copy_value(kept | self.extra)
        return copied

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> "Trigger":
        """The trigger that a document holds."""
        told = read(text)
        trigger = Trigger(needed(told, "type", "A trigger"), told.pop("config", None), told.pop("id", None))
        trigger.inputs = told.pop("inputs", None) or {}
        trigger.action = told.pop("action", None)
        trigger.extra = told
        return trigger
