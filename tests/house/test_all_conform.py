"""Every type, store and executor that comes with blockloom has a conformance class, which leaves out nothing."""

import importlib.util
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from blockloom.plugins import Plugins
from blockloom.testing import Conformance, ExecutorConformance, StoreConformance

ROOT: Final = Path(__file__).parents[2]
MEMBERS: Final = [ROOT / "core/pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")]
TESTS: Final = sorted([*ROOT.glob("plugins/*/tests/test_*.py"), *ROOT.glob("tests/core/test_*.py")])

Part: TypeAlias = tuple[str, type[Any]]
"""A kind, and a type, store or executor of it."""


def kits(path: Path) -> Iterator[type[Conformance]]:
    """The conformance classes that pytest finds in a file of tests."""
    spec = importlib.util.spec_from_file_location(f"house.{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, value in vars(module).items():
        if name.startswith("Test") and isinstance(value, type) and issubclass(value, Conformance):
            yield value


@pytest.fixture(scope="module")
def every() -> list[type[Conformance]]:
    return [kit for path in TESTS if "Conformance)" in path.read_text(encoding="utf-8") for kit in kits(path)]


def part(kit: type[Conformance], folder: Path) -> Part:
    """What a class holds to its checks."""
    made: Any = kit()
    if isinstance(made, StoreConformance):
        return "store", type(made.open(folder))
    if isinstance(made, ExecutorConformance):
        return "executor", made.executor
    return made.kind, made.subject


def offered() -> Collection[Part]:
    names = {tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"] for path in MEMBERS}
    return [(o.kind, o.type) for o in Plugins.load().registry.offers() if o.distribution in names]


def missing(parts: Collection[Part], held: Collection[Part]) -> list[str]:
    return [f"{kind} {type.name}" for kind, type in parts if (kind, type) not in held]


def test_every_part_is_held_to_the_checks(every: list[type[Conformance]], tmp_path: Path) -> None:
    held = [part(kit, tmp_path) for kit in every]
    assert len(offered()) > 25
    assert missing(offered(), held) == [], "give each a conformance class in the tests of its plugin"


def test_no_class_leaves_out_a_check(every: list[type[Conformance]]) -> None:
    assert [kit.__name__ for kit in every if kit.departures] == []


def test_a_part_without_a_class_is_found(every: list[type[Conformance]], tmp_path: Path) -> None:
    for kit in every:
        own = part(kit, tmp_path)
        held = [other for other in offered() if other != own]
        assert missing(offered(), held) == [f"{own[0]} {own[1].name}"]
