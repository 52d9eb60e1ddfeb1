"""One thing that somebody looked at on this machine: whether it works, and what to do where it does not."""

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from .words import Text, tell

Health: TypeAlias = Literal["ok", "warning", "failed"]
"""It works; it works, but something is lacking; it does not work."""

SANDBOX: Final = "sandbox"
"""The area of the layers that keep code from the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one thing does on this machine.

    `name` is its area, and after a dot what in it, as `sandbox.syscalls`; `text` says how it does, `remedy` what to do.
    """

    name: str
    text: Text
    state: Health = "ok"
    remedy: Text = ""

    @property
    def area(self) -> str:
        """What it belongs to: the part of its name before the first dot."""
        return self.name.partition(".")[0]

    @property
    def message(self) -> str:
        """How it does, in the language of this process."""
        return tell(self.text)

    @property
    def advice(self) -> str:
        """What to do, in the language of this process."""
        return tell(self.remedy)

    def to_json(self, language: str | None = None) -> dict[str, Any]:
        """As `{name, state, text, remedy}`."""
        return {
            "name": self.name,
            "state": self.state,
            "text": tell(self.text, language),
            "remedy": tell(self.remedy, language),
        }
