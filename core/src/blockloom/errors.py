"""The tree of errors: each class takes facts and makes its own sentence.

BlockloomError
├── BadValue             a value that is not JSON
├── BadFormat            a document that cannot be read
├── InvalidGraph         a graph with problems
│   └── InvalidTrigger   a trigger with problems
├── InvalidInputs        inputs of a run that do not fit
├── UnknownType          no installed plugin offers the type
├── TypeConflict         several plugins offer the type
├── UnknownPart          a task, block or port that is not there
├── NotFound             a workflow or run that is not there
├── Conflict             somebody else changed it first
├── WrongState           not now
├── BadUsage             a call that makes no sense, and what to do instead
├── StoreUnusable        a store that cannot be opened
├── StoreTaken           a store that another process has open
├── StoreFailed          a store that cannot do it just now
├── PluginError          a plugin's mistake
└── TaskFailed           a task says that it failed, and how
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Final, Protocol


class ProblemLike(Protocol):
    """What an error needs of a problem: its code, its place and its sentence."""

    @property
    def code(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def message(self) -> str: ...
    def to_json(self) -> dict[str, Any]: ...


class BlockloomError(Exception):
    """Anything that went wrong in a way that blockloom can explain in a sentence."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadValue(BlockloomError):
    """A value that is not JSON: a set, NaN, bytes, a key that is not text, a circle."""

    code = "bad-value"

    def __init__(self, why: str, path: str = "", zh: str = "") -> None:
        super().__init__(f"{path}: {why}" if path else why)
        self.why = why
        self.path = path
        self.zh = zh or why
        """The reason in Chinese, where it has one."""

    @property
    def told(self) -> dict[str, str]:
        """The sentence in English and Chinese."""
        return {"en": self.message, "zh": f"{self.path}：{self.zh}" if self.path else self.zh}


TOLD: Final = 20
"""Problems that the sentence of an error tells of."""


class WithProblems(BlockloomError):
    """An error that carries a list of problems, all of them at once; its sentence tells of the first of them."""

    opening: ClassVar[str] = "There are problems"

    def __init__(self, problems: Sequence[ProblemLike]) -> None:
        self.problems = tuple(problems)
        lines = [f"{p.path or '/'}: {p.message} [{p.code}]" for p in self.problems[:TOLD]]
        if len(self.problems) > TOLD:
            lines.append(f"and {len(self.problems) - TOLD} more")
        super().__init__(f"{self.opening}: " + "; ".join(lines))


class BadFormat(WithProblems):
    """A document that cannot be read at all: not JSON, not YAML, a repeated key."""

    code = "bad-format"
    opening = "The document cannot be read"


class InvalidGraph(WithProblems):
    """A graph that cannot run; `problems` holds everything that `check` found."""

    code = "invalid-graph"
    opening = "The graph cannot run"


class InvalidTrigger(InvalidGraph):
    """A trigger that cannot be set; `problems` holds everything that is wrong with it."""

    code = "invalid-trigger"
    opening = "The trigger cannot be set"


class InvalidInputs(WithProblems):
    """Inputs of a run that are missing, undeclared or of the wrong type."""

    code = "invalid-inputs"
    opening = "The inputs do not fit"


class UnknownType(BlockloomError):
    """No installed plugin offers a type of this kind and name."""

    code = "unknown-type"

    def __init__(self, kind: str, name: str, near: Sequence[str] = (), broken: str = "") -> None:
        hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
        hint = f" {broken}" if broken else hint
        super().__init__(f"No installed plugin offers the {kind} type {name!r}.{hint}")
        self.kind, self.name, self.near, self.broken = kind, name, tuple(near), broken


class TypeConflict(BlockloomError):
    """Several plugins offer a type of the same kind and name; none of them is used."""

    code = "type-conflict"

    def __init__(self, kind: str, name: str, owners: Sequence[str]) -> None:
        super().__init__(
            f"The {kind} type {name!r} is offered by {' and by '.join(owners)}: "
            "uninstall or disable all but one of them."
        )
        self.kind, self.name, self.owners = kind, name, tuple(owners)


class UnknownPart(BlockloomError):
    """A task, block or port that is not there."""

    code = "unknown-part"

    def __init__(self, what: str, name: str, where: str, there: Sequence[str] = ()) -> None:
        choice = f" There are: {', '.join(there)}." if there else ""
        super().__init__(f"{where} has no {what} {name!r}.{choice}")
        self.what, self.name, self.where, self.there = what, name, where, tuple(there)


class NotFound(BlockloomError):
    """A workflow, run or trigger that the store does not hold."""

    code = "not-found"

    def __init__(self, what: str, id: str) -> None:
        super().__init__(f"There is no {what} {id!r}.")
        self.what, self.id = what, id


class Conflict(BlockloomError):
    """Somebody else changed it first; `current` is the revision that stands now."""

    code = "conflict"

    def __init__(self, what: str, id: str, current: int) -> None:
        super().__init__(f"The {what} {id!r} has changed since: it is at revision {current} now. Read it again first.")
        self.what, self.id, self.current = what, id, current


class WrongState(BlockloomError):
    """The thing is there, but this cannot be done with it now."""

    code = "wrong-state"

    def __init__(self, what: str, id: str, state: str, wanted: str) -> None:
        super().__init__(f"The {what} {id!r} is {state}: {wanted}.")
        self.what, self.id, self.state, self.wanted = what, id, state, wanted


class BadUsage(BlockloomError):
    """A call that makes no sense; the sentence says what to do instead."""

    code = "bad-usage"


class StoreUnusable(BlockloomError):
    """A store cannot be opened: not a database, damaged, read-only, of a newer version; nothing was changed."""

    code = "store-unusable"

    def __init__(self, where: str, why: str, remedy: str) -> None:
        super().__init__(f"The store {where} cannot be used: {why}. {remedy}")
        self.where, self.why, self.remedy = where, why, remedy


class StoreTaken(BlockloomError):
    """Another process has the store open: only one may write at a time."""

    code = "store-taken"

    def __init__(self, where: str, holder: str) -> None:
        super().__init__(f"The store {where} is in use by {holder}: stop that first, or use another store.")
        self.where, self.holder = where, holder


class StoreFailed(BlockloomError):
    """The store could not do it just now, as when the disk is full: nothing of it was done; it may be tried again."""

    code = "store-failed"

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"The store {where} cannot write just now: {why}.")
        self.where, self.why = where, why


class PluginError(BlockloomError):
    """A plugin's mistake; the sentence names the plugin."""

    code = "plugin-error"

    def __init__(self, plugin: str, why: str) -> None:
        super().__init__(f"Plugin {plugin}: {why}")
        self.plugin, self.why = plugin, why


class TaskFailed(BlockloomError):
    """Raised by a task type to fail its task: a type for programs, a message for people.

    `retry` says whether trying again may help: True where it may, False where it cannot, None where nobody knows.
    `after` are seconds that must pass before. `excerpt` shows the place where it is one in a text: its line, and below
    it a line with a mark.
    """

    code = "task-failed"

    def __init__(
        self, type: str, message: str, *, retry: bool | None = None, after: float = 0.0, excerpt: str = ""
    ) -> None:
        super().__init__(message)
        self.type, self.retry, self.after, self.excerpt = type, retry, after, excerpt


class BodyFailed(TaskFailed):
    """A task failed because the body that it holds did; `inner` names the task in the body, as `each[1].d`."""

    def __init__(self, type: str, message: str, inner: str) -> None:
        super().__init__(type, message)
        self.inner = inner
