"""What a block may use: by itself, by the settings of the machine, and never more than the most."""

import os
from typing import Any

import blockloom
import pytest
from blockloom import BadUsage, BlockContext, Plugins
from blockloom_code import Code
from blockloom_code.limits import HIGHEST, MIB, USUAL, Limits
from blockloom_code.settings import BlockLimits, Settings, size


def content(source: str, **limits: Any) -> Any:
    return Code.Content.model_validate({"source": source, "limits": limits})


def failure(desk: Any, source: str, **limits: Any) -> str:
    with pytest.raises(blockloom.TaskFailed) as caught:
        desk.runner.run(desk.code._run(BlockContext(content=content(source, **limits))))
    return str(caught.value.type)


@pytest.mark.parametrize(
    ("source", "limits", "kind"),
    [
        ("while True: pass", {"time": "50ms"}, "time_limit"),
        ("while True: pass", {"time": 0.05}, "time_limit"),
        ("x = 'a' * 60_000_000\nlen(x)", {"memory": "48MiB"}, "memory_limit"),
        ("x = 'a' * 3000\nx", {"result": "2KiB"}, "result_refused"),
        ("print('a' * 3000)", {"output": 2048}, "output_limit"),
    ],
)
def test_a_block_has_limits_of_its_own(desk: Any, source: str, limits: dict[str, Any], kind: str) -> None:
    assert failure(desk, source, **limits) == kind


def test_a_block_may_have_more_than_is_usual(strict: Any) -> None:
    block = BlockContext(content=content("print('a' * 20_000)\nx = 'a' * 2_000_000\nx", output="1MiB", result="4MiB"))
    assert len(strict.runner.run(strict.code._run(block))) == 2_000_000


@pytest.mark.parametrize(
    ("limits", "path"),
    [
        ({"time": "2h"}, "/limits/time"),
        ({"time": 0}, "/limits/time"),
        ({"memory": "1MiB"}, "/limits/memory"),
        ({"memory": "1000GiB"}, "/limits/memory"),
        ({"output": -1}, "/limits/output"),
    ],
)
def test_check_tells_what_it_may_not_have(desk: Any, english: None, limits: dict[str, Any], path: str) -> None:
    (problem,) = desk.code.check(content("1", **limits))
    assert (problem.code, problem.path) == ("bad-content", path)
    assert "at least" in problem.message
    assert "at most" in problem.message


@pytest.mark.parametrize(
    "limits", [{"time": "soon"}, {"memory": "lots"}, {"memory": True}, {"speed": 1}, {"time": [1]}]
)
def test_a_limit_that_is_none_is_refused_by_its_shape(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"limits|Extra"):
        content("1", **limits)


def test_appending_keeps_them(desk: Any) -> None:
    grown = desk.code.append(content("a", time=1), "b")
    assert (grown.source, grown.limits.time) == ("a\nb", 1.0)
    assert Code.Content(source="1").model_dump() == {"source": "1", "language": "python"}


@pytest.mark.parametrize(
    ("text", "value"), [("64MiB", 64 * MIB), (" 1 GiB ", 1024 * MIB), ("512KiB", 524288), ("7", 7), ("7B", 7), (9, 9)]
)
def test_a_size_is_written_in_bytes_or_with_a_unit(text: Any, value: int) -> None:
    assert size(text) == value


def test_without_settings_there_are_the_usual_limits() -> None:
    assert Settings.read({}) == Settings(usual=USUAL, most=HIGHEST)


def test_settings_are_read_from_the_environment() -> None:
    read = Settings.read({"BLOCKLOOM_CODE_TIME": "30s", "BLOCKLOOM_CODE_MEMORY": "1GiB", "BLOCKLOOM_CODE_OUTPUT": ""})
    assert read.usual == Limits(time=30, memory=1024 * MIB)
    assert read.of(None) == read.usual
    assert read.of(BlockLimits(time=40)) == Limits(time=40, memory=1024 * MIB)


def test_nobody_gets_more_than_the_most() -> None:
    read = Settings.read({"BLOCKLOOM_CODE_MAX_TIME": "2s", "BLOCKLOOM_CODE_MAX_MEMORY": "64MiB"})
    assert (read.usual.time, read.usual.memory) == (2, 64 * MIB)
    assert read.of(BlockLimits(time=5)).time == 2
    assert [problem.path for problem in read.problems(BlockLimits(time=5, memory=64 * MIB))] == ["/limits/time"]


@pytest.mark.parametrize(
    ("variable", "text", "words"),
    [
        ("BLOCKLOOM_CODE_TIME", "soon", "not a duration"),
        ("BLOCKLOOM_CODE_MEMORY", "lots", "not a size"),
        ("BLOCKLOOM_CODE_MEMORY", "1MiB", "may be 32MiB to 16GiB"),
        ("BLOCKLOOM_CODE_MAX_TIME", "2h", "may be 0.01s to 3600s"),
        ("BLOCKLOOM_CODE_MAX_OUTPUT", "-5", "not a size"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_its_name(variable: str, text: str, words: str) -> None:
    with pytest.raises(BadUsage) as caught:
        Settings.read({variable: text})
    assert variable in caught.value.message
    assert words in caught.value.message


def test_a_type_of_a_machine_has_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not [name for name in os.environ if name.startswith("BLOCKLOOM_CODE_")]
    monkeypatch.setenv("BLOCKLOOM_CODE_TIME", "3s")
    assert Plugins.load().registry.block("code").settings.usual.time == 3  # type: ignore[attr-defined]
    monkeypatch.setenv("BLOCKLOOM_CODE_TIME", "never")
    with pytest.raises(blockloom.PluginError, match="BLOCKLOOM_CODE_TIME"):
        Plugins.load().registry.block("code")
