"""What one client, and all of them together, may ask of the server: the limits, each described once."""

from typing import ClassVar

from blockloom.values import MAX_DEPTH
from pydantic import BaseModel, ConfigDict, Field

from .bulk import LARGE

TOLD = ("message", "depth", "subscriptions", "calls", "rate", "burst")
"""Those that a client is told of."""


class Limits(BaseModel):
    """The limits of a server."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    message: int = Field(
        default=16 * 1024 * 1024,
        ge=1024,
        le=64 * 1024 * 1024,
        description="The largest message that is taken, in bytes.",
    )
    depth: int = Field(default=MAX_DEPTH, ge=8, le=MAX_DEPTH, description="How deeply a message may nest, in levels.")
    subscriptions: int = Field(default=1000, ge=1, description="Subscriptions of one client at a time.")
    calls: int = Field(default=32, ge=1, description="Calls of one client that take their time, at a time.")
    rate: int = Field(default=1000, ge=1, description="Calls of one client a second, in the long run.")
    burst: int = Field(
        default=2000, ge=1, description="Calls of one client that may come at once; beyond, `rate` holds."
    )
    clients: int = Field(default=1000, ge=1, description="Clients at a time.")
    address: int = Field(default=200, ge=1, description="Clients at a time from one address.")
    waiting: int = Field(default=256, ge=2, description="Answers, and events, that wait to be sent to one client.")
    backlog: int = Field(
        default=256 * 1024, ge=1024, description="Bytes of answers, and of events, that wait to be sent to one client."
    )
    hello: float = Field(
        default=5.0, gt=0, description="Seconds that a client has to say hello, where a token is wanted."
    )
    patience: float = Field(
        default=4.0, gt=0, description="Seconds that a client may read nothing of what waits for it."
    )
    drain: float = Field(
        default=5.0, ge=0, le=8, description="Seconds in which tasks may end once the server is told to stop."
    )

    def to_json(self) -> dict[str, int]:
        """Those that a client should know, and how large a value may be before it is replaced."""
        return {name: getattr(self, name) for name in TOLD} | {"value": LARGE}
