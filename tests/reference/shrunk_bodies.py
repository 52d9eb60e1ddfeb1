"""Smaller graphs that fail as well, taken from inside of bodies too."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from random_graphs import Case
from simulated_runs import smaller_cases

SETTINGS = ("concurrency", "on_error", "need", "until", "deaf", "fails", "timeout", "varies")


def shrink_bodies(case: Case, fails: Callable[[Case], bool]) -> Case:
    """A graph from which nothing can be taken, in its bodies neither, without the failure going away."""
    while (other := next((other for other in smaller_bodies(case) if fails(other)), None)) is not None:
        case = other
    return case


def smaller_bodies(case: Case) -> Iterator[Case]:
    """The graph without one thing."""
    yield from smaller_cases(case)
    for place, task in enumerate(case.document["tasks"]):
        for less in smaller_tasks(task, case):
            tasks = case.document["tasks"]
            yield replace(case, document={**case.document, "tasks": [*tasks[:place], less, *tasks[place + 1 :]]})


def smaller_tasks(task: Mapping[str, Any], case: Case) -> Iterator[dict[str, Any]]:
    config = task.get("config", {})
    for key in SETTINGS:
        if key in config:
            yield {**task, "config": {name: value for name, value in config.items() if name != key}}
    items = task.get("inputs", {}).get("items", [])
    if items:
        yield {**task, "inputs": {**task["inputs"], "items": items[:-1]}}
    if "body" in config:
        for smaller in smaller_bodies(replace(case, document=config["body"])):
            yield {**task, "config": {**config, "body": smaller.document}}
