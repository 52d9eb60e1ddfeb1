"""All problems of a graph at once, and the plan of a graph that has none."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..codec import FORMAT
from ..errors import InvalidGraph, InvalidTrigger
from ..plan import Plan, TaskPlan
from ..problem import Problem, errors
from ..registry import Registry
from ..spec import Graph, TriggerSpec
from ..undisturbed import undisturbed
from .flow import check_flow
from .inputs import check_inputs, complete_inputs
from .keys import check_keys, exposed_keys
from .lines import check_lines
from .needs import check_requires
from .settings import read_limits, wanted_limits
from .shape import Draft, check_shape
from .tasks import check_block, check_in_graph, check_tasks
from .triggers import check_triggers

__all__ = [
    "as_body",
    "check",
    "check_content",
    "check_inputs",
    "complete_inputs",
    "exposed_keys",
    "prepare",
    "prepare_task",
    "prepare_trigger",
    "read_content",
    "wanted_limits",
]


def check(graph: Any, registry: Registry) -> list[Problem]:
    """Everything that is wrong with a graph, errors first; runs nothing and imports nothing that it names."""
    return _in_order(_understand(graph, registry))


def prepare(graph: Mapping[str, Any], registry: Registry) -> Plan:
    """The plan of a graph; raises InvalidGraph with everything that is wrong with it."""
    draft = _understand(graph, registry)
    if errors(draft.problems):
        raise InvalidGraph(_in_order(draft))
    return draft.plan()


def prepare_task(task: Mapping[str, Any], registry: Registry) -> TaskPlan:
    """The plan of one task by itself, without what leads to it; raises InvalidGraph."""
    draft = Draft({"blockloom": FORMAT, "tasks": [task]}, registry, _inspect)
    if check_shape(draft):
        check_tasks(draft)
    if errors(draft.problems):
        raise InvalidGraph(_in_order(draft))
    return draft.tasks[0]


def check_content(block: Mapping[str, Any], registry: Registry) -> list[Problem]:
    """What is wrong with the content of a block by itself; paths are relative to the content."""
    return read_content(block, registry)[1]


def read_content(block: Mapping[str, Any], registry: Registry) -> tuple[Any, list[Problem]]:
    """The validated content of a block by itself, and what is wrong with it; paths are relative to the content."""
    draft = Draft({}, registry, _inspect)
    content = check_block(draft, block, str(block.get("id") or ""))
    return content, [replace(problem, path=problem.path.removeprefix("/content")) for problem in draft.problems]


def prepare_trigger(trigger: Mapping[str, Any], registry: Registry) -> TriggerSpec:
    """A trigger that stands by itself, made ready; raises InvalidTrigger with everything that is wrong with it."""
    draft = Draft({"blockloom": FORMAT, "triggers": [trigger]}, registry, _inspect)
    draft.is_whole = False  # there is no graph whose inputs its own could be held against
    found = []
    if check_shape(draft):
        found = check_triggers(draft)
        check_keys(draft)
    if errors(draft.problems):
        raise InvalidTrigger([problem.within("/triggers/0") for problem in _in_order(draft)])
    return found[0]


def as_body(graph: Mapping[str, Any], registry: Registry) -> Graph:
    """A graph that can be run as a body; raises InvalidGraph."""
    draft = _understand(graph, registry)
    if errors(draft.problems):
        raise InvalidGraph(_in_order(draft))
    body = Graph(graph)
    body.inputs, body.outputs, body.plan = draft.inputs, draft.outputs, draft.plan()
    return body


def _in_order(draft: Draft) -> list[Problem]:
    return sorted(draft.problems, key=lambda problem: problem.severity)


def _understand(graph: Any, registry: Registry) -> Draft:
    """What is understood of a whole graph, which is no body."""
    with undisturbed():
        return _inspect(graph, registry, False)


def _inspect(graph: Any, registry: Registry, is_body: bool) -> Draft:
    draft = Draft(graph, registry, _inspect, is_body)
    if check_shape(draft):
        read_limits(draft)
        check_tasks(draft)
        check_in_graph(draft)
        check_requires(draft)
        check_lines(draft)
        check_flow(draft)
        check_triggers(draft)
        if not is_body:
            check_keys(draft)
    return draft
