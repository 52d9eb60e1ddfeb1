"""The conformance class of trigger types."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, Final
from unittest import SkipTest

from pydantic import BaseModel

from .. import kind
from ..check import check
from ..codec import FORMAT
from ..face.trigger import Trigger
from ..kind import Ports
from ..problem import Problem
from ..records import TaskRecord
from ..spec import TriggerSpec
from ..task import TaskContext, TaskType
from ..trigger import Published, Receipt, TriggerType
from ..values import copy_value
from .conformance import Example, require
from .kindchecks import KindConformance, Settings
from .kit import engine_with
from .simulation import EPOCH, Deadlock, simulate

__tracebackhide__ = True  # a check that fails says all there is to say: pytest shows the author's own lines alone

START: Final = datetime.fromtimestamp(EPOCH, UTC)
"""When the examples begin: the first of January 2026."""

_ODD: Final[Sequence[Any]] = (None, True, 1.5, "odd", [], {}, {"no such": ["key"]})

_WAYS: Final = ("next", "matches", "listen")

ZONE: Final = "Give moments with one, such as datetime.now(UTC)."

ENOUGH: Final = 5.0
"""Seconds that a listener has to say where it is, and to end."""

FIT: Final = "Correct the example, or the type."

MOMENTS: Final = 50
"""How many moments of each example are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TriggerExample(Example):
    """A trigger's settings, and when it fires.

    In time: the first moments after `after`, in ISO 8601. On events, each as `(name, payload)`: those that fire it,
    and those that do not.
    """

    config: Settings = field(default_factory=dict)
    after: str = START.isoformat()
    moments: Sequence[str] = ()
    fires: Sequence[tuple[str, Any]] = ()
    ignores: Sequence[tuple[str, Any]] = ()

    def __post_init__(self) -> None:
        for said in (self.after, *self.moments):
            try:
                zone = datetime.fromisoformat(said).tzinfo
            except ValueError:
                zone = None
            if zone is None:
                raise ValueError(f"{said!r} is no moment of an example: write it as 2026-01-01T09:00:00Z.")


class Waiter(TaskType):
    """Waits for a trigger, and gives what it carried."""

    name = "blockloom.testing.waiter"

    class Config(kind.Config):
        """What it waits for."""

        trigger: TriggerSpec

    class Outputs(Ports):
        """What the trigger carried, and when it fired."""

        payload: Any
        time: str

    async def run(self, task: TaskContext) -> Outputs:
        """Wait."""
        fired = await task.wait(task.config.trigger)
        return self.Outputs(payload=fired.payload, time=fired.time.isoformat())


