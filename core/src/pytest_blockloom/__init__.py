"""The pytest plugin of blockloom: fixtures for tests of types. It imports blockloom only when a fixture is used.

It stands outside the package, for what pytest imports as a plugin is imported before coverage begins to count.
"""

from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from blockloom import Engine, Store
    from blockloom.testing import ModelServer, ScriptedServer

_T = TypeVar("_T")

pytest.register_assert_rewrite("blockloom.testing")


class Clock:
    """A simulated time: in `run` waiting costs nothing, and every seed is another order of what may come first."""

    def run(self, story: "Callable[[], Coroutine[Any, Any, _T]]", seed: int = 0) -> _T:
        """Run a coroutine function to its end in the simulated time, and give its result."""
        from blockloom.testing import simulate

        return simulate(story, seed)

    def now(self) -> float:
        """Seconds since 1970: the simulated time inside `run`, which begins on 2026-01-01, else the real one."""
        from blockloom.testing import virtual_clock

        return virtual_clock()


@pytest.fixture
def blockloom_store() -> "Store":
    """A store that keeps everything in this process."""
    from blockloom import MemoryStore

    return MemoryStore()


@pytest.fixture
def blockloom_engine(blockloom_store: "Store") -> "Callable[..., Engine]":
    """Makes an engine on the store, with the installed types and those it is given; open it with `async with`."""
    from blockloom.testing import engine_with

    def make(*types: type[Any], **settings: Any) -> "Engine":
        return engine_with(*types, store=blockloom_store, **settings)

    return make


@pytest.fixture
def blockloom_clock() -> Clock:
    """A simulated time to run an engine in: `blockloom_clock.run(story)`."""
    return Clock()


@pytest.fixture
def blockloom_web() -> "Iterator[ScriptedServer]":
    """A web server on loopback, in a thread of its own, that answers what it is given: `blockloom_web.script(…)`."""
    from blockloom.testing import ScriptedServer, in_background

    with in_background(ScriptedServer()) as server:
        yield server


@pytest.fixture
def blockloom_model() -> "Iterator[ModelServer]":
    """A model server of the same kind, at `blockloom_model.base_url`: `blockloom_model.script(says("Hel", "lo"))`."""
    from blockloom.testing import ModelServer, in_background

    with in_background(ModelServer()) as server:
        yield server
