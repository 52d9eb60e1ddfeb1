"""All problems of a graph at once, and the plan of a graph that has none."""

from collections.abc import Mapping
from typing import Any

from ..errors import InvalidGraph
from ..plan import Plan
from ..problem import Problem, errors
from ..registry import Registry
from .flow import check_flow
from .inputs import check_inputs, complete_inputs
from .lines import check_lines
from .shape import Draft, check_shape
from .tasks import check_tasks
from .triggers import check_triggers

__all__ = ["check", "check_inputs", "complete_inputs", "prepare"]


def check(graph: Any, registry: Registry) -> list[Problem]:
    """Everything that is wrong with a graph, errors first; runs nothing and imports nothing that it names."""
    problems, _ = _inspect(graph, registry)
    return problems


def prepare(graph: Mapping[str, Any], registry: Registry) -> Plan:
    """The plan of a graph; raises InvalidGraph with everything that is wrong with it."""
    problems, plan = _inspect(graph, registry)
    if plan is None:
        raise InvalidGraph(problems)
    return plan


def _inspect(graph: Any, registry: Registry) -> tuple[list[Problem], Plan | None]:
    draft = Draft(graph, registry)
    if check_shape(draft):
        check_tasks(draft)
        check_lines(draft)
        check_flow(draft)
        check_triggers(draft)
    found = sorted(draft.problems, key=lambda p: p.severity)
    return found, None if errors(found) else draft.plan()
