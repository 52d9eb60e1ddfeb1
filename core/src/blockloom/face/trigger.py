"""Triggers as Python programs write them."""

from collections.abc import Mapping
from typing import Any, Final

from ..plugins import installed
from ..requires import stamped
from ..values import copy_value
from .block import needed, optional_text, read, refill, says_nothing, take_empty

_SETTINGS: Final = ("action", "workflow", "enabled", "misfire", "overlap")


class Trigger:
    """Something that fires in time or on an event, and then runs its action."""

    def __init__(self, type: str, config: Mapping[str, Any] | None = None, id: str | None = None) -> None:
        self.id = id
        self.type = type
        self.config: dict[str, Any] = copy_value(dict(config or {}))
        self.inputs: dict[str, Any] = {}
        self.action: dict[str, Any] | None = None
        self.workflow: str | None = None
        """The workflow that it runs, by id or unique name; without it and an action, the one that holds it."""
        self.enabled: bool | None = None
        self.misfire: str | None = None
        """What becomes of moments that were missed: once, skip or all."""
        self.overlap: str | None = None
        """What becomes of a firing while another goes on: queue, skip or allow."""
        self.extra: dict[str, Any] = {}
        """Fields of its document that are kept as they are."""
        self.empty: dict[str, Any] | None = None
        """Fields of its document that said nothing; None if it has none."""

    def set_type(self, type: str, config: Mapping[str, Any] | None = None) -> None:
        """Let it fire in another way."""
        self.type, self.config = type, copy_value(dict(config or {}))
        self.extra = stamped(self.extra, "trigger", type, installed().registry)

    def set_action(self, type: str, config: Mapping[str, Any] | None = None) -> None:
        """Let it run a task of this type; without an action it runs the workflow that holds it."""
        action = {"type": type, "config": copy_value(dict(config or {}))}
        self.action = stamped(action, "task", type, installed().registry)

    def to_json(self) -> dict[str, Any]:
        """The trigger as it stands in a document."""
        told: dict[str, Any] = {} if self.id is None else {"id": self.id}
        told |= {"type": self.type, "config": self.config}
        if self.empty is None:
            told = stamped(told, "trigger", self.type, installed().registry)
        if not says_nothing(self.inputs):
            told["inputs"] = self.inputs
        for name in _SETTINGS:
            if (value := getattr(self, name)) is not None:
                told[name] = value
        copied: dict[str, Any] = copy_value(refill(told, self.empty) | self.extra)
        return copied

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> "Trigger":
        """The trigger that a document holds; raises BadFormat, or BadUsage where it has no type."""
        told = read(text)
        trigger = cls(needed(told, "type", "A trigger"), id=optional_text(told, "id", "A trigger"))
        trigger.empty = take_empty(told, ("config", "inputs", *_SETTINGS))
        trigger.config = told.pop("config", {})
        trigger.inputs = told.pop("inputs", {})
        for name in _SETTINGS:
            setattr(trigger, name, told.pop(name, None))
        trigger.extra = told
        return trigger
