"""Methods about following what happens."""

from pydantic import Field, model_validator

from ..faults import NOT_FOUND, TOO_MUCH
from ..guest import Guest
from ..method import TABLE, Done, Params, Result
from .runs import reached


class Wanted(Params):
    """What to follow: a run, the runs of a workflow, or everything. One of the three is given."""

    run: str | None = Field(None, description="One run.")
    after: int | None = Field(None, ge=0, description="With `run`: replay what came after this event, then follow.")
    workflow: str | None = Field(None, description="Every run of this workflow, and its changes.")
    all: bool | None = Field(None, description="Every run, and every change.")

    @model_validator(mode="after")
    def _one_of_three(self) -> "Wanted":
        if sum((self.run is not None, self.workflow is not None, self.all is True)) != 1:
            raise ValueError("give one of run, workflow and all")
        if self.after is not None and self.run is None:
            raise ValueError("after goes with run")
        return self


class Subscription(Params):
    """One subscription."""

    subscription: str


class Subscribed(Result):
    """A subscription, and the number of the last event of what it follows."""

    subscription: str
    seq: int


@TABLE.method("subscribe", NOT_FOUND, TOO_MUCH, reads=True)
async def subscribe(guest: Guest, given: Wanted) -> Subscribed:
    """Have events sent as `event` notifications, from now on or from after an event, without a gap or a repeat."""
    hub = guest.hub
    if given.run is not None:
        view = await reached(guest, given.run, given.after or 0)
        seq = view.seq
        feed = guest.subscribe()
        feed.follow_run(view, seq if given.after is None else given.after)
        return Subscribed(subscription=feed.id, seq=seq)
    if given.workflow is not None:
        await hub.engine.get_workflow(given.workflow)
    feed = guest.subscribe()
    feed.follow_all(hub, given.workflow)
    return Subscribed(subscription=feed.id, seq=hub.notices.seq)


@TABLE.method("unsubscribe", NOT_FOUND, reads=True)
async def unsubscribe(guest: Guest, given: Subscription) -> Done:
    """End a subscription; nothing of it comes after the answer."""
    guest.unsubscribe(given.subscription)
    return Done()
