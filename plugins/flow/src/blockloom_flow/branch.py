"""Tasks that choose which way a graph goes on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import blockloom
from blockloom import BlockSpec, Embedded, Expression, Port, PortSet, TaskContext, TaskType, is_id
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from .ends import ANYTHING, CATEGORY

_VALUE = {"value": ANYTHING}
_DEFAULT = {"default": Port(branch=True, otherwise=True)}
_TWO_WAYS = PortSet(
    inputs=_VALUE,
    outputs={"true": Port(branch=True), "false": Port(branch=True, otherwise=True)},
    open_inputs=True,
    exclusive=True,
)


def expression(condition: str, *path: str | int) -> Embedded:
    """A condition as the content of a code block."""
    return Embedded(path, "code", {"source": condition.strip()})


class If(TaskType):
    """Goes one of two ways: the output that is taken carries the input `value`."""

    name = "if"
    title: ClassVar = {"en": "If", "zh": "如果"}
    description: ClassVar = {
        "en": "Takes the output true or false, as its condition says; the one taken carries the input value.",
        "zh": "按条件走 true 或 false 输出；走的那个输出带有输入 value。",
    }
    icon = "◇"
    category: ClassVar = CATEGORY
    examples: ClassVar = ({"condition": "value > limit"},)
    effects = "pure"

    class Config(blockloom.Config):
        """`condition` is one expression over the inputs."""

        condition: Expression

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """The input `value` and any others, which the condition sees."""
        return _TWO_WAYS

    def embedded(self, config: Any) -> Iterable[Embedded]:
        """The condition."""
        return [expression(config.condition, "condition")]

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        """The port that the condition chooses."""
        taken = "true" if await task.evaluate_at("condition") else "false"
        return {taken: task.values["value"]}


def _port(name: str) -> str:
    """Refuse what a connection could not name."""
    if is_id(name):
        return name
    english = f"{name[:80]!r} cannot be a port: write letters, digits, _ and -, without a dot or a blank"
    chinese = f"{name[:80]!r} 不能用作端口：请写字母、数字、_ 和 -，不含点和空格"
    raise PydanticCustomError("port", "{en}", {"en": english, "zh": chinese})


class Case(blockloom.Config):
    """One way that a switch may take. Several cases may have one port: it is taken if any of them holds."""

    port: Annotated[str, AfterValidator(_port), Field(json_schema_extra={"pattern": r"^[\w-]{1,200}$"})]
    when: Expression


def _usable(cases: list[Case]) -> list[Case]:
    for case in cases:
        if case.port in ("default", "error"):
            english = f"a case cannot be named {case.port!r}: every switch has that port already"
            chinese = f"情况不能命名为 {case.port!r}：每个 switch 已有该端口"
            raise PydanticCustomError("port", "{en}", {"en": english, "zh": chinese})
    return cases


class Switch(TaskType):
    """Goes the way of the first case that holds, or of all of them, or of `default`."""

    name = "switch"
    title: ClassVar = {"en": "Switch", "zh": "分支"}
    description: ClassVar = {
        "en": "Takes the output of the first case that holds (or of all that hold), else default; what is taken "
        "carries the input value.",
        "zh": "走第一个成立的情况（或所有成立的情况）的输出，否则走 default；走的输出带有输入 value。",
    }
    icon = "⑂"
    category: ClassVar = CATEGORY
    examples: ClassVar = ({"cases": [{"port": "high", "when": "value > 10"}, {"port": "low", "when": "value < 1"}]},)
    effects = "pure"

    class Config(blockloom.Config):
        """`mode` first stops at the first case that holds; all takes every one."""

        cases: Annotated[list[Case], Field(min_length=1), AfterValidator(_usable)]
        mode: Literal["first", "all"] = "first"

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """The input `value` and any others; an output a case, and `default`."""
        outputs = {case.port: Port(branch=True) for case in config.cases} | _DEFAULT
        return PortSet(inputs=_VALUE, outputs=outputs, open_inputs=True, exclusive=config.mode == "first")

    def embedded(self, config: Any) -> Iterable[Embedded]:
        """The condition of each case."""
        return [expression(case.when, "cases", i, "when") for i, case in enumerate(config.cases)]

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        """The ports of the cases that hold."""
        value = task.values["value"]
        taken: dict[str, Any] = {}
        for i, case in enumerate(task.config.cases):
            if await task.evaluate_at("cases", i, "when"):
                taken[case.port] = value
                if task.config.mode == "first":
                    break
        return taken or {"default": value}
