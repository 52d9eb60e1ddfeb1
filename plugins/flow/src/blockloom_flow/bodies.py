"""Tasks that hold a body: once, again and again, or for each of many items."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import blockloom
from blockloom import BlockSpec, Embedded, Expression, Graph, Port, PortSet, TaskContext, TaskFailed, TaskType
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from .branch import expression
from .ends import ANYTHING, CATEGORY

_LIST = Port(schema={"type": "array"})
_ITEMS = Port(schema={"type": "array"}, required=True)
_EACH = {"results": _LIST, "errors": _LIST}


def _one_of(one: str, other: str) -> PydanticCustomError:
    """The refusal of settings that have both or neither of two."""
    told = {"en": f"exactly one of {one} and {other} is needed", "zh": f"{one} 与 {other} 须恰好写其中一个"}
    return PydanticCustomError("one_of", "{en}", told)


def outputs_of(body: Graph) -> dict[str, Port]:
    """A port for each output of a body."""
    return dict.fromkeys(body.outputs, ANYTHING)


class Workflow(TaskType):
    """Runs a body once, as a part of this graph."""

    name = "workflow"
    title: ClassVar = {"en": "Workflow", "zh": "子工作流"}
    description: ClassVar = {
        "en": "Runs a graph inside this one; its inputs and outputs are this task's ports.",
        "zh": "在本图中运行另一个图；它的输入和输出就是此任务的端口。",
    }
    icon = "▣"
    category: ClassVar = CATEGORY
    effects = "pure"

    class Config(blockloom.Config):
        """`body` is a graph; `workflow` the id or the unique name of a stored one."""

        body: Graph | None = None
        workflow: Annotated[str, Field(min_length=1)] | None = None

        @model_validator(mode="after")
        def _one_of_them(self) -> "Workflow.Config":
            if (self.body is None) == (self.workflow is None):
                raise _one_of("body", "workflow")
            return self

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """What the body takes and gives; anything, where it is found only when it runs."""
        if config.body is None:
            return PortSet(open_inputs=True, open_outputs=True)
        return PortSet(inputs=config.body.inputs, outputs=outputs_of(config.body))

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        """The body's outputs."""
        body = task.config.body or await task.find_workflow(task.config.workflow)
        return await task.run_body(body, task.values)


class Loop(TaskType):
    """Runs a body again and again, each pass on the values that the one before left."""

    name = "loop"
    title: ClassVar = {"en": "Loop", "zh": "循环"}
    description: ClassVar = {
        "en": "Runs a graph a number of times, or while a condition holds; what a pass gives replaces the values of "
        "the same name.",
        "zh": "将一个图运行若干次，或在条件成立时反复运行；每次的输出会替换同名的值。",
    }
    icon = "↻"
    category: ClassVar = CATEGORY
    effects = "pure"

    class Config(blockloom.Config):
        """`times` or `while`, not both; a pass beyond `max` fails the task."""

        body: Graph
        times: Annotated[int, Field(ge=0)] | None = None
        while_: Annotated[Expression | None, Field(alias="while")] = None
        max: Annotated[int, Field(ge=1)] = 1000

        @model_validator(mode="after")
        def _one_of_them(self) -> "Loop.Config":
            if (self.times is None) == (self.while_ is None):
                raise _one_of("times", "while")
            return self

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """What the body takes and gives."""
        return PortSet(inputs=config.body.inputs, outputs=outputs_of(config.body))

    def embedded(self, config: Any) -> Iterable[Embedded]:
        """The condition, if it has one."""
        return [] if config.while_ is None else [expression(config.while_, "while")]

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        """The values that the last pass left."""
        config, values, done = task.config, dict(task.values), 0
        while await self._goes_on(task, values, done):
            if done == config.max:
                raise TaskFailed("too-many-passes", f"it would go beyond {config.max} passes, which is its max")
            values |= await task.run_body(config.body, values, done)
            done += 1
        return {name: values.get(name) for name in config.body.outputs}

    async def _goes_on(self, task: TaskContext, values: Mapping[str, Any], done: int) -> bool:
        if task.config.times is not None:
            return done < int(task.config.times)
        return bool(await task.evaluate_at("while", names=values))


class ForEach(TaskType):
    """Runs a body for each item of a list, several at a time."""

    name = "foreach"
    title: ClassVar = {"en": "For each", "zh": "逐项"}
    description: ClassVar = {
        "en": "Runs a graph for each item of a list; results holds what each gave, in the order of the items.",
        "zh": "对列表的每一项运行一个图；results 按项的顺序给出各自的输出。",
    }
    icon = "⋮"
    category: ClassVar = CATEGORY
    effects = "pure"

    class Config(blockloom.Config):
        """`need` and `until` say when enough is done; `on_error` collect goes on where an item fails."""

        body: Graph
        concurrency: Annotated[int, Field(ge=1)] | None = None
        on_error: Literal["fail", "collect"] = "fail"
        need: Annotated[int, Field(ge=1)] | None = None
        until: Expression | None = None

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """`items`, and what the body takes beside `item` and `index`."""
        taken = {name: port for name, port in config.body.inputs.items() if name not in ("item", "index", "items")}
        return PortSet(inputs={"items": _ITEMS, **taken}, outputs=_EACH)

    def embedded(self, config: Any) -> Iterable[Embedded]:
        """The condition, if it has one."""
        return [] if config.until is None else [expression(config.until, "until")]

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        """What each item gave, and what went wrong with those that failed."""
        from .lanes import Lanes

        lanes = Lanes(task)
        await lanes.run()
        return {"results": lanes.results, "errors": [lanes.errors[index] for index in sorted(lanes.errors)]}
