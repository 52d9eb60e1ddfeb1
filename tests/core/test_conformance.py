"""The conformance classes: what they refuse, each check once, by a type that breaks it alone."""

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar
from unittest import SkipTest

import blockloom
import pytest
from blockloom import BlockContext, BlockType, Embedded, Problem, Published, TaskContext, TaskType, TriggerType
from blockloom.testing import (
    BlockConformance,
    BlockExample,
    Conformance,
    StoreConformance,
    TaskConformance,
    TaskExample,
    TriggerConformance,
    TriggerExample,
    engine_with,
)


class Word(BlockType):
    """A word."""

    name = "test.word"
    title = {"en": "Word", "zh": "词"}
    icon = "w"
    category = "Test"

    class Content(blockloom.Config):
        text: str
        times: int = 1

    def evaluate(self, block: BlockContext) -> Any:
        return block.content.text * block.content.times


class Words(BlockConformance):
    block = Word
    examples = (BlockExample(content={"text": "a"}, value="a"), BlockExample(content={"text": "a", "times": 2}))


class Add(TaskType):
    """Adds one."""

    name = "test.add"
    title = "Add"
    icon = "+"
    category = "Test"
    effects = "pure"

    class Config(blockloom.Config):
        by: int = 1

    class Inputs(blockloom.Ports):
        n: int

    class Outputs(blockloom.Ports):
        n: int

    def run(self, task: TaskContext) -> Any:
        return {"n": task.values["n"] + task.config.by}


class Adds(TaskConformance):
    task = Add
    examples = (TaskExample(inputs={"n": 1}, outputs={"n": 2}), TaskExample(config={"by": 5}, inputs={"n": 1}))


class Tick(TriggerType):
    """Fires every so often."""

    name = "test.tick"
    title = "Tick"
    icon = "t"
    category = "Test"

    class Config(blockloom.Config):
        hours: int = 1

    def next(self, config: Any, after: datetime) -> datetime | None:
        return after + timedelta(hours=config.hours)


class Ticks(TriggerConformance):
    trigger = Tick
    examples = (
        TriggerExample(moments=["2026-01-01T01:00:00Z"]),
        TriggerExample(config={"hours": 2}, moments=["2026-01-01T02:00:00Z"]),
    )


Kit = type[Conformance]


def outcomes(kit: Kit) -> dict[str, str]:
    """The checks of a class that fail, each with what it says."""
    found = {}
    for name in dir(kit):
        if name.startswith("test_") and name != "test_its_plugin_is_installed_and_offers_it":
            try:
                getattr(kit(), name)()
            except AssertionError as error:
                found[name] = str(error)
            except SkipTest:
                pass
    return found


def checks(kit: Kit) -> list[str]:
    return [name for name in dir(kit) if name.startswith("test_")]


@pytest.mark.parametrize("kit", [Words, Adds, Ticks])
def test_a_good_type_passes_many_checks(kit: Kit) -> None:
    assert outcomes(kit) == {}
    assert 15 <= len(checks(kit)) <= 30


def test_a_type_of_no_plugin_is_told_of() -> None:
    with pytest.raises(
        AssertionError, match=r"nobody offers the block type 'test.word'.\n→ Write tests = \"tests\" below"
    ):
        Words().test_its_plugin_is_installed_and_offers_it()


def block(**changes: Any) -> Kit:
    return type("Bad", (Words,), {"block": type("Odd", (Word,), changes)})


def task(**changes: Any) -> Kit:
    return type("Bad", (Adds,), {"task": type("Odd", (Add,), changes)})


def trigger(**changes: Any) -> Kit:
    return type("Bad", (Ticks,), {"trigger": type("Odd", (Tick,), changes)})


def counting() -> Callable[..., Any]:
    count = iter(range(1000))
    return lambda *_: next(count)


NUMBERS = itertools.count()


async def slow(self: Any, task: Any) -> Any:
    time.sleep(0.001)  # noqa: ASYNC251
    return {"n": task.values["n"] + task.config.by}


class Swallowing(blockloom.Config):
    """Settings that lose what they do not know."""

    model_config: ClassVar = {"extra": "ignore"}
    by: int = 1


class Defaulting(blockloom.Config):
    """Settings with a default that they cannot have."""

    by: int = "one"  # type: ignore[assignment]


def appended(self: Any, content: Any, addition: Any) -> Any:
    return content.model_copy(update={"times": "no number"})


def refusing(self: Any, content: Any) -> Any:
    if content.text == "bad":
        yield Problem(code="bad-content", path="/text", text={"en": "No.", "zh": ""})


