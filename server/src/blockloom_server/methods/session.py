"""Methods about the session itself."""

from typing import Any, ClassVar

from pydantic import ConfigDict, Field

from ..client import Client
from ..method import TABLE, Done, Nothing, Params, Result
from ..version import NAME, PROTOCOL, VERSION


class Hello(Params):
    """The first call of a session."""

    token: str | None = Field(None, description="The server's token, where it has one.")
    protocol: int = Field(ge=PROTOCOL, le=PROTOCOL, description="The version of the protocol that the client speaks.")


class Server(Result):
    """Who answers."""

    name: str
    version: str


class Welcome(Result):
    """The server, the protocol it speaks, and what a client may ask of it."""

    server: Server
    protocol: int
    limits: dict[str, int] = Field(
        description="message (bytes), depth (levels), value (bytes), subscriptions and calls (at a time)."
    )

    sandbox: dict[str, bool] = Field(description="The layers that keep code from the server's machine, and which hold.")


class Document(Result):
    """An OpenRPC document."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    openrpc: str
    info: dict[str, Any]
    methods: list[dict[str, Any]]
    components: dict[str, Any]


@TABLE.method("session.hello")
async def hello(client: Client, given: Hello) -> Welcome:
    """Open the session. It comes first where the server has a token; a wrong one closes the connection (4401)."""
    client.present(given.token)
    layers = {finding.name.partition(".")[2]: finding.state == "ok" for finding in await client.hub.sandbox()}
    return Welcome(
        server=Server(name=NAME, version=VERSION),
        protocol=PROTOCOL,
        limits=client.limits.to_json(),
        sandbox=layers,
    )


@TABLE.method("session.ping")
async def ping(client: Client, given: Nothing) -> Done:
    """Answer, to show that the connection lives."""
    return Done()


@TABLE.method("rpc.discover")
async def discover(client: Client, given: Nothing) -> Document:
    """The OpenRPC document of this server: every method with its parameters, result and errors."""
    from ..openrpc import describe

    return Document.model_validate(describe(TABLE))
