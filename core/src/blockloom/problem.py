"""One problem of a graph: what, where, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from .words import Text, tell

Severity: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a graph or a part of it.

    `path` is a JSON Pointer to the place; `text` says what is wrong and `advice` what to do about it. `excerpt`
    shows the place to a person where it is one in a text: its line, and below it a line with a mark.
    """

    code: str
    text: Text
    advice: Text = ""
    path: str = ""
    severity: Severity = "error"
    excerpt: str = ""

    @property
    def message(self) -> str:
        """What is wrong, in the language of this process."""
        return tell(self.text)

    @property
    def hint(self) -> str:
        """What to do, in the language of this process."""
        return tell(self.advice)

    def under(self, path: str) -> "Problem":
        """The same problem, seen from further out."""
        return replace(self, path=path + self.path)

    def within(self, path: str) -> "Problem":
        """The same problem, seen from what stands at `path`."""
        return replace(self, path=self.path.removeprefix(path))

    def to_json(self, language: str | None = None) -> dict[str, Any]:
        """As `{code, severity, path, message, hint}`."""
        return {
            "code": self.code,
            "severity": self.severity,
            "path": self.path,
            "message": tell(self.text, language),
            "hint": tell(self.advice, language),
        }


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those that keep a graph from running."""
    return [p for p in problems if p.severity == "error"]


def pointer(*steps: str | int) -> str:
    """A JSON Pointer through `steps`."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
