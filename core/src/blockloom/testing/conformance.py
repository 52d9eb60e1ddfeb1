"""What every conformance class is: checks that are inherited, and may be left out only with a reason."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, Field, fields
from typing import Any, ClassVar, Final, cast
from unittest import SkipTest

__tracebackhide__ = True  # a check that fails says all there is to say: pytest shows the author's own lines alone

_HOME: Final = __package__ or "blockloom.testing"


ALL: Final = "there is no excuse, for what fails one of these checks loses something. Leave them as they are."


class Conformance:
    """Base of the conformance classes: a test class inherits its checks, all methods named `test_…`.

    A check that does not hold for a good reason is named in `departures`, with the reason: it is skipped, or the
    class has one of its own of that name. One that is overridden or deleted without a reason is an error.
    """

    departures: ClassVar[Mapping[str, str]] = {}
    """Checks that do not apply, each with why."""

    excuses: ClassVar[bool] = True
    """Whether there may be any."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        checks = _checks(cls)
        if cls.departures and not cls.excuses:
            raise AssertionError(f"{cls.__name__} leaves out {', '.join(cls.departures)}: {ALL}")
        for name, why in cls.departures.items():
            if name not in checks:
                raise AssertionError(f"{cls.__name__}: departures name {name!r}, which is no check of the class.")
            if not isinstance(why, str) or not why.strip():
                raise AssertionError(f"{cls.__name__}: departures leave out {name!r} without a reason: say why.")
        for name, check in checks.items():
            if inspect.getattr_static(cls, name, None) is check:
                if name in cls.departures:
                    setattr(cls, name, _skipped(cls.departures[name]))
            elif name not in cls.departures:
                advice = f'leave it as it is, or say why in departures = {{"{name}": "why"}}.'
                raise AssertionError(
                    f"{cls.__name__} overrides or deletes the check {name!r}: {advice if cls.excuses else ALL}"
                )


class Example:
    """An example of a type; it reads as what was said of it, and nothing else."""

    __slots__ = ()

    def __repr__(self) -> str:
        told = [(each.name, getattr(self, each.name), _default(each)) for each in fields(cast(Any, self))]
        said = ", ".join(f"{name}={value!r}" for name, value, default in told if value != default)
        return f"{type(self).__name__}({said})"


class Unmet(AssertionError):
    """Raised inside an event loop in place of `require`; `told` passes it on without the loop's own lines."""


@contextmanager
def told() -> Iterator[None]:
    """Let what a check finds inside an event loop be a plain failure."""
    try:
        yield
    except Unmet as error:
        raise AssertionError(str(error)) from None


def require(holds: object, rule: str, fix: str) -> None:
    """Fail a check with the rule that is broken and what to do."""
    if not holds:
        raise AssertionError(f"{rule}\n→ {fix}")


def _checks(cls: type[Conformance]) -> dict[str, Any]:
    """The checks that a class inherits from the kit, the nearest first."""
    found: dict[str, Any] = {}
    for base in cls.__mro__:
        if base.__module__ == _HOME or base.__module__.startswith(f"{_HOME}."):
            for name, check in vars(base).items():
                if name.startswith("test_"):
                    found.setdefault(name, check)
    return found


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _skipped(why: str) -> Callable[[Any], None]:
    def departed(self: Any) -> None:
        raise SkipTest(why)

    return departed
