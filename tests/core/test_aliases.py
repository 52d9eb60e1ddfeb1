"""Names that documents use and Python cannot: settings, contents and ports whose fields have an alias."""

from typing import Any

import blockloom
import pytest
from blockloom import NOT_TAKEN, BlockContext, BlockType, Graph, TaskContext, TaskType
from blockloom.testing import (
    BlockConformance,
    BlockExample,
    TaskConformance,
    TaskExample,
    engine_with,
    outputs_of,
    run_graph,
)
from pydantic import Field


class Cut(TaskType):
    """Cuts a text."""

    name = "acme.cut"

    class Config(blockloom.Config):
        with_: Graph | None = Field(None, alias="with")

    class Inputs(blockloom.Ports):
        from_: int = Field(alias="from")
        text: str = "abc"

    class Outputs(blockloom.Ports):
        class_: str = Field(alias="class")
        else_: str = Field(NOT_TAKEN, alias="else")

    def run(self, task: TaskContext) -> Any:
        cut = task.inputs.text[task.inputs.from_ :]
        return self.Outputs.model_validate({"class": cut} if cut else {"class": "", "else": task.inputs.text})


class Between(BlockType):
    """A stretch."""

    name = "acme.between"

    class Content(blockloom.Config):
        from_: str = Field(alias="from")

    def evaluate(self, block: BlockContext) -> str:
        return str(block.content.from_)

    def append(self, content: Any, addition: Any) -> Any:
        return content.model_copy(update={"from_": content.from_ + str(addition)})


def cut(start: int) -> Any:
    return outputs_of(run_graph({"tasks": [{"id": "a", "type": "acme.cut", "inputs": {"from": start}}]}, {}, Cut))


def test_ports_are_called_by_their_aliases() -> None:
    assert cut(1) == {"class": "bc"}
    assert cut(9) == {"class": "", "else": "abc"}


def test_a_body_is_found_where_the_document_has_it() -> None:
    task = {"id": "a", "type": "acme.cut", "inputs": {"from": 0}, "config": {"with": {"tasks": [{"id": "b"}]}}}
    found = engine_with(Cut).check({"blockloom": 1, "tasks": [task]})
    assert [problem.path for problem in found] == ["/tasks/0/config/with/tasks/0"]


class KitOfCut(TaskConformance):
    task = Cut
    examples = (TaskExample(inputs={"from": 1}, outputs={"class": "bc"}), TaskExample(inputs={"from": 9}))


class KitOfBetween(BlockConformance):
    block = Between
    examples = (BlockExample(content={"from": "a"}, value="a", addition="b"), BlockExample(content={"from": ""}))


@pytest.mark.parametrize(
    ("kit", "check"),
    [
        (KitOfCut, "test_its_outputs_fit_its_ports"),
        (KitOfCut, "test_wrong_inputs_are_refused"),
        (KitOfBetween, "test_what_is_appended_is_there"),
        (KitOfBetween, "test_missing_settings_are_refused_with_a_path"),
    ],
)
def test_the_kit_takes_them(kit: Any, check: str) -> None:
    getattr(kit(), check)()


def test_a_content_reads_as_it_is_written() -> None:
    assert Between().render(Between.Content.model_validate({"from": "a"})) == '{\n  "from": "a"\n}'