BAD: Mapping[str, tuple[Kit, str]] = {
    "no title": (block(title=""), "test_it_describes_itself"),
    "no category": (task(category=""), "test_it_describes_itself"),
    "one language of two": (block(title={"en": "Word"}), "test_its_texts_are_complete"),
    "version": (task(version=0), "test_its_version_counts"),
    "old settings not given": (task(version=2), "test_old_settings_migrate"),
    "example of the type": (block(examples=({"text": 5},)), "test_the_examples_are_fine"),
    "arguments": (block(__init__=lambda self, needed: None), "TypeError"),
    "settings get lost": (task(Config=Swallowing), "test_unknown_settings_are_kept_or_refused"),
    "value": (block(evaluate=lambda *_: "b"), "test_the_examples_have_their_values"),
    "not repeatable": (block(evaluate=counting()), "test_its_value_is_repeatable"),
    "append": (block(append=appended), "test_what_is_appended_is_there"),
    "render": (block(render=counting()), "test_it_reads_as_text"),
    "check untested": (block(check=lambda *_: ()), "test_what_it_refuses_is_told_well"),
    "effects": (task(effects="none"), "test_its_effects_are_known"),
    "outputs": (task(run=lambda *_: {"n": "text"}), "test_its_outputs_fit_its_ports"),
    "fails": (task(run=lambda *_: 1 / 0), "test_the_examples_run"),
    "run repeatable": (task(run=lambda *_: {"n": next(NUMBERS)}), "test_it_is_repeatable"),
    "blocks the loop": (task(run=slow), "test_running_it_does_not_block"),
    "thread": (task(blocking=True, run=slow), "test_its_run_fits_how_it_is_called"),
    "back in time": (trigger(next=lambda _, c, after: after), "test_moments_come_one_after_another"),
    "neither": (trigger(next=TriggerType.next), "test_it_fires_in_time_or_on_events"),
    "both": (trigger(matches=lambda *_: True), "test_it_fires_in_time_or_on_events"),
    "no evaluate": (block(evaluate=BlockType.evaluate), "test_it_can_be_used"),
    "no name": (task(name="two words"), "test_it_can_be_used"),
    "settings of a block as Config": (block(Config=Swallowing), "test_it_can_be_used"),
    "settings of a task as Content": (task(Content=Swallowing), "test_it_can_be_used"),
    "a port set misspelt": (task(Output=Add.Outputs), "test_it_can_be_used"),
    "default": (task(Config=Defaulting), "test_its_defaults_are_fine"),
    "not JSON": (block(evaluate=lambda *_: {1, 2}), "test_the_examples_have_their_values"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_type_fails_its_check(name: str) -> None:
    kit, check = BAD[name]
    if check == "TypeError":
        with pytest.raises((TypeError, blockloom.PluginError)):
            kit().test_it_is_made_without_arguments()  # type: ignore[attr-defined]
        return
    with pytest.raises(AssertionError, match="→"):
        getattr(kit(), check)()


def test_one_mistake_in_an_example_fails_one_check() -> None:
    made: Any = type("Typo", (Words,), {"examples": (*Words.examples, BlockExample(content={"txt": "a"}))})
    assert outcomes(made) == {
        "test_the_examples_are_fine": "The example {'txt': 'a'} is refused: "
        "/text: The content of the block 'block' does not fit: text: this field is missing; "
        "/txt: The content of the block 'block' does not fit: txt: there is no such field"
        "\n→ Correct it, or the shape of the settings."
    }
    made = type("Typo", (Adds,), {"examples": (*Adds.examples, TaskExample(inputs={"m": 1}))})
    assert list(outcomes(made)) == ["test_the_examples_are_fine"]
    assert list(outcomes(task(Inputs=5))) == ["test_it_can_be_used"]


def test_an_example_reads_as_what_was_said_of_it() -> None:
    assert str(TaskExample(inputs={"n": 1}, fails="x")) == "TaskExample(inputs={'n': 1}, fails='x')"
    assert str(BlockExample(content={}, value=None)) == "BlockExample(content={}, value=None)"


def test_what_cannot_be_appended_to_has_no_additions() -> None:
    made: Any = type("Grown", (Words,), {"examples": (BlockExample(content={"text": "a"}, addition="b"),)})
    with pytest.raises(AssertionError, match="and the type no `append`"):
        made().test_what_is_appended_is_there()


@pytest.mark.parametrize("moment", ["soon", "2026-01-01T00:00:00"])
def test_a_moment_without_a_time_zone_is_refused_at_once(moment: str) -> None:
    with pytest.raises(ValueError, match="is no moment of an example"):
        TriggerExample(moments=[moment])


def test_a_refusal_in_one_language_is_told_of() -> None:
    made = block(check=refusing)
    made.refused = (({"text": "bad"}, "/text"),)  # type: ignore[attr-defined]
    with pytest.raises(AssertionError, match="these languages are missing: zh"):
        made().test_what_it_refuses_is_told_well()  # type: ignore[attr-defined]


async def stubborn(self: Any, given: Any) -> Any:
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)


async def forgetful(self: Any, given: Any) -> Any:
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(3600)
    return "a"


def test_what_cannot_be_canceled_is_told_of_and_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blockloom.testing.blockchecks.PROMPT", 0.01)
    monkeypatch.setattr("blockloom.waits.GRACE", 0.01)
    monkeypatch.setattr("blockloom.scheduler.GRACE", 0.01)
    monkeypatch.setattr("blockloom.testing.taskchecks.ENOUGH", 0.01)
    kit: Any = block(evaluate=stubborn)
    with pytest.raises(AssertionError, match="goes on after it was canceled"):
        kit().test_canceling_ends_it()
    kit = task(run=stubborn)
    with pytest.raises(AssertionError, match="goes on after its run was stopped"):
        kit().test_stopping_ends_it()
    with pytest.raises(AssertionError, match=r"has not ended in 0\.01 seconds.\n→ Let it end"):
        kit().test_the_examples_run()


def busy(self: Any, given: Any) -> Any:
    end = time.perf_counter() + 0.5
    while time.perf_counter() < end:
        pass
    return {"n": 1}


def test_what_takes_long_in_place_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blockloom.testing.watching.BEAT", 0.02)
    for kit, check in (
        (block(evaluate=busy), "test_evaluating_does_not_block"),
        (task(run=busy), "test_running_it_does_not_block"),
    ):
        with pytest.raises(AssertionError, match="blocks the event loop by busy, "):
            getattr(kit(), check)()


def test_a_cancellation_that_is_forgotten_is_told_of() -> None:
    kit: Any = block(evaluate=forgetful)
    with pytest.raises(AssertionError, match="ends as if it had not been canceled"):
        kit().test_canceling_ends_it()


async def asking(self: Any, task: Any) -> Any:
    answer = await task.ask({"schema": {"type": "integer"}})
    return {"n": answer.value}


def test_what_a_task_asks_the_example_answers() -> None:
    kit: Any = task(run=asking, effects="human")
    with pytest.raises(AssertionError, match=r"is asked: .*integer.*\n→ Give it `answers`"):
        kit().test_the_examples_run()
    kit.examples = (TaskExample(inputs={"n": 1}, answers=[5], outputs={"n": 5}),)
    kit().test_the_examples_run()


def test_examples_run_on_the_engine_that_the_class_makes() -> None:
    made = []

    class Own(Adds):
        def engine(self) -> blockloom.Engine:
            made.append(engine_with(Add))
            return made[-1]

    Own().test_the_examples_run()
    assert len(made) == len(Adds.examples)


def test_a_check_is_overridden_only_with_a_reason() -> None:
    with pytest.raises(AssertionError, match="overrides or deletes the check 'test_its_schema_is_valid'"):
        type("Sly", (Words,), {"test_its_schema_is_valid": lambda self: None})
    with pytest.raises(AssertionError, match="overrides or deletes"):
        type("Sly", (Words,), {"test_its_schema_is_valid": None})
    with pytest.raises(AssertionError, match="without a reason"):
        type("Sly", (Words,), {"departures": {"test_its_schema_is_valid": " "}})
    with pytest.raises(AssertionError, match="is no check of the class"):
        type("Sly", (Words,), {"departures": {"test_nothing": "why"}})


def test_no_check_of_a_store_is_left_out() -> None:
    for changes in ({"departures": {"test_a_key_is_one_run": "it is slow"}}, {"test_a_key_is_one_run": None}):
        with pytest.raises(AssertionError, match=r"test_a_key_is_one_run'?: there is no excuse"):
            type("Sly", (StoreConformance,), changes)


def test_a_check_that_is_departed_from_is_skipped_with_its_reason() -> None:
    made = type("Open", (Words,), {"departures": {"test_its_schema_is_valid": "it is written by hand"}})
    with pytest.raises(BaseException, match="it is written by hand") as raised:
        made().test_its_schema_is_valid()
    assert raised.typename == "SkipTest"
    own = type("Own", (Words,), {"departures": {"test_it_reads_as_text": "why"}, "test_it_reads_as_text": lambda s: 5})
    assert own().test_it_reads_as_text() == 5


class Mail(TriggerType):
    """Fires on an event that its condition lets through."""

    name = "test.mail"
    title = "Mail"
    icon = "m"
    category = "Test"

    def matches(self, config: Any, event: Published) -> bool:
        return event.name == "mail"

    def embedded(self, config: Any) -> Any:
        return [Embedded(("x",), "code", {"source": "payload > 1"})]


def test_what_a_condition_holds_back_does_not_count_as_fired() -> None:
    examples = (
        TriggerExample(fires=[("mail", 2)], ignores=[("mail", 1), ("post", 2)]),
        TriggerExample(fires=[("mail", 3)]),
    )
    mails: Any = type("Mails", (TriggerConformance,), {"trigger": Mail, "examples": examples})
    assert outcomes(mails) == {}
    mails.trigger = type("Deaf", (Mail,), {"matches": lambda *_: False})
    with pytest.raises(AssertionError, match="A task that waits for it never goes on: TriggerExample"):
        mails().test_a_task_can_wait_for_it()
