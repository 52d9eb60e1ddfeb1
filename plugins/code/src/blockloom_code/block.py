"""The block type `code`: the body of a Python function, evaluated where it can do no harm."""

import re
import unicodedata
from collections.abc import Awaitable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from blockloom import BlockContext, BlockType, Config, Problem

from .cheap import LEAVE, cheap
from .limits import Limits

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from .pool import Pool

_WORD: Final = re.compile(r"\w+")


class CodeContent(Config):
    """A source and its language."""

    source: str
    language: Literal["python"] = "python"


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

    Content = CodeContent

    def __init__(self, limits: Limits | None = None, processes: int | None = None) -> None:
        self.limits = limits or Limits()
        self.processes = processes
        self._pools: dict[AbstractEventLoop, Pool] = {}

    def check(self, content: Any) -> Iterable[Problem]:
        """What is wrong with the source, without running a line of it."""
        from .program import examine

        for refusal in examine(content.source):
            yield Problem(
                code="bad-content", path="/source", text=refusal.text, advice=refusal.advice, excerpt=refusal.excerpt
            )

    def append(self, content: Any, addition: Any) -> CodeContent:
        """The source with more lines at its end."""
        source = content.source
        if source and not source.endswith("\n"):
            source += "\n"
        return CodeContent(source=source + str(addition), language=content.language)

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
        source = block.content.source
        words = _words(source)
        names = ((unicodedata.normalize("NFKC", name), value) for name, value in block.names.items())
        values = {name: value for name, value in names if _bindable(name, words)}
        values["inputs"] = dict(block.inputs) if "inputs" in words else {}
        pool = await self._pool()
        return await pool.run(source, sorted(values), values, block.log)

    async def _pool(self) -> "Pool":
        """The pool of the running loop; pools of loops that are closed are ended on the way."""
        from asyncio import get_running_loop

        from .pool import Pool, cores

        loop = get_running_loop()
        for other in [other for other in list(self._pools) if other.is_closed()]:
            if pool := self._pools.pop(other, None):
                await pool.close()
        if loop not in self._pools:
            self._pools[loop] = Pool(self.processes or cores(), self.limits)
        return self._pools[loop]


@lru_cache(maxsize=256)
def _words(source: str) -> frozenset[str]:
    """Every word of a source that could be a name in it, and some that could not."""
    words = _WORD.findall(source)
    return frozenset(words) | {unicodedata.normalize("NFKC", word) for word in words}


def _bindable(name: str, words: frozenset[str]) -> bool:
    # A name with a leading underscore could hide a guard, and no source can say it.
    return not name.startswith("_") and name in words and name != "inputs"
