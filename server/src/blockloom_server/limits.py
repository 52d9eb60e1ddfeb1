"""What one client, and all of them together, may ask of the server."""

from dataclasses import dataclass

from blockloom.values import MAX_DEPTH

from .bulk import LARGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a server; sizes are bytes, times are seconds."""

    message: int = 16 * 1024 * 1024
    """The largest message that is taken."""
    depth: int = MAX_DEPTH
    """How deeply a message may nest."""
    value: int = LARGE
    """Larger values are replaced in events."""
    subscriptions: int = 1000
    """Subscriptions of one client at a time."""
    calls: int = 32
    """Calls of one client that take their time, at a time."""
    clients: int = 1000
    """Clients at a time."""
    patience: float = 5.0
    """How long a client may read nothing of what waits for it."""
    hello: float = 10.0
    """How long a client has to say hello, where a token is wanted."""

    def to_json(self) -> dict[str, int]:
        """Those that a client should know."""
        return {
            "message": self.message,
            "depth": self.depth,
            "value": self.value,
            "subscriptions": self.subscriptions,
            "calls": self.calls,
        }
