import asyncio
from typing import Any, ClassVar

import blockloom
import pytest
from blockloom import (
    BlockContext,
    BlockType,
    PluginError,
    Plugins,
    Registry,
    TaskContext,
    TaskType,
    TypeConflict,
    UnknownType,
)


class Shout(TaskType):
    """Upper-case a text.

    Twice if need be.
    """

    name = "acme.shout"
    version = 3
    title: ClassVar = {"en": "Shout", "zh": "喊"}
    icon = "📢"
    examples = ({"mark": "?"},)
    effects = "pure"

    class Config(blockloom.Config):
        mark: str = "!"

    class Inputs(blockloom.Ports):
        text: str
        times: int = 1

    class Outputs(blockloom.Ports):
        text: str
        loud: bool = blockloom.NOT_TAKEN

    closed = 0

    def run(self, task: TaskContext) -> Any:
        return self.Outputs(text="")

    async def close(self) -> None:
        type(self).closed += 1


class Whisper(Shout):
    name = "acme.whisper"


class Note(BlockType):
    name = "acme.shout"

    def evaluate(self, block: BlockContext) -> Any:
        return None


class Stubborn(BlockType):
    name = "acme.stubborn"

    def __init__(self) -> None:
        raise RuntimeError("no key")

    def evaluate(self, block: BlockContext) -> Any:
        return None


def registry(*tasks: type[TaskType]) -> Registry:
    made = Registry()
    for type in tasks:
        made.add("task", type, "shout", "acme-shout")
    return made


def test_a_type_is_made_once() -> None:
    made = registry(Shout)
    assert made.task("acme.shout") is made.task("acme.shout")
    assert isinstance(made.task("acme.shout"), Shout)


def test_the_kinds_have_names_of_their_own() -> None:
    made = registry(Shout)
    made.add("block", Note)
    assert isinstance(made.block("acme.shout"), Note)
    assert isinstance(made.task("acme.shout"), Shout)


def test_an_unknown_type_brings_similar_names() -> None:
    with pytest.raises(UnknownType) as caught:
        registry(Shout, Whisper).task("acme.shuot")
    assert caught.value.near == ("acme.shout",)
    assert caught.value.message == "No installed plugin offers the task type 'acme.shuot'. Did you mean 'acme.shout'?"


def test_a_name_of_another_kind_is_not_meant() -> None:
    with pytest.raises(UnknownType) as caught:
        registry(Shout).block("acme.shout")
    assert caught.value.near == ()


def test_an_unknown_type_names_the_broken_plugins() -> None:
    made = registry()
    made.broken["shout (acme-shout)"] = "ImportError: no module named x"
    with pytest.raises(UnknownType, match=r"The plugin shout \(acme-shout\) is broken: ImportError"):
        made.task("acme.shout")


def test_a_name_that_two_offer_is_used_by_neither() -> None:
    made = registry(Shout)
    made.add("task", Shout, "loud", "other-loud")
    with pytest.raises(TypeConflict) as caught:
        made.task("acme.shout")
    assert caught.value.owners == ("shout (acme-shout)", "loud (other-loud)")
    assert "offered by shout (acme-shout) and by loud (other-loud)" in caught.value.message
    assert [[offer.plugin for offer in offers] for offers in made.conflicts()] == [["shout", "loud"]]


def test_offers_are_sorted_and_hold_both_sides_of_a_conflict() -> None:
    made = registry(Whisper, Shout)
    made.add("task", Shout, "loud", "other-loud")
    made.add("block", Note)
    assert [(o.kind, o.name, o.plugin) for o in made.offers()] == [
        ("block", "acme.shout", "this program"),
        ("task", "acme.shout", "loud"),
        ("task", "acme.shout", "shout"),
        ("task", "acme.whisper", "shout"),
    ]
    assert [o.kind for o in made.offers("block")] == ["block"]


def test_an_offer_tells_all_that_its_type_says() -> None:
    (offer,) = registry(Shout).offers()
    told = offer.to_json()
    assert told == {
        "kind": "task",
        "name": "acme.shout",
        "plugin": "shout",
        "distribution": "acme-shout",
        "version": 3,
        "title": {"en": "Shout", "zh": "喊"},
        "description": "Upper-case a text.\n\n    Twice if need be.",
        "icon": "📢",
        "replaces": [],
        "category": "",
        "examples": [{"mark": "?"}],
        "effects": "pure",
        "schema": told["schema"],
        "ports": told["ports"],
    }
    assert told["schema"]["properties"]["mark"]["default"] == "!"
    assert told["ports"]["inputs"]["text"] == {"schema": {"type": "string"}, "required": True}
    assert told["ports"]["inputs"]["times"] == {"schema": {"type": "integer"}, "required": False, "default": 1}
    assert told["ports"]["outputs"]["loud"] == {"schema": {"type": "boolean"}, "required": False, "branch": True}


def test_every_installed_type_can_be_told() -> None:
    import json

    for offer in Plugins.load().registry.offers():
        assert json.loads(json.dumps(offer.to_json()))["name"] == offer.name


def test_a_type_that_cannot_be_made_names_its_plugin() -> None:
    made = Registry()
    made.add("block", Stubborn, "stubborn", "acme-stubborn")
    with pytest.raises(PluginError, match=r"stubborn \(acme-stubborn\).*'acme.stubborn' cannot be made.*no key"):
        made.block("acme.stubborn")


def test_a_fresh_registry_makes_its_types_anew() -> None:
    made = registry(Shout)
    fresh = made.fresh()
    assert fresh.task("acme.shout") is not made.task("acme.shout")
    made.add("task", Whisper)
    assert isinstance(fresh.task("acme.whisper"), Whisper)


def test_closing_closes_what_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shout, "closed", 0)
    made = registry(Shout, Whisper)
    asyncio.run(made.close())
    assert Shout.closed == 0
    made.task("acme.shout")
    asyncio.run(made.close())
    asyncio.run(made.close())
    assert Shout.closed == 1
