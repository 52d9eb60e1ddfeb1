"""Methods about what is installed."""

import asyncio
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
    hash: str | None = Field(None, description="The hash of a list that the client has; that is not sent again.")


class OneType(Params):
    """One type."""

    kind: KindName
    name: str


class Types(Result):
    """Types, by kind and name."""

    types: list[shapes.Type]
    hash: str = Field(description="Changes with anything that any installed type says about itself.")
    unchanged: bool = Field(
        default=False, description="Whether the client has this list already; then it is empty here."
    )


class Described(Result):
    """One type, as in `types.list`."""

    type: shapes.Type


class Plugins(Result):
    """The plugins that were found."""

    plugins: list[shapes.Plugin]


@TABLE.method("types.list", reads=True)
async def types(guest: Guest, given: OfKind) -> Types:
    """The installed types, by kind and name; nothing where the client has them already."""
    registry = guest.hub.engine.registry
    hash = registry.fingerprint()
    if given.hash == hash:
        return Types(types=[], hash=hash, unchanged=True)
    return Types(types=[shapes.Type(**told) for told in registry.described(given.kind)], hash=hash)


@TABLE.method("types.get", NOT_FOUND, CONFLICT, reads=True)
async def type_(guest: Guest, given: OneType) -> Described:
    """One type; a conflict where several plugins offer it."""
    return Described(type=shapes.Type(**guest.hub.engine.registry.offer(given.kind, given.name).told()))


@TABLE.method("plugins.list", reads=True)
async def plugins(guest: Guest, given: Nothing) -> Plugins:
    """The installed plugins, and what is wrong with those that do not work."""
    found = await asyncio.to_thread(guest.hub.plugins.examined)
    return Plugins(plugins=[shapes.Plugin(**plugin.to_json()) for plugin in found])
