"""The block type `code`: the body of a Python function, evaluated where it can do no harm."""

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from blockloom import BlockContext, BlockType, Config, Problem
from pydantic import Field

from .cheap import LEAVE, cheap
from .limits import Limits
from .order import order
from .settings import BlockLimits, Settings

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from .pool import Pool


def _is_none(value: Any) -> bool:
    return value is None


class CodeContent(Config):
    """A source, its language, and what it may use where that is to be other than usual."""

    source: str
    language: Literal["python"] = "python"
    limits: BlockLimits | None = Field(default=None, exclude_if=_is_none)


class Code(BlockType):
    """Python code that computes a value from the values it sees."""

    name = "code"
    title: ClassVar[Mapping[str, str]] = {"en": "Code", "zh": "代码"}
    description: ClassVar[Mapping[str, str]] = {
        "en": "Python code that computes a value. It sees earlier blocks and the task's inputs by their names.",
        "zh": "用 Python 计算一个值。可以按名称使用前面的块和任务的输入。",
    }
    icon = "🐍"
    category: ClassVar[Mapping[str, str]] = {"en": "Compute", "zh": "计算"}
    examples = (
        {"source": "price * quantity"},
        {"source": "counts = {}\nfor word in text.split():\n    counts[word] = counts.get(word, 0) + 1\nreturn counts"},
        {"source": "import re\nreturn re.findall(r'\\d+', text)"},
    )
    effects = "pure"
    rows = True

    Content = CodeContent

    def __init__(self, limits: Limits | None = None, processes: int | None = None) -> None:
        self.settings = Settings(usual=limits) if limits else Settings.read()
        self.processes = processes
        self._pools: dict[AbstractEventLoop, Pool] = {}

    def check(self, content: Any) -> Iterable[Problem]:
        """What is wrong with the source, without running a line of it, and with what it asks for."""
        from .program import examine

        yield from self.settings.problems(content.limits)
        for refusal in examine(content.source):
            yield Problem(
                code="bad-content", path="/source", text=refusal.text, advice=refusal.advice, excerpt=refusal.excerpt
            )

    def append(self, content: Any, addition: Any) -> CodeContent:
        """The source with more lines at its end."""
        source = content.source
        if source and not source.endswith("\n"):
            source += "\n"
        return CodeContent(source=source + str(addition), language=content.language, limits=content.limits)

    def render(self, content: Any) -> str:
        """The source."""
        source: str = content.source
        return source

    def evaluate(self, block: BlockContext) -> Any | Awaitable[Any]:
        """The value: at once for a small expression, else from a process of its own."""
        step = cheap(block.content.source)
        if step is not None and (value := step(block.names, block.inputs)) is not LEAVE:
            return value
        return self._run(block)

    async def evaluate_row(self, row: Sequence[BlockContext]) -> Sequence[Any]:
        """The values of blocks that follow each other: small expressions at once, the rest in one process."""
        values: dict[str, Any] = {}
        for block in row:
            step = cheap(block.content.source)
            names = {**block.names, **{name: values[name] for name in block.sees}}
            if step is None or (value := step(names, block.inputs)) is LEAVE:
                break
            values[block.id] = value
        rest = [_known(block, values) for block in row[len(values) :]]
        if rest:
            values |= zip((block.id for block in rest), await self._run_all(rest), strict=True)
        return list(values.values())

    async def layers(self) -> dict[str, bool]:
        """Which layers of the cage around a block hold on this machine."""
        return await (await self._pool()).layers()

    async def close(self) -> None:
        """End the processes of this block type."""
        from asyncio import get_running_loop

        pools, self._pools = self._pools, {}
        for loop, pool in pools.items():
            if loop is get_running_loop() or loop.is_closed():
                await pool.close()
            else:
                loop.call_soon_threadsafe(pool.end)

    async def _run(self, block: BlockContext) -> Any:
        (value,) = await self._run_all([block])
        return value

    async def _run_all(self, blocks: Sequence[BlockContext]) -> list[Any]:
        orders = [order(block, self.settings.of(block.content.limits)) for block in blocks]
        return await (await self._pool()).run(orders)

    async def _pool(self) -> "Pool":
        """The pool of the running loop; pools of loops that are closed are ended on the way."""
        from asyncio import get_running_loop

        from .pool import Pool, cores

        loop = get_running_loop()
        for other in [other for other in list(self._pools) if other.is_closed()]:
            if pool := self._pools.pop(other, None):
                await pool.close()
        if loop not in self._pools:
            self._pools[loop] = Pool(self.processes or cores(), self.settings.usual)
        return self._pools[loop]


def _known(block: BlockContext, values: Mapping[str, Any]) -> BlockContext:
    """A block of a row that sees, as names like any other, those of `values` that it sees."""
    given = {name: values[name] for name in block.sees if name in values}
    sees = tuple(name for name in block.sees if name not in values)
    return replace(block, names={**block.names, **given}, sees=sees)
