"""Methods about events that are published."""

from typing import Any

from pydantic import Field

from ..faults import NOT_FOUND
from ..guest import Guest
from ..method import TABLE, Params, Result


class Publication(Params):
    """An event to publish."""

    name: str = Field(min_length=1, max_length=200)
    payload: Any = None
    run: str | None = Field(None, description="The run that it is meant for; every run that goes on, if it is missing.")


class Delivered(Result):
    """How many runs heard an event."""

    delivered: int


@TABLE.method("event.publish", NOT_FOUND)
async def publish(guest: Guest, given: Publication) -> Delivered:
    """Publish an event to the runs that go on, whose tasks may wait for it now or later."""
    return Delivered(delivered=await guest.hub.engine.publish(given.name, given.payload, given.run))
