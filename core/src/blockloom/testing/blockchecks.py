"""The conformance class of block types."""

import asyncio
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from inspect import isawaitable
from typing import Any, ClassVar, Final

from pydantic import BaseModel

from ..alone import evaluate_content, grown
from ..block import BlockContext, BlockType
from ..check import check_content
from ..errors import BadUsage, BadValue, BlockloomError
from ..face.block import Block
from ..problem import Problem
from ..values import copy_value
from .aside import run_leaving
from .conformance import Example, Unmet, require, told
from .kindchecks import KindConformance, Settings
from .watching import blocking_calls, held_up

__tracebackhide__ = True  # a check that fails says all there is to say: pytest shows the author's own lines alone

PROMPT: Final = 10.0
"""Seconds in which what is canceled must have ended, even on a busy machine."""


class _Nothing:
    """Says that an example tells nothing about this."""


PLAIN: Final = "Give null, booleans, numbers, text, lists and mappings with text keys."

NOTHING_SAID: Final[Any] = _Nothing()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BlockExample(Example):
    """A block's content, the names that it sees, and what its value is then.

    `addition` is something that can be appended to it.
    """

    content: Settings
    names: Mapping[str, Any] = field(default_factory=dict)
    value: Any = NOTHING_SAID
    addition: Any = NOTHING_SAID


