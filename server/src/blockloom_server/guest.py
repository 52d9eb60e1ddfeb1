"""One client as the methods see it: what it may do, and what it follows."""

from collections import deque
from collections.abc import Callable
from typing import Final

from blockloom.errors import NotFound

from .faults import TOO_MUCH, UNAUTHORIZED, Fault
from .feeds import Feed
from .gate import same_token
from .hub import Hub
from .limits import Limits
from .outbox import Outbox

SLOW_CLOSE: Final = 4408

REMEMBERED: Final = 1000
"""Subscriptions that have ended by themselves and may still be ended by the client."""


class WrongToken(Fault):
    """A hello without the server's token: it is answered, and then the connection is closed."""

    def __init__(self) -> None:
        super().__init__(UNAUTHORIZED, "This server wants its token in session.hello.")


class Guest:
    """One session with the server."""

    def __init__(self, hub: Hub, limits: Limits, token: str | None, close: Callable[[int, str], None]) -> None:
        self.hub = hub
        self.limits = limits
        self.authorized = token is None
        self.outbox = Outbox(limits)
        self.close_with = close
        self._token = token
        self._feeds: dict[str, Feed] = {}
        self._ended: deque[str] = deque(maxlen=REMEMBERED)
        self._made = 0
        self._unopened: Feed | None = None

    def present(self, token: object) -> None:
        """Show a token; raises WrongToken. Takes the same time wherever it differs."""
        if self._token is None:
            return
        if not same_token(token, self._token):
            raise WrongToken
        self.authorized = True

    def subscribe(self) -> Feed:
        """A new subscription, opened once the call has been answered; raises Fault."""
        for id in [id for id, feed in self._feeds.items() if feed.over]:
            del self._feeds[id]
            self._ended.append(id)
        if len(self._feeds) >= self.limits.subscriptions:
            raise Fault(TOO_MUCH, f"A client may have {self.limits.subscriptions} subscriptions: end some of them.")
        self._made += 1
        feed = Feed(f"s{self._made}", self.outbox, self.hub.telling, self.too_slow)
        self._feeds[feed.id] = self._unopened = feed
        return feed

    def unsubscribe(self, id: str) -> None:
        """End a subscription; nothing of it is sent any more. Raises NotFound."""
        if (feed := self._feeds.pop(id, None)) is not None:
            feed.close()
        elif id in self._ended:
            self._ended.remove(id)
        else:
            raise NotFound("subscription", id)

    @property
    def subscriptions(self) -> int:
        """How many subscriptions it has."""
        return len(self._feeds)

    def after_answer(self) -> Callable[[], None] | None:
        """What is to be done as the answer goes out to the call that has just been worked on."""
        feed, self._unopened = self._unopened, None
        return feed.open if feed is not None else None

    def too_slow(self) -> None:
        """Close: the client does not read what is sent to it."""
        self.close_with(SLOW_CLOSE, "slow consumer")

    def close(self) -> None:
        """End all its subscriptions; nothing is sent any more."""
        self.outbox.close()
        for feed in self._feeds.values():
            feed.close()
        self._feeds.clear()
