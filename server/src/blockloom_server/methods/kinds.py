"""Methods about what is installed."""

from typing import Literal, TypeAlias

from pydantic import Field

from .. import shapes
from ..faults import CONFLICT, NOT_FOUND
from ..guest import Guest
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
    """Types, by kind and name."""

    types: list[shapes.Type]


class Described(Result):
    """One type, as in `types.list`."""

    type: shapes.Type


class Plugins(Result):
    """The plugins that were found."""

    plugins: list[shapes.Plugin]


@TABLE.method("types.list", reads=True)
async def types(guest: Guest, given: OfKind) -> Types:
    """The installed types, by kind and name."""
    return Types(types=[shapes.Type(**offer.to_json()) for offer in guest.hub.engine.registry.offers(given.kind)])


@TABLE.method("types.get", NOT_FOUND, CONFLICT, reads=True)
async def type_(guest: Guest, given: OneType) -> Described:
    """One type; a conflict where several plugins offer it."""
    return Described(type=shapes.Type(**guest.hub.engine.registry.offer(given.kind, given.name).to_json()))


@TABLE.method("plugins.list", reads=True)
async def plugins(guest: Guest, given: Nothing) -> Plugins:
    """The installed plugins, and what is wrong with those that do not work."""
    return Plugins(plugins=[shapes.Plugin(**plugin.to_json()) for plugin in guest.hub.plugins.found])
