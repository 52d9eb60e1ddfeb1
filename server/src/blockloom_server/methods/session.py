"""Methods about the session itself."""

from typing import Any, ClassVar

from pydantic import ConfigDict, Field

from ..guest import Guest
from ..method import TABLE, Done, Nothing, Params, Result
from ..shapes import Server
from ..version import NAME, PROTOCOL, VERSION


class Hello(Params):
    """The first call of a session."""

    token: str | None = Field(None, description="The server's token, where it has one.")
    protocol: int = Field(ge=PROTOCOL, le=PROTOCOL, description="The version of the protocol that the client speaks.")


class Welcome(Result):
    """The server, the protocol it speaks, and what a client may ask of it."""

    server: Server
    protocol: int
    limits: dict[str, int] = Field(
        description="message (bytes), depth (levels), subscriptions and calls (at a time), rate (calls a second), "
        "burst (calls at once), value (bytes, beyond which one is replaced)."
    )

    sandbox: dict[str, bool] = Field(description="The layers that keep code from the server's machine, and which hold.")


class Document(Result):
    """An OpenRPC document."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    openrpc: str
    info: dict[str, Any]
    methods: list[dict[str, Any]]
    components: dict[str, Any]


@TABLE.method("session.hello", reads=True)
async def hello(guest: Guest, given: Hello) -> Welcome:
    """Open the session. It comes first where the server has a token; a wrong one closes the connection (4401)."""
    guest.present(given.token)
    layers = {finding.name.partition(".")[2]: finding.state == "ok" for finding in await guest.hub.sandbox()}
    return Welcome(
        server=Server(name=NAME, version=VERSION),
        protocol=PROTOCOL,
        limits=guest.limits.to_json(),
        sandbox=layers,
    )


@TABLE.method("session.ping", reads=True)
async def ping(guest: Guest, given: Nothing) -> Done:
    """Answer, to show that the connection lives."""
    return Done()


@TABLE.method("rpc.discover", reads=True)
async def discover(guest: Guest, given: Nothing) -> Document:
    """The OpenRPC document of this server: every method with its parameters, result and errors."""
    from ..openrpc import describe

    return Document.model_validate(describe(TABLE))
