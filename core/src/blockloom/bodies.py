"""The bodies that tasks hold: graphs that run inside a run, as scopes of their own."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from .check import complete_inputs
from .errors import BodyFailed, InvalidInputs, PluginError, TaskFailed
from .past import Past
from .places import Places
from .run import CANCELED, Run
from .spec import Graph
from .states import RunState

MAX_LEVELS: Final = 32
"""Bodies within bodies, beyond which a task fails: a workflow that holds itself must end somewhere."""

Key = tuple[Run, int]
"""A task: its scope and its number."""


class Bodies:
    """Starts and ends the bodies of one run; a task that holds some takes no place meanwhile."""

    def __init__(self, go_on: Callable[[], None], places: Places, past: Past, carry_on: Callable[[Run], None]) -> None:
        self._go_on = go_on
        self._places = places
        self._past = past
        self._carry_on = carry_on
        self._held: dict[Key, dict[Run, None]] = {}
        self._settling: dict[Key, asyncio.Future[None]] = {}
        self.scopes: dict[str, Run] = {}
        """The bodies that run, by the beginning of their tasks' names."""
        self.abandoned = False
        """Whether the run is left as it stands, so that nothing more may be told of it."""

    async def run(self, holder: Key, graph: Graph, inputs: Mapping[str, Any], key: int | None) -> dict[str, Any]:
        """Run a body to its end and give its outputs; canceling this ends it first."""
        child = _make(holder, graph, key)
        ended = _on_end(child, self._places.hold)
        self._hold(holder, child)
        try:
            self._begin(child, _given(child, graph, inputs))
            self._go_on()
            await ended
        except asyncio.CancelledError:
            if not self.abandoned:
                await self._end(child, holder)
            raise
        finally:
            self._let_go(holder, child)
        return _result(child)

    def holds(self, holder: Key) -> bool:
        """Whether a task still holds a body."""
        return holder in self._held

    def end_all(self, holder: Key) -> None:
        """End the bodies of a task now; those that wait for them are told that they failed."""
        for child in tuple(self._held.get(holder, ())):
            child.stop(RunState.FAILED, CANCELED)
        self._go_on()

    async def settle(self, holder: Key) -> None:
        """End what a task that has ended has left of its bodies, and wait for that."""
        if self.abandoned:
            return
        settled = self._settling[holder] = asyncio.get_running_loop().create_future()
        self._stop(holder, self._held[holder])
        await self._see_end(settled)

    def _begin(self, child: Run, given: Mapping[str, Any]) -> None:
        """Begin a body, or go on where it is on record that it was."""
        recorded = self._past.bodies.pop(child.prefix, None)
        if recorded is None:
            child.begin(given)
        else:
            child.carry_on(given, recorded)
            self._carry_on(child)

    async def _end(self, child: Run, holder: Key) -> None:
        ended = _on_end(child, self._places.hold)
        self._stop(holder, [child])
        if not child.over:
            await self._see_end(ended)

    def _stop(self, holder: Key, children: Iterable[Run]) -> None:
        scope, index = holder
        for child in tuple(children):
            child.stop(why=scope.doomed.get(index, CANCELED))
        self._go_on()

    async def _see_end(self, ended: asyncio.Future[None]) -> None:
        """Wait for an end, also where whoever waits is canceled meanwhile: nothing outlives what holds it."""
        while not ended.done():
            try:
                await asyncio.wait([ended])
            except asyncio.CancelledError:
                if self.abandoned:
                    raise

    def _hold(self, holder: Key, child: Run) -> None:
        """Note a body of a task; with the first the task gives up its place."""
        held = self._held.get(holder, ())
        if any(other.prefix == child.prefix for other in held):
            scope, index = holder
            why = f"it began a body as {child.prefix.rstrip('.')!r} while another of that name runs: give each a key"
            raise PluginError(scope.plan.tasks[index].owner, why)
        if not held:
            self._held[holder] = {}
            self._places.lend()
        self._held[holder][child] = None
        self.scopes[child.prefix] = child

    def _let_go(self, holder: Key, child: Run) -> None:
        """Forget a body; after the last the task takes a place again."""
        child.on_end = None  # else it would lie in a circle that only the garbage collector finds
        del self._held[holder][child], self.scopes[child.prefix]
        if not self._held[holder]:
            del self._held[holder]
            self._places.retake()
            if (settled := self._settling.pop(holder, None)) is not None:
                settled.set_result(None)
        if self._places.release(child) and not self.abandoned:
            asyncio.get_running_loop().call_soon(self._go_on)


def _make(holder: Key, graph: Graph, key: int | None) -> Run:
    scope, index = holder
    if scope.level >= MAX_LEVELS:
        raise TaskFailed("too-deep", f"more than {MAX_LEVELS} bodies within each other")
    id = scope.ids[index]
    prefix = f"{id}." if key is None else f"{id}[{key}]."
    child = Run(graph.plan, scope.log, scope.agenda, prefix, (*scope.place, index, -1 if key is None else key))
    child.level = scope.level + 1
    return child


def _on_end(child: Run, tell: Callable[[Run], None]) -> asyncio.Future[None]:
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end() -> None:
        tell(child)
        if not ended.done():
            ended.set_result(None)

    child.on_end = end
    return ended


def _given(child: Run, graph: Graph, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What a body is given of `inputs`: what it declares. Where that does not fit, the body fails before it begins."""
    if not graph.plan.open_inputs:
        inputs = {name: value for name, value in inputs.items() if name in graph.inputs}
    try:
        return complete_inputs(graph.plan, inputs)
    except InvalidInputs as error:
        raise BodyFailed(error.code, error.message, child.prefix.rstrip(".")) from None


def _result(child: Run) -> dict[str, Any]:
    if child.state is not RunState.FAILED:
        return child.outputs
    error = child.error or {}
    inner = error.get("inner") or error.get("task") or child.prefix.rstrip(".")
    raise BodyFailed(error.get("type", "stopped"), error.get("message", "the body was ended as failed"), inner)