class BlockConformance(KindConformance):
    """The checks of a block type: a test class that inherits from it names the type and gives two examples."""

    block: ClassVar[type[BlockType]]
    examples: Sequence[BlockExample]

    kind = "block"

    @property
    def subject(self) -> type[BlockType]:
        """The block type."""
        return self.block

    @property
    def model(self) -> type[BaseModel]:
        """Its content."""
        return self.block.Content

    def settings(self) -> Sequence[Settings]:
        """The contents of the examples."""
        return [example.content for example in self.examples]

    def problems(self, settings: Settings) -> list[Problem]:
        """What is wrong with a content."""
        return check_content(self._document(settings), self.registry)

    def test_the_examples_have_their_values(self) -> None:
        """Each example has the value that it says, and it is JSON."""
        self.need_examples()
        for example in self.examples:
            value = self._value(example)
            said = example.value is NOTHING_SAID or value == example.value
            require(
                said,
                f"The value of {example.content!r} is {value!r}, not {example.value!r}.",
                "Correct the example, or `evaluate`.",
            )

    def test_its_value_is_repeatable(self) -> None:
        """What is `pure` has the same value each time."""
        self.need_examples()
        for example in self.examples if self.block.effects == "pure" else ():
            first, second = self._value(example), self._value(example)
            require(first == second, f"{example.content!r} is {first!r}, then {second!r}.", 'Say effects = "effect".')

    def test_evaluating_changes_nothing(self) -> None:
        """Evaluating leaves the content as it was."""
        self.need_examples()
        for example in self.examples:
            content = self._content(example)
            before = content.model_dump(mode="json")
            asyncio.run(_evaluated(self.block, content, example.names))
            require(content.model_dump(mode="json") == before, "Evaluating changes the content.", "Work on a copy.")

    def test_evaluating_does_not_block(self) -> None:
        """Evaluating does not hold up the event loop, by sleeping, connecting, fetching or taking long."""
        self.need_examples()
        for example in self.examples:
            content = self._content(example)

            async def watched(content: Any = content, names: Mapping[str, Any] = example.names) -> list[str]:
                places: list[str] = []
                with blocking_calls() as calls, held_up(self.block, places):
                    await _evaluated(self.block, content, names)
                return [*calls, *places]

            calls = asyncio.run(watched())
            require(not calls, f"evaluate blocks the event loop by {', '.join(calls)}.", "Use asyncio.to_thread.")

    def test_canceling_ends_it(self) -> None:
        """An evaluation that is canceled ends promptly, and passes the cancellation on."""
        self.need_examples()
        for example in self.examples:
            ended = run_leaving(partial(_canceled, self.block, self._content(example), example.names))
            require(ended is not None, "evaluate goes on after it was canceled.", "Let CancelledError pass.")
            require(ended, "evaluate ends as if it had not been canceled.", "Let CancelledError pass.")

    def test_what_is_appended_is_there(self) -> None:
        """What is appended changes the content to another that is fine, and leaves the given one as it was."""
        self.need_examples()
        given = [example for example in self.examples if example.addition is not NOTHING_SAID]
        own = self.block.append is not BlockType.append
        require(given or not own, "The type has `append`, and no example an `addition`.", "Give one an addition.")
        require(own or not given, "An example has an `addition`, and the type no `append`.", "Define `append`.")
        for example in given:
            document = self._document(example.content)
            made = grown(document, example.addition, self.registry)
            found = [f"{p.path or '/'}: {p.message}" for p in self.problems(made)]
            require(not found, f"Once appended to, {made!r} is refused: {found}", "Let append give a valid content.")
            require(document["content"] == example.content, "append changes the given content.", "Work on a copy.")
            before = self._content(example).model_dump(mode="json")
            require(made != before, f"Appending {example.addition!r} changes nothing.", "Let append add it.")

    def test_what_cannot_be_appended_is_refused(self) -> None:
        """Something odd is appended, or refused as BadUsage; it never breaks the block."""
        self.need_examples()
        document = self._document(self.examples[0].content)
        for odd in (None, True, 1.5, ["odd"], {"no such": "key"}):
            try:
                made = grown(document, odd, self.registry)
            except BadUsage:
                continue
            except BlockloomError as error:
                raise AssertionError(f"Appending {odd!r} raises {error!r}\n→ Raise BadUsage.") from error
            found = [f"{p.path or '/'}: {p.message}" for p in self.problems(made)]
            require(not found, f"Appending {odd!r} gives {made!r}, which is refused: {found}", "Raise BadUsage.")

    def test_it_reads_as_text(self) -> None:
        """`render` gives text, the same each time."""
        self.need_examples()
        for example in self.examples:
            first, second = (self.block().render(self._content(example)) for _ in range(2))
            require(isinstance(first, str), f"render gives {type(first).__name__}.", "Give text.")
            require(first == second, "render gives something else each time.", "Let it depend on the content alone.")

    def test_unknown_fields_are_kept(self) -> None:
        """What a document says of the block beyond what blockloom knows is kept on a round trip."""
        self.need_examples()
        for settings in self.settings():
            document = {"id": "block", "type": self.block.name, "content": dict(settings), "x-note": [1, "two"]}
            kept = Block.from_json(document).to_json()
            require(document.items() <= kept.items(), f"{document!r} becomes {kept!r}.", "Keep to `Content`.")

    def _document(self, content: Settings) -> dict[str, Any]:
        told = {"id": "block", "type": self.block.name, "version": self.block.version}
        return {**told, "content": deepcopy(dict(content))}

    def _content(self, example: BlockExample) -> Any:
        return self.block.Content.model_validate(deepcopy(dict(example.content)))

    def _value(self, example: BlockExample) -> Any:
        async def value() -> Any:
            registry = self.registry
            document = self._document(example.content)
            try:
                return await evaluate_content(document, example.names, registry)
            except BadValue as error:
                raise Unmet(f"The value of {example.content!r} is not JSON: {error.message}\n→ {PLAIN}") from None
            finally:
                await registry.close()

        with told():
            return asyncio.run(value())


async def _evaluated(block: type[BlockType], content: Any, names: Mapping[str, Any]) -> Any:
    type = block()
    try:
        value = type.evaluate(_context(content, names))
        return await value if isawaitable(value) else value
    finally:
        await type.close()


async def _canceled(block: type[BlockType], content: Any, names: Mapping[str, Any]) -> bool | None:
    """Whether an evaluation that is canceled once it waits was canceled; None where it goes on. Most do not wait."""
    type = block()
    try:
        value = type.evaluate(_context(content, names))
        if not isawaitable(value):
            return True
        evaluating = asyncio.ensure_future(value)
        await asyncio.sleep(0)
        waits = evaluating.cancel()
        done, _ = await asyncio.wait([evaluating], timeout=PROMPT)
        await asyncio.gather(*done, return_exceptions=True)
        return not waits or evaluating.cancelled() if done else None
    finally:
        await type.close()


def _context(content: Any, names: Mapping[str, Any]) -> BlockContext:
    return BlockContext(content=content, names=copy_value(dict(names)), inputs=copy_value(dict(names)))
