"""What a trigger does when it fires: it runs a workflow, or one task of any type."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from ..check import check, prepare, prepare_task
from ..codec import FORMAT
from ..errors import InvalidGraph, InvalidTrigger, TaskFailed
from ..live import RunView
from ..problem import Problem, errors
from ..registry import Registry
from ..schema import checker
from ..spec import PortSet
from ..store import Store, find_workflow
from .firing import Firing
from .standing import Standing, iso

MAX_CHAIN: Final = 32
"""Triggers that may fire one after the other, each because of what the one before has started."""

LARGEST: Final = 64 * 1024
"""The largest outputs and payload, as JSON, that are kept on a firing; larger ones only with the run and in the log."""

ACTION: Final = "action"
"""The id of the task in the run of an action."""


class Start(Protocol):
    """Starts a run; the same key again is the same run. Raises InvalidGraph and InvalidInputs."""

    def __call__(
        self,
        graph: Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None,
        *,
        workflow: str | None = None,
        key: str | None = None,
        chain: int = 0,
    ) -> Awaitable[RunView]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What triggers need of the engine that they stand in."""

    registry: Registry
    store: Store | None
    clock: Callable[[], float]
    start: Start
    run: Callable[[str], Awaitable[RunView]]
    """Gives a run by its id; raises NotFound."""
    mask: Callable[[Any], Any]
    """Takes from a value what nobody may see."""


async def begin(world: World, store: Store, trigger: Standing, firing: Firing) -> RunView:
    """The run of a firing: a new one, or the one that it has started before. Raises what keeps it from starting."""
    if firing.chain > MAX_CHAIN:
        why = f"{MAX_CHAIN} triggers fired in a row, each for what the one before had started: the chain ends here"
        raise TaskFailed("chain-too-long", why)
    facts = {"payload": firing.payload, "time": iso(firing.time), "trigger": trigger.id}
    action = trigger.document.get("action")
    if action is not None:
        graph = _acting(trigger, facts, world.registry)
        return await world.start(graph, key=firing.id, chain=firing.chain)
    stored = await find_workflow(store, str(trigger.document.get("workflow") or trigger.holder))
    given = _given(trigger, facts, _declared(stored.graph, world.registry))
    return await world.start(stored.graph, given, workflow=stored.id, key=firing.id, chain=firing.chain)


def settle(trigger: Standing, firing: Firing, run: RunView) -> None:
    """Keep on a firing what came of its run."""
    firing.state, firing.error = run.state.value, run.error
    outputs = run.outputs
    if trigger.document.get("action") is not None:
        outputs = dict(run.tasks[ACTION].outputs or {})
    firing.outputs = outputs


def check_action(trigger: Standing, registry: Registry) -> None:
    """Check the run that the action of a trigger would be; raises InvalidTrigger, with paths into the trigger."""
    if trigger.document.get("action") is None:
        return
    facts = {"payload": None, "time": iso(trigger.since), "trigger": trigger.id}
    found = errors(check(_acting(trigger, facts, registry), registry))
    if found:
        raise InvalidTrigger([_seen_from_trigger(problem) for problem in found])


def _seen_from_trigger(problem: Problem) -> Problem:
    path = problem.path.removeprefix("/tasks/0")
    return replace(problem, code="bad-trigger", path=path if path.startswith("/inputs") else f"/action{path}")


def _acting(trigger: Standing, facts: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """The graph of a run of one task, which is given the trigger's inputs and, as far as it takes them, the facts."""
    task = {**trigger.document["action"], "id": ACTION}
    given = dict(trigger.document.get("inputs") or {})
    with suppress(InvalidGraph):  # whoever checks or starts it finds the same
        ports = prepare_task(task, registry).ports
        given = {name: fact for name, fact in facts.items() if _takes(ports, name, fact)} | given
    return {"blockloom": FORMAT, "name": trigger.id, "tasks": [{**task, "inputs": given}]}


def _takes(ports: PortSet, name: str, value: Any) -> bool:
    """Whether a task takes a value under this name."""
    port = ports.inputs.get(name)
    if port is None:
        return ports.open_inputs
    return (check := checker(port.schema)) is None or value is None or check(value) is None


def _declared(graph: Mapping[str, Any], registry: Registry) -> Collection[str]:
    """The names of the inputs that a graph takes: those it declares, else those that are drawn from where it starts."""
    plan = prepare(graph, registry)
    if plan.inputs or not plan.open_inputs:
        return plan.inputs
    return {line.port for line in plan.connections if line.port and plan.tasks[plan.index[line.source]].type.starts}


def _given(trigger: Standing, facts: Mapping[str, Any], declared: Collection[str]) -> dict[str, Any]:
    """What the workflow is given: the trigger's own inputs, else the payload's fields, else what the firing is."""
    payload = facts["payload"] if isinstance(facts["payload"], Mapping) else {}
    found = {name: value for name, value in {**facts, **payload}.items() if name in declared}
    return found | dict(trigger.document.get("inputs") or {})
