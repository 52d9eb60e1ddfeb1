"""What the tasks of one run wait for: moments, events and people. Each wait is recorded as it begins and ends."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from .agenda import Place
from .bodies import Key
from .errors import BadUsage, TaskFailed, UnknownPart, WrongState
from .events import moment
from .firing import is_timed, matches, next_moment, sleep_until
from .mailbox import Mailbox
from .past import Past, Wait
from .registry import Registry
from .schema import checker
from .spec import TriggerSpec
from .task import Answer
from .trigger import Fired
from .values import copy_value
from .words import tell


class _Asked:
    """What one task asks of people: the wait and its form, while it is open, and all answers so far."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.taken = 0
        self.open: tuple[int, Mapping[str, Any]] | None = None
        self.news = asyncio.Event()


class Awaiting:
    """The waits of one run; what its `past` says of one is not waited for again."""

    def __init__(self, registry: Registry, clock: Callable[[], float], past: Past, on_wait: Callable[[], None]) -> None:
        self.mailbox = Mailbox(past.taken)
        self._registry = registry
        self._clock = clock
        self._past = past
        self._on_wait = on_wait
        self._asked: dict[Key, _Asked] = {}

    async def fire(self, holder: Key, number: int, trigger: TriggerSpec, fresh: bool) -> Fired:
        """The firing of a trigger, which is the task's wait of this number."""
        if trigger.type is None:
            raise TaskFailed("bad-trigger", "the trigger it waits for was not checked")
        known = self._known(holder, number)
        if known is not None and known.fired is not None:
            return Fired(known.fired["payload"], datetime.fromisoformat(known.fired["time"]))
        begun = known.begun if known is not None else self._begin(holder, number, trigger, fresh)
        if is_timed(trigger.type):
            due = datetime.fromisoformat(begun["until"])
            await sleep_until(due, self._clock)
            fired, of = Fired(None, due), {}
        else:
            event, published = await self.mailbox.take(
                _place(holder), lambda event: matches(trigger, event, self._registry.block), begun["after"]
            )
            fired, of = Fired(published.payload, published.time), {"event": event}
        self._tell(holder, {"wait": number, "payload": fired.payload, "time": moment(fired.time.timestamp()), **of})
        return fired

    async def ask(self, holder: Key, number: int, form: Mapping[str, Any]) -> Answer:
        """The next answer of a person to a task."""
        asked = self._asked.setdefault(holder, _Asked(self._past.answers.pop(_id(holder), ())))
        form = copy_value(dict(form))
        if asked.taken == len(asked.answers):
            asked.open = (number, form)
            if self._known(holder, number) is None:
                self._tell(holder, {"wait": number, "form": form})
            try:
                while asked.taken == len(asked.answers):
                    asked.news.clear()
                    await asked.news.wait()
            finally:
                asked.open = None
        asked.taken += 1
        value, block = asked.answers[asked.taken - 1]
        return Answer(copy_value(value), block)

    def answer(self, holder: Key, value: Any, block: str | None) -> None:
        """A person answers a task: recorded, then given to it. Raises WrongState and BadUsage."""
        id, asked = _id(holder), self._asked.get(holder)
        if asked is None or asked.open is None:
            scope, index = holder
            raise WrongState("task", id, scope.states[index].value, "it asks for no answer just now")
        number, form = asked.open
        blocks = form.get("blocks", {})
        if block is not None and block not in blocks:
            raise UnknownPart("block", block, f"What the task {id!r} asks", list(blocks))
        schema = form.get("schema", {}) if block is None else blocks[block].get("schema", {})
        if (check := checker(schema)) is not None and (flaw := check(value)):
            raise BadUsage(f"The answer does not fit what the task {id!r} asks: {tell(flaw, 'en')}")
        self._tell(holder, {"wait": number, "answer": value, **({} if block is None else {"block": block})})
        asked.answers.append(Answer(value, block))
        asked.news.set()

    def forget(self, holder: Key) -> None:
        """A task begins anew."""
        self._asked.pop(holder, None)

    def _known(self, holder: Key, number: int) -> Wait | None:
        return self._past.waits.get(_id(holder), {}).get(number)

    def _begin(self, holder: Key, number: int, trigger: TriggerSpec, fresh: bool) -> Mapping[str, Any]:
        assert trigger.type is not None
        told: dict[str, Any] = {"wait": number, "for": trigger.type.name}
        if is_timed(trigger.type):
            told["until"] = moment(next_moment(trigger, self._clock).timestamp())
        else:
            told["after"] = self.mailbox.last if fresh else 0
        self._tell(holder, told)
        return told

    def _tell(self, holder: Key, data: Mapping[str, Any]) -> None:
        scope, index = holder
        scope.wait(index, data)
        self._on_wait()


def _id(holder: Key) -> str:
    scope, index = holder
    return scope.ids[index]


def _place(holder: Key) -> Place:
    scope, index = holder
    return (*scope.place, index)
