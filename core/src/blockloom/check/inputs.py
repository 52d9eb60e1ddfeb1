"""What is given to a run, held against what the workflow declares."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from ..errors import BadValue, InvalidInputs
from ..plan import Plan
from ..problem import Problem, pointer
from ..schema import checker
from ..sentences import problem
from ..values import copy_value
from ..words import both
from .shape import GUESSES, listed, one_of


def check_inputs(plan: Plan, given: Mapping[str, Any]) -> list[Problem]:
    """Inputs that are missing, undeclared or of the wrong type, all of them."""
    problems: list[Problem] = []
    for name in given:
        if name not in plan.inputs and not plan.open_inputs:
            few = len(problems) * len(plan.inputs) < GUESSES
            near = get_close_matches(name, plan.inputs) if few and len(name) <= 200 else []
            guess = both(f" Did you mean {near[0]!r}?", f"你是想写 {near[0]!r} 吗？") if near else ""
            there = listed(plan.inputs) or "–"
            problems.append(problem("input-unknown", pointer(name), name=name, near=guess, there=there))
    for name, port in plan.inputs.items():
        if name not in given:
            if port.required:
                wanted = one_of(port.schema)
                problems.append(problem("input-missing", pointer(name), name=name, wanted=wanted))
        elif (check := checker(port.schema)) and (flaw := check(given[name])):
            problems.append(problem("value-mismatch", pointer(name), name=name, why=flaw))
    return problems


def complete_inputs(plan: Plan, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a run is given, copied, with defaults where nothing was given; raises InvalidInputs."""
    if not isinstance(given, Mapping):
        raise InvalidInputs([problem("bad-value", "", why=both("inputs are a mapping", "输入应为映射"))])
    try:
        copied: dict[str, Any] = copy_value(dict(given))
    except BadValue as error:
        raise InvalidInputs([problem("bad-value", "", why=error.told)]) from None
    if problems := check_inputs(plan, copied):
        raise InvalidInputs(problems)
    return {name: port.default for name, port in plan.inputs.items()} | copied