class TriggerConformance(KindConformance):
    """The checks of a trigger type: a test class that inherits from it names the type and gives two examples."""

    trigger: ClassVar[type[TriggerType]]
    listening: ClassVar[Mapping[str, Any]] = {}
    """The settings of a listener."""
    examples: Sequence[TriggerExample]

    kind = "trigger"

    @property
    def subject(self) -> type[TriggerType]:
        """The trigger type."""
        return self.trigger

    @property
    def model(self) -> type[BaseModel]:
        """Its settings."""
        return self.trigger.Config

    def settings(self) -> Sequence[Settings]:
        """The settings of the examples."""
        return [example.config for example in self.examples]

    def problems(self, settings: Settings) -> list[Problem]:
        """What is wrong with settings."""
        version = self.trigger.version
        trigger = {"id": "it", "type": self.trigger.name, "version": version, "config": dict(settings)}
        found = check({"blockloom": FORMAT, "tasks": [], "triggers": [trigger]}, self.registry)
        start = "/triggers/0/config"
        return [replace(p, path=p.path.removeprefix(start)) for p in found if p.path.startswith(start)]

    def test_it_fires_in_time_or_on_events(self) -> None:
        """It has one of `next`, `matches` and `listen`."""
        own = self._ways()
        require(len(own) == 1, f"The type has {' and '.join(own) or 'none'}.", f"Have one of {', '.join(_WAYS)}.")

    def test_the_examples_say_when(self) -> None:
        """Each example says when it fires: a moment, or an event; that of a listener cannot."""
        for example in () if self._listens else self.examples:
            require(example.moments or example.fires, f"{example} never fires.", "Give `moments` or `fires`.")

    def test_moments_come_one_after_another(self) -> None:
        """The moments of an example are those that it says; each is in UTC and later than the one before."""
        self.need_examples()
        for example in self._timed():
            config, moment = self._config(example), datetime.fromisoformat(example.after)
            for number in range(MOMENTS):
                following = self.trigger().next(config, moment)
                if following is None:
                    require(
                        number >= len(example.moments),
                        f"After {moment} it never fires.",
                        FIT,
                    )
                    break
                require(following.utcoffset() is not None, f"{following} has no time zone.", ZONE)
                require(following > moment, f"After {moment} comes {following}.", "Give a later moment.")
                if number < len(example.moments):
                    said = datetime.fromisoformat(example.moments[number])
                    require(
                        following == said,
                        f"After {moment} comes {following}, not {said}.",
                        FIT,
                    )
                moment = following

    def test_moments_are_repeatable(self) -> None:
        """The next moment depends on nothing but the settings and the one before."""
        self.need_examples()
        for example in self._timed():
            config, after = self._config(example), datetime.fromisoformat(example.after)
            first, second = self.trigger().next(config, after), self.trigger().next(config, after)
            require(first == second, f"After {after} comes {first}, then {second}.", "Let it depend on nothing else.")

    def test_moments_can_be_passed_over(self) -> None:
        """From where `resume` leads, the same moments come as from the beginning."""
        self.need_examples()
        for example in self._timed():
            config, type = self._config(example), self.trigger()
            after = moment = datetime.fromisoformat(example.after)
            for _ in range(MOMENTS):
                until, following = moment, type.next(config, moment)
                require(following is None or following.utcoffset() is not None, f"{following} has no time zone.", ZONE)
                if following is None or (type.once and moment > after):
                    break
                start = type.resume(config, after, until)
                require(after <= start <= until, f"resume gives {start}.", f"Stay between {after} and {until}.")
                found: datetime | None = start
                while found is not None and found <= until:
                    found = type.next(config, found)
                require(found == following, f"By way of {start} comes {found}, not {following}.", "Give `after`.")
                moment = following

    def test_a_listener_ends_when_it_is_canceled(self) -> None:
        """A listener goes on until it is canceled, and is gone then."""
        self.need_examples()
        for example in self.examples if self._listens else ():
            asyncio.run(self._listened(example))

    def test_events_match(self) -> None:
        """The events of an example that are to fire it match; of the others, none that its conditions let through."""
        self.need_examples()
        for example in self.examples:
            config = self._config(example)
            for name, payload in example.fires:
                matched = self.trigger().matches(config, _event(name, payload))
                require(matched is True, f"The event {name!r} with {payload!r} gives {matched!r}.", "Give True.")
            for name, payload in example.ignores:
                matched = self.trigger().matches(config, _event(name, payload))
                through = matched and not list(self.trigger().embedded(config))
                require(not through, f"The event {name!r} with {payload!r} fires it.", FIT)

    def test_matching_changes_nothing(self) -> None:
        """Matching leaves the event and the settings as they were."""
        self.need_examples()
        for example in self.examples:
            config = self._config(example)
            before = config.model_dump(mode="json")
            for name, payload in [*example.fires, *example.ignores]:
                event = _event(name, payload)
                self.trigger().matches(config, event)
                require(event.payload == payload, "matches changes the event.", "Work on a copy.")
            require(config.model_dump(mode="json") == before, "matches changes the settings.", "Work on a copy.")

    def test_odd_events_do_no_harm(self) -> None:
        """An event with an odd payload fires it or does not; it raises nothing."""
        self.need_examples()
        for example in self.examples:
            names = {name for name, _ in [*example.fires, *example.ignores]} or {"odd"}
            for name in sorted(names):
                for payload in _ODD:
                    self.trigger().matches(self._config(example), _event(name, payload))

    def test_a_task_can_wait_for_it(self) -> None:
        """A task that waits for it goes on at the first moment, or at the first event that is to fire it."""
        self.need_examples()
        for example in () if self._listens else self.examples:
            try:
                record = simulate(partial(self._waited, example))
            except Deadlock:
                raise AssertionError(f"A task that waits for it never goes on: {example}\n→ {FIT}") from None
            require(record.outputs is not None, f"A task that waits for it fails: {record.error}", FIT)
            outputs = record.outputs or {}
            if example.fires:
                require(
                    outputs["payload"] == example.fires[0][1],
                    f"It fired with {outputs!r}.",
                    FIT,
                )
            elif example.after == START.isoformat():
                same = datetime.fromisoformat(outputs["time"]) == datetime.fromisoformat(example.moments[0])
                require(
                    same,
                    f"It fired at {outputs['time']}, not {example.moments[0]}.",
                    FIT,
                )

    def test_unknown_fields_are_kept(self) -> None:
        """What a document says of the trigger beyond what blockloom knows is kept on a round trip."""
        for settings in self.settings():
            document = {"id": "it", "type": self.trigger.name, "config": dict(settings), "x-note": [1, "two"]}
            kept = Trigger.from_json(deepcopy(document)).to_json()
            said = {key: value for key, value in document.items() if value}
            require(said.items() <= kept.items(), f"{document!r} becomes {kept!r}.", "Keep to `Config`.")

    def need_examples(self) -> None:
        """See KindConformance; one that never fires, or in two ways, can tell nothing either."""
        super().need_examples()
        if len(self._ways()) != 1:
            raise SkipTest("see test_it_fires_in_time_or_on_events")

    def _ways(self) -> list[str]:
        return [name for name in _WAYS if getattr(self.trigger, name) is not getattr(TriggerType, name)]

    @property
    def _listens(self) -> bool:
        return self.trigger.listen is not TriggerType.listen

    async def _listened(self, example: TriggerExample) -> None:
        type, fire = self.trigger(), _NoFire(self.listening)
        task = asyncio.create_task(type.listen(self._config(example), fire))
        with suppress(TimeoutError):
            await asyncio.wait_for(fire.told.wait(), ENOUGH)
        require(not task.done(), f"listen ended by itself: {task}.", "Let it go on until it is canceled.")
        task.cancel()
        await asyncio.wait([task], timeout=ENOUGH)
        require(task.cancelled(), "listen goes on after it was canceled.", "Let it end.")
        await type.close()

    def _timed(self) -> Sequence[TriggerExample]:
        return [example for example in self.examples if example.moments]

    def _config(self, example: TriggerExample) -> Any:
        return self.trigger.Config.model_validate(deepcopy(dict(example.config)))

    async def _waited(self, example: TriggerExample) -> TaskRecord:
        trigger = {"type": self.trigger.name, "version": self.trigger.version, "config": dict(example.config)}
        task = {"id": "it", "type": Waiter.name, "config": {"trigger": trigger}}
        async with engine_with(self.trigger, Waiter) as engine:
            run = await engine.start({"blockloom": FORMAT, "tasks": [task]})
            for name, payload in [*example.ignores, *example.fires[:1]]:
                await engine.publish(name, payload)
            await run.wait()
            return run.tasks["it"]


class _NoFire:
    """Listens for where a listener says that it is, and fires nothing."""

    trigger = "it"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.told = asyncio.Event()

    async def __call__(self, payload: Any = None, key: str | None = None) -> Receipt:
        return Receipt("it/now", "SKIPPED")

    def at(self, address: str) -> None:
        self.told.set()


def _event(name: str, payload: Any) -> Published:
    return Published(name=name, payload=copy_value(payload), time=START)
