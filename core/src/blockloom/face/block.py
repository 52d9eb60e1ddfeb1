"""Blocks as Python programs write them."""

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any

from pydantic import ValidationError

from ..block import BlockContext, BlockType
from ..codec import document, parse_json
from ..errors import BadUsage, InvalidGraph
from ..plugins import installed
from ..problem import Problem, pointer
from ..sentences import problem
from ..validation import flaws
from ..values import copy_value


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
        self.content: dict[str, Any] = copy_value(dict(content or {}))
        self.extra: dict[str, Any] = {}
        self.followers: list[Block] = []
        """The blocks that it is linked to."""

    def link(self, other: "Block") -> None:
        """Let `other` see this block's value, and come after it."""
        self.followers.append(other)

    def write(self, content: Mapping[str, Any]) -> None:
        """Replace the content."""
        self.content = copy_value(dict(content))

    def append(self, addition: Any) -> None:
        """Add to the end of the content, as the block's type understands it."""
        type = self._type()
        grown = type.append(self._content(type), copy_value(addition))
        self.content = grown.model_dump(mode="json")

    def check(self) -> list[Problem]:
        """What is wrong with the content."""
        type = self._type()
        try:
            content = type.Content.model_validate(self.content)
        except ValidationError as error:
            facts = {"id": self.id, "type": type.name}
            return [problem("bad-content", pointer(*flaw.path), why=flaw.named, **facts) for flaw in flaws(error)]
        return list(type.check(content))

    def render(self) -> str:
        """The content as text."""
        type = self._type()
        return type.render(self._content(type))

    async def evaluate(self, inputs: Mapping[str, Any] | None = None) -> Any:
        """The block's value over `inputs`."""
        registry = installed().registry.fresh()
        try:
            type = registry.block(self.type)
            names = copy_value(dict(inputs or {}))
            value = type.evaluate(BlockContext(content=self._content(type), names=names, inputs=copy_value(names)))
            return copy_value(await value if isawaitable(value) else value)
        finally:
            await registry.close()

    def to_json(self) -> dict[str, Any]:
        """The block as it stands in a document."""
        told = {"id": self.id, "type": self.type, "content": self.content, **self.extra}
        copied: dict[str, Any] = copy_value({key: value for key, value in told.items() if value is not None})
        return copied

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> "Block":
        """The block that a document holds."""
        told = read(text)
        block = cls(needed(told, "type", "A block"), told.pop("content", None), told.pop("id", None))
        block.extra = told
        return block

    def _type(self) -> BlockType:
        return installed().registry.block(self.type)

    def _content(self, type: BlockType) -> Any:
        if found := self.check():
            raise InvalidGraph(found)
        return type.Content.model_validate(self.content)


def needed(told: dict[str, Any], key: str, what: str) -> str:
    """Take a text out of a mapping; raises BadUsage where it is not there."""
    value = told.pop(key, None)
    if not isinstance(value, str):
        raise BadUsage(f"{what} needs a {key}, which is a text.")
    return value


def refuse_field(name: str, what: str, fields: Mapping[str, Any]) -> None:
    """Refuse an attribute for a block or task where a field of the spec itself has that name."""
    if name in fields and not isinstance(fields[name], Block) and not hasattr(fields[name], "spec"):
        raise BadUsage(f"{name!r} is a field of the spec: use add_{what}({what}, {name!r}) instead of an attribute.")
