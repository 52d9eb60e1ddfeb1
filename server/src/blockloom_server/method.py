"""A method of the protocol, described once: validation, dispatch and the published document come from here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import getdoc
from typing import Any, ClassVar, Final, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict

from .faults import Code
from .guest import Guest


class Params(BaseModel):
    """Base of a method's parameters: given by name, none unknown, none converted."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, protected_namespaces=())


class Result(BaseModel):
    """Base of a method's result; a field with a default is sent only where it was set."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", populate_by_name=True, protected_namespaces=())


class Nothing(Params):
    """No parameters."""


class Done(Result):
    """An empty result: it is done."""


P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Result)
Handler = Callable[[Guest, P], Awaitable[R]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method: its name, what it takes, what it gives, what it may be refused with, and what does the work.

    One that `waits` may take its time: calls that come after it are answered meanwhile. One that only `reads` changes
    nothing, and may be asked again by a client that has not got the answer.
    """

    name: str
    params: type[Params]
    result: type[Result]
    description: str
    errors: tuple[Code, ...]
    waits: bool
    reads: bool
    handler: Callable[[Guest, Any], Awaitable[Result]]


class Table:
    """Methods by name."""

    def __init__(self) -> None:
        self.methods: dict[str, Method] = {}

    def method(
        self, name: str, *errors: Code, waits: bool = False, reads: bool = False
    ) -> Callable[[Handler[P, R]], Handler[P, R]]:
        """Enter a function as a method: its annotations are the params and the result, its docstring says the rest."""

        def enter(handler: Handler[P, R]) -> Handler[P, R]:
            hints: dict[str, Any] = get_type_hints(handler)
            result = hints.pop("return")
            _, params = hints.values()
            self.methods[name] = Method(
                name=name,
                params=params,
                result=result,
                description=getdoc(handler) or "",
                errors=errors,
                waits=waits,
                reads=reads,
                handler=handler,
            )
            return handler

        return enter


TABLE: Final = Table()
"""The methods of the protocol, entered by the rooms of `methods`."""
