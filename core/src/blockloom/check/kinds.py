"""What the task types of a graph are, found out once a type and not once a task."""

from contextlib import suppress
from typing import Any, Final, NamedTuple

from ..portvalues import declared_ports
from ..spec import PortSet
from ..task import TaskType
from .shape import Draft
from .types import find_type

OPEN: Final = PortSet(open_inputs=True, open_outputs=True)


class Unknown(TaskType):
    """Stands in for a type that is not installed, so that the rest of the graph can be checked."""

    name = "unknown"

    def run(self, task: Any) -> Any:
        """Never called: a graph with an unknown type does not run."""


class Kind(NamedTuple):
    """A task type that a graph uses, and what holds for all tasks of it, so that it is asked only once."""

    type: TaskType
    owner: str
    blank: Any
    """Its settings, where there are none to make; else None."""
    ports: PortSet | None
    """Its ports, where they depend on neither settings nor blocks."""
    has_parts: bool
    """Whether it tells itself which graphs and triggers stand in its settings; else they are fields of them."""
    embeds: bool
    """Whether contents of block types may stand in its settings."""
    checks: bool
    """Whether it has something to say about settings in the light of the graph."""


UNKNOWN: Final = Kind(Unknown(), "", None, OPEN, False, False, False)


def find_kind(draft: Draft, name: Any, *path: str | int) -> Kind:
    """The task type of this name and what is known of it; UNKNOWN, and a problem, where none can be used."""
    kind: Kind | None = draft.kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        type = find_type(draft, "task", name, *path)
        if type is None:
            return UNKNOWN
        kind = draft.kinds[type.name] = _know(draft, type)
    return kind


def _know(draft: Draft, type: TaskType) -> Kind:
    own = type.__class__
    ports = blank = None
    if own.ports is TaskType.ports:
        with suppress(Exception):  # what is wrong with them is told where each task is asked for its own
            ports = declared_ports(own)
    if not type.Config.model_fields:
        with suppress(Exception):
            blank = type.Config.model_validate({})
    return Kind(
        type=type,
        owner=f"{type.name} of the plugin {draft.registry.offer('task', type.name).owner}",
        blank=blank,
        ports=ports,
        has_parts=own.bodies is not TaskType.bodies or own.triggers is not TaskType.triggers,
        embeds=own.embedded is not TaskType.embedded,
        checks=own.check is not TaskType.check,
    )
