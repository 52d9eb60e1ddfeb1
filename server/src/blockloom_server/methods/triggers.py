"""Methods about triggers that stand by themselves."""

from typing import Annotated, Any, ClassVar

from blockloom.events import moment
from blockloom.triggers import Standing
from pydantic import ConfigDict, Field

from ..faults import INVALID_GRAPH, NOT_FOUND, PARAMS, WRONG_STATE
from ..guest import Guest
from ..method import TABLE, Done, Nothing, Params, Result

Document = Annotated[
    dict[str, Any],
    Field(description="`{id?, type, config, inputs?, action?, workflow?, enabled?, misfire?, overlap?}`."),
]


class NewTrigger(Params):
    """A trigger to set."""

    trigger: Document


class ChangedTrigger(Params):
    """A trigger in place of the one with its `id`."""

    trigger: Document


class OneTrigger(Params):
    """One trigger."""

    trigger: str = Field(description="The id of a trigger; one in a workflow's document as `workflow.trigger`.")


class Recent(OneTrigger):
    """Which firings to list."""

    limit: int = Field(100, ge=1, le=1000, description="The newest so many.")


class Coming(Params):
    """Whose next moments to tell."""

    trigger: str | None = Field(None, description="One trigger; all of them, if it is missing.")
    count: int = Field(10, ge=1, le=1000, description="How many moments at most.")


class ByHand(OneTrigger):
    """A firing to be made."""

    payload: Any = None
    key: str | None = Field(
        None, min_length=1, max_length=200, description="The caller's own name: the same key again is the same firing."
    )


class TriggerId(Result):
    """The id of a trigger."""

    trigger: str


class OneTriggerTold(Result):
    """A trigger as it was written, and how it does."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", protected_namespaces=())

    id: str
    type: Any = None
    enabled: bool
    next: str | None = Field(description="Its next moment (UTC, ISO 8601), where it goes by time.")
    holder: str = Field("", description="The workflow in whose document it stands.")
    address: str = Field("", description="Where its listener can be reached.")
    problem: str = Field("", description="Why it cannot fire.")


class Told(Result):
    """Triggers."""

    triggers: list[OneTriggerTold]


class Firings(Result):
    """Firings, the newest first: each `{id, trigger, time, state, run?, outputs?, error?, reason?, payload?}`."""

    firings: list[dict[str, Any]]


class Moment(Result):
    """A moment at which a trigger will fire."""

    trigger: str
    time: str


class Upcoming(Result):
    """Moments to come, the earliest first."""

    upcoming: list[Moment]


class Fired(Result):
    """A firing, and the run that it started; none yet where it waits for another one."""

    firing: str
    state: str
    run: str | None = None
    error: dict[str, Any] | None = Field(default=None, description="Why it failed, as `{type, message}`.")


@TABLE.method("trigger.create", NOT_FOUND, INVALID_GRAPH)
async def create(guest: Guest, given: NewTrigger) -> TriggerId:
    """Set a trigger that stands alone."""
    return TriggerId(trigger=(await guest.hub.engine.triggers.create(given.trigger)).id)


@TABLE.method("trigger.update", NOT_FOUND, INVALID_GRAPH, PARAMS)
async def update(guest: Guest, given: ChangedTrigger) -> TriggerId:
    """Replace a trigger; where it fires otherwise than before, it begins anew."""
    return TriggerId(trigger=(await guest.hub.engine.triggers.update(given.trigger)).id)


@TABLE.method("trigger.delete", NOT_FOUND, PARAMS)
async def delete(guest: Guest, given: OneTrigger) -> Done:
    """Forget a trigger and its firings; runs that it has started go on."""
    await guest.hub.engine.triggers.delete(given.trigger)
    return Done()


@TABLE.method("trigger.get", NOT_FOUND, reads=True)
async def get(guest: Guest, given: OneTrigger) -> OneTriggerTold:
    """A trigger as it was written, and how it does."""
    return _told(await guest.hub.engine.triggers.get(given.trigger))


@TABLE.method("trigger.enable", NOT_FOUND)
async def enable(guest: Guest, given: OneTrigger) -> TriggerId:
    """Let a trigger fire again; it begins anew."""
    return TriggerId(trigger=(await guest.hub.engine.triggers.enable(given.trigger)).id)


@TABLE.method("trigger.disable", NOT_FOUND)
async def disable(guest: Guest, given: OneTrigger) -> TriggerId:
    """Let a trigger fire no more, until it is enabled."""
    return TriggerId(trigger=(await guest.hub.engine.triggers.enable(given.trigger, False)).id)


@TABLE.method("trigger.list", reads=True)
async def list_(guest: Guest, given: Nothing) -> Told:
    """All triggers: those that stand alone, in workflows, or were set by runs."""
    return Told(triggers=[_told(trigger) for trigger in await guest.hub.engine.triggers.all()])


@TABLE.method("trigger.firings", NOT_FOUND, reads=True)
async def firings(guest: Guest, given: Recent) -> Firings:
    """The firings of a trigger, with what came of each."""
    found = await guest.hub.engine.triggers.firings(given.trigger, given.limit)
    return Firings(firings=[firing.to_json() for firing in found])


@TABLE.method("trigger.next", NOT_FOUND, reads=True)
async def next_(guest: Guest, given: Coming) -> Upcoming:
    """The moments at which triggers will fire, as far as they go by time."""
    triggers = guest.hub.engine.triggers
    ids = [given.trigger] if given.trigger is not None else [trigger.id for trigger in await triggers.all()]
    found = sorted([(time, id) for id in ids for time in await triggers.upcoming(id, given.count)])
    return Upcoming(upcoming=[Moment(trigger=id, time=moment(time.timestamp())) for time, id in found[: given.count]])


@TABLE.method("trigger.fire", NOT_FOUND, WRONG_STATE, waits=True)
async def fire(guest: Guest, given: ByHand) -> Fired:
    """Fire a trigger now, whatever its type, and whether or not it is enabled."""
    receipt = await guest.hub.engine.triggers.fire(given.trigger, given.payload, given.key)
    fired = Fired(firing=receipt.firing, state=receipt.state)
    if receipt.run is not None:
        fired.run = receipt.run
    if receipt.error is not None:
        fired.error = dict(receipt.error)
    return fired


def _told(trigger: Standing) -> OneTriggerTold:
    return OneTriggerTold(**trigger.to_json())
