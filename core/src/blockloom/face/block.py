"""Blocks as Python programs write them."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..alone import evaluate_content, grown, read_content
from ..check import check_content
from ..codec import document, parse_json
from ..errors import BadUsage
from ..plugins import installed
from ..problem import Problem
from ..requires import stamped
from ..values import copy_value
from .warm import warm_registry


def read(text: str | bytes | Mapping[str, Any]) -> dict[str, Any]:
    """A mapping from JSON text, or a copy of one; raises BadFormat."""
    return document(parse_json(text) if isinstance(text, str | bytes) else text)


class Block:
    """The smallest unit of content: a type and its content, which that type gives a meaning.

    `id` is given by the name of the attribute that holds it, or by `add_block`.
    """

    def __init__(self, type: str, content: Mapping[str, Any] | None = None, id: str | None = None) -> None:
        self.id = id
        self.type = type
        self.content = _content(type, content or {})
        self.extra: dict[str, Any] = {}
        """Fields of its document that blockloom does not know."""
        self.empty: dict[str, Any] | None = None
        """Fields of its document that said nothing; None if it has none."""
        self.followers: list[Block] = []
        """The blocks that it was linked to by `link`."""

    def link(self, other: "Block") -> None:
        """Let `other` see this block's value, and come after it."""
        self.followers.append(other)

    def write(self, content: Mapping[str, Any]) -> None:
        """Replace the content."""
        self.content = _content(self.type, content)
        self.extra = stamped(self.extra, "block", self.type, installed().registry)

    def append(self, addition: Any) -> None:
        """Add to the end of the content, as the block's type understands it."""
        registry = installed().registry
        self.content = grown(self.to_json(), addition, registry)
        self.extra = stamped(self.extra, "block", self.type, registry)

    def check(self) -> list[Problem]:
        """What is wrong with the content; paths are relative to it."""
        return check_content(self.to_json(), installed().registry)

    def render(self) -> str:
        """The content as text."""
        type, content = read_content(self.to_json(), installed().registry)
        return type.render(content)

    async def evaluate(self, inputs: Mapping[str, Any] | None = None) -> Any:
        """The block's value over `inputs`."""
        return await evaluate_content(self.to_json(), inputs or {}, await warm_registry())

    def to_json(self) -> dict[str, Any]:
        """The block as it stands in a document."""
        told: dict[str, Any] = {} if self.id is None else {"id": self.id}
        told |= {"type": self.type, "content": self.content}
        if self.empty is None:
            told = stamped(told, "block", self.type, installed().registry)
        copied: dict[str, Any] = copy_value(refill(told, self.empty) | self.extra)
        return copied

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> "Block":
        """The block that a document holds."""
        told = read(text)
        block = cls(needed(told, "type", "A block"), id=optional_text(told, "id", "A block"))
        block.empty = take_empty(told, ("content",))
        block.content = told.pop("content", {})
        block.extra = told
        return block


def demand(value: Any, kind: type, wanted: str) -> None:
    """Refuse what is not an instance of `kind`, with a sentence that says what is wanted; raises BadUsage."""
    if not isinstance(value, kind):
        got = (
            f"the class {value.__name__} itself"
            if isinstance(value, type)
            else f"a value of type {type(value).__name__}"
        )
        raise BadUsage(f"{wanted}, not {got}.")


def needed(told: dict[str, Any], key: str, what: str) -> str:
    """Take a text out of a mapping; raises BadUsage where it is not there."""
    value = told.pop(key, None)
    if not isinstance(value, str):
        raise BadUsage(f"{what} needs a {key}, which is a text.")
    return value


def optional_text(told: dict[str, Any], key: str, what: str) -> str | None:
    """Take a text out of a mapping that may lack it; raises BadUsage where it is something else."""
    return needed(told, key, what) if key in told else None


def mappings(told: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Take a list of mappings out of a mapping; raises BadUsage where it is something else."""
    value = told.pop(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise BadUsage(f"{key} must be a list of mappings.")
    return value


def says_nothing(value: Any) -> bool:
    """Whether a field could as well be left out."""
    return value is None or (isinstance(value, str | list | dict) and not value)


def take_empty(told: dict[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Take the fields that say nothing, such as `null` or `[]`, out of a mapping."""
    return {key: told.pop(key) for key in keys if key in told and says_nothing(told[key])}


def refill(told: dict[str, Any], empty: Mapping[str, Any] | None) -> dict[str, Any]:
    """A document whose fields that say nothing are those that it was read with, if it was read."""
    if empty is None:
        return told
    return {**empty, **{key: value for key, value in told.items() if key == "type" or not says_nothing(value)}}


def refuse_attribute(owner: object, name: str, what: str) -> None:
    """Refuse an attribute for a block or task where the owner itself has a field or property of that name."""
    field = owner.__dict__.get(name)
    taken = name in owner.__dict__ and not isinstance(field, Block) and not hasattr(field, "spec")
    if taken or isinstance(getattr(type(owner), name, None), property):
        kind = type(owner).__name__
        raise BadUsage(f"{name!r} is a field of {kind} itself: use add_{what}({what}, {name!r}) instead.")


def _content(type: str, content: Any) -> dict[str, Any]:
    demand(content, Mapping, f"The content of a block of the type {type!r} is a mapping")
    copied: dict[str, Any] = copy_value(dict(content))
    return copied
