"""Block types: which content is valid, how it grows, what its value is, how it reads as text."""

import json
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .errors import BadUsage
from .kind import Config, Effects, Kind
from .problem import Problem


def _ignore(line: str) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockContext:
    """What a block is evaluated with: its content and what it sees.

    `names` maps each visible name to a JSON value of the block's own (a copy that it may change);
    `inputs` holds the inputs of the task alone; `log` takes a line for the run's log. In a row, `id` is the block's
    own and `sees` the ids of the blocks before it in the row whose values belong to `names` too.
    """

    content: Any
    names: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    log: Callable[[str], None] = _ignore
    id: str = ""
    sees: tuple[str, ...] = ()


class BlockType(Kind):
    """A kind of block. A subclass gives `name`, `Content` and `evaluate`; the rest has sensible defaults."""

    Content: ClassVar[type[Config]] = Config
    effects: ClassVar[Effects] = "pure"
    rows: ClassVar[bool] = False
    """Blocks of this type that follow each other in a task are evaluated at once, by `evaluate_row`."""

    @abstractmethod
    def evaluate(self, block: BlockContext) -> Any | Awaitable[Any]:
        """The block's value, as JSON; `async def` where it must wait. Raise TaskFailed to fail the task."""

    async def evaluate_row(self, row: Sequence[BlockContext]) -> Sequence[Any]:
        """The values of blocks that follow each other, in order; only asked where `rows` is true."""
        raise NotImplementedError

    def check(self, content: Any) -> Iterable[Problem]:
        """What is wrong with a content that has the right shape; paths are relative to the content."""
        return ()

    def append(self, content: Any, addition: Any) -> Any:
        """The content with `addition` at its end."""
        raise BadUsage(f"Nothing can be appended to a block of the type {self.name!r}; write its content instead.")

    def show(self, content: Any, value: Any) -> str:
        """A value of the block as text for a model: text as it is, nothing for null, else JSON."""
        if isinstance(value, str):
            return value
        return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)

    def render(self, content: Any) -> str:
        """The content as text for a person or a model; indented JSON unless the type knows better."""
        text: str = content.model_dump_json(indent=2, by_alias=True)
        return text
