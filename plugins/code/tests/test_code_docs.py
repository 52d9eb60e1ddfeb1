"""What docs/reference/code.md says is what there is."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from blockloom_code.cage import LAYERS
from blockloom_code.layers import _finding, findings
from blockloom_code.limits import HIGHEST, LOWEST, MAX_LINES, MAX_SOURCE, MAX_TOGETHER, MAX_VALUES, USUAL
from blockloom_code.outcome import SENTENCES
from blockloom_code.settings import written
from blockloom_code.vocabulary import BUILTINS, GUARDED, MISSING, MODULES, SPECIAL_METHODS

PAGE = (Path(__file__).parents[3] / "docs/reference/code.md").read_text(encoding="utf-8")
README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """What stands below a heading, up to the next."""
    found = re.search(rf"^#+ {title}\n(.*?)(?=^#|\Z)", PAGE, re.M | re.S)
    assert found, title
    return found[1]


def words(text: str) -> set[str]:
    return set(re.findall(r"`([\w.]+)`", text))


def table(text: str) -> dict[str, list[str]]:
    """The rows of a table by their first cell, if it is code."""
    rows = re.findall(r"^\| `([\w.]+)` \| (.*) \|$", text, re.M)
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in rows}


def test_every_module_is_listed_with_all_that_it_offers() -> None:
    listed = {name: words(cells[0]) for name, cells in table(section("Modules")).items()}
    assert listed == {name: set(offered) for name, offered in MODULES.items() if name != "urllib"}


def test_every_built_in_is_listed() -> None:
    assert words(section("Built-ins")) == {*BUILTINS, *GUARDED, *SPECIAL_METHODS}


def test_what_is_said_to_be_missing_is_missing() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| `open`"))
    assert words(row.split("|")[1]) <= MISSING


def test_the_limits_are_those_that_are_listed() -> None:
    listed = {name: cells[:3] for name, cells in table(section("Limits")).items()}
    assert listed == {
        field.name: [written(field.name, getattr(limits, field.name)) for limits in (USUAL, LOWEST, HIGHEST)]
        for field in fields(USUAL)
    }


@pytest.mark.parametrize("number", [MAX_VALUES, MAX_LINES, MAX_SOURCE])
def test_the_fixed_limits_are_told(number: int) -> None:
    assert f"{number:,}" in section("Limits")


def test_how_many_share_a_process_is_told() -> None:
    assert f"up to {MAX_TOGETHER} of them" in section("Limits")


def test_every_failure_is_listed() -> None:
    own = {kind for kind in SENTENCES if kind.endswith(("_limit", "_crashed"))} | {"code_refused", "result_refused"}
    assert {name for name in table(section("How it fails")) if "_" in name} == own


def test_every_layer_is_listed() -> None:
    assert tuple(table(section("The layers"))) == LAYERS
    assert {finding.name for finding in findings()} == {f"sandbox.{layer}" for layer in LAYERS}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_that_is_missing_is_a_warning_with_a_remedy_in_two_languages(layer: str) -> None:
    missing = _finding(layer, False)
    assert missing.state == "warning"
    assert (missing.to_json("en")["text"][:8], missing.to_json("zh")["text"][:2]) == ("missing:", "缺少")
    assert "in a container, allow" in missing.to_json("en")["remedy"]
    assert "容器" in missing.to_json("zh")["remedy"]


def test_the_readme_leads_there() -> None:
    assert "docs/reference/code.md" in README
