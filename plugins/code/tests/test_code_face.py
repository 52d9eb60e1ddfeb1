"""What the engine sees of the plugin: its hook, its type, its small contracts."""

import subprocess
import sys
from importlib.metadata import entry_points
from typing import Any

import blockloom_code
import pydantic
import pytest
from blockloom import BadValue, BlockType, copy_value
from blockloom_code import Code


def test_the_entry_point_leads_to_the_hook() -> None:
    (point,) = entry_points(group="blockloom", name="code")
    assert point.load() is blockloom_code
    assert blockloom_code.blockloom_block_types() == [Code]


def test_importing_it_loads_nothing_heavy() -> None:
    script = (
        "import sys, blockloom; before = set(sys.modules); import blockloom_code; print(*set(sys.modules) - before)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not {name.split(".")[0] for name in loaded} & {"RestrictedPython", "asyncio", "subprocess", "decimal"}


def test_it_says_what_it_is_in_two_languages() -> None:
    assert issubclass(Code, BlockType)
    assert Code.name == "code"
    for text in (Code.title, Code.description, Code.category):
        assert set(text) == {"en", "zh"}
    assert Code.icon


def test_its_examples_are_valid_and_without_problems(desk: Any) -> None:
    for example in Code.examples:
        assert list(desk.code.check(Code.Content.model_validate(example))) == []


def test_a_content_is_a_source_in_python_and_nothing_else() -> None:
    assert Code.Content.model_validate({"source": "1"}).language == "python"
    for wrong in ({}, {"source": 1}, {"source": "1", "language": "ruby"}, {"source": "1", "more": 1}):
        with pytest.raises(pydantic.ValidationError):
            Code.Content.model_validate(wrong)


@pytest.mark.parametrize(("source", "grown"), [("", "b"), ("a", "a\nb"), ("a\n", "a\nb")])
def test_append_adds_lines(desk: Any, source: str, grown: str) -> None:
    content = Code.Content(source=source)
    assert desk.code.append(content, "b").source == grown
    assert content.source == source


def test_render_is_the_source(desk: Any) -> None:
    assert desk.code.render(Code.Content(source="x = 1\n")) == "x = 1\n"


def test_a_value_is_json_as_the_engine_understands_it(desk: Any) -> None:
    value = desk.value("x = [1.5, {'a': (True, None)}]\nx")
    assert copy_value(value) == value == [1.5, {"a": [True, None]}]
    with pytest.raises(BadValue):
        copy_value({1})
