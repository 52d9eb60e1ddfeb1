"""Task types that do what their settings say, and a code block that needs no sandbox."""

import asyncio
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from blockloom import BlockContext, BlockSpec, BlockType, Config, Port, PortSet, TaskContext, TaskFailed, TaskType


class Witness:
    """What really happened: who was called, and how many were inside at one time."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        self.inside: list[str] = []
        self.most = 0

    def enter(self, task: TaskContext) -> None:
        self.calls.append((task.id, task.attempt))
        self.inside.append(task.id)
        self.most = max(self.most, len(self.inside))

    def leave(self, task: TaskContext) -> None:
        self.inside.remove(task.id)


class Script(Config):
    """`needs` and `takes` are inputs (required, optional), `gives` and `branches` outputs; `taken` are the branches
    taken; the first `fails` attempts fail, each after `lasts` seconds, and up to `varies` more that hang on its name.
    One that is `deaf` goes on for so many seconds after it is canceled, and then gives its outputs as if nothing had
    been."""

    needs: list[str] = []
    takes: list[str] = []
    gives: list[str] = []
    branches: list[str] = []
    taken: list[str] = []
    fails: int = 0
    lasts: float = 0.0
    varies: float = 0.0
    deaf: float = 0.0


class Step(TaskType):
    """Does at once what its settings say."""

    name = "sim.step"
    Config = Script
    witness: ClassVar[Witness] = Witness()

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """As the settings say."""
        inputs = {name: Port(required=True) for name in config.needs} | {name: Port() for name in config.takes}
        outputs = {name: Port() for name in config.gives} | {name: Port(branch=True) for name in config.branches}
        return PortSet(inputs=inputs, outputs=outputs)

    def run(self, task: TaskContext) -> Any:
        """As the settings say."""
        self.witness.enter(task)
        try:
            return play(task)
        finally:
            self.witness.leave(task)


class Work(Step):
    """Does what its settings say, after a while."""

    name = "sim.work"

    async def run(self, task: TaskContext) -> Any:
        """As the settings say."""
        self.witness.enter(task)
        try:
            await self.work(task.config, task.id)
            return play(task)
        finally:
            self.witness.leave(task)

    async def work(self, config: Any, id: str) -> None:
        """Takes its time, and a little more where it is deaf."""
        try:
            await asyncio.sleep(config.lasts + config.varies * zlib.crc32(id.encode()) / 2**32)
        except asyncio.CancelledError:
            if not config.deaf:
                raise
            await asyncio.sleep(config.deaf)


class Code(BlockType):
    """Evaluates one expression with Python's own eval."""

    name = "code"

    class Content(Config):
        """The expression."""

        source: str
        language: str = "python"

    def evaluate(self, block: BlockContext) -> Any:
        """The value of the expression."""
        return eval(block.content.source, {}, dict(block.names))


def play(task: TaskContext) -> Mapping[str, Any]:
    """The outputs of a scripted task, each marked with what the task was given."""
    if task.attempt <= task.config.fails:
        raise TaskFailed("scripted", f"attempt {task.attempt}")
    mark = zlib.crc32(json.dumps(task.values, sort_keys=True).encode())
    return {port: [task.id, port, mark] for port in [*task.config.gives, *task.config.taken]}


def scripted(witness: Witness) -> list[type[Any]]:
    """The scripted types, reporting to a witness."""
    return [type(kind.__name__, (kind,), {"witness": witness}) for kind in (Step, Work)] + [Code]
