"""Methods about what is installed."""

from typing import Any, Literal, TypeAlias

from pydantic import Field

from ..client import Client
from ..faults import CONFLICT, NOT_FOUND
from ..method import TABLE, Nothing, Params, Result

KindName: TypeAlias = Literal["block", "task", "trigger", "store", "executor"]


class OfKind(Params):
    """A kind of type, or all."""

    kind: KindName | None = Field(None, description="Only types of this kind.")


class OneType(Params):
    """One type."""

    kind: KindName
    name: str


class Types(Result):
    """Types, each with kind, name, plugin, distribution, title, description, schema and ports as far as it has them."""

    types: list[dict[str, Any]]


class Type(Result):
    """One type, as in `types.list`."""

    type: dict[str, Any]


class Plugins(Result):
    """Plugins, each with name, distribution, version, status, why and types."""

    plugins: list[dict[str, Any]]


@TABLE.method("types.list")
async def types(client: Client, given: OfKind) -> Types:
    """The installed types, by kind and name."""
    return Types(types=[offer.to_json() for offer in client.hub.engine.registry.offers(given.kind)])


@TABLE.method("types.get", NOT_FOUND, CONFLICT)
async def type_(client: Client, given: OneType) -> Type:
    """One type; a conflict where several plugins offer it."""
    return Type(type=client.hub.engine.registry.offer(given.kind, given.name).to_json())


@TABLE.method("plugins.list")
async def plugins(client: Client, given: Nothing) -> Plugins:
    """The installed plugins, and what is wrong with those that do not work."""
    return Plugins(plugins=[plugin.to_json() for plugin in client.hub.plugins.found])
