"""Changes of a graph document, plainly."""

import copy
from collections.abc import Mapping
from typing import Any


def without(graph: Mapping[str, Any], *ids: str) -> dict[str, Any]:
    """A copy of a graph without some of its tasks and their connections."""
    made = copy.deepcopy(dict(graph))
    made["tasks"] = [task for task in made["tasks"] if task["id"] not in ids]
    made["connections"] = [
        line for line in made["connections"] if not {end.partition(".")[0] for end in line.values()} & set(ids)
    ]
    return made
