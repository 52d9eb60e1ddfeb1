"""Whether an installed plugin offers a type, and if not, what is in the way."""

from importlib.metadata import entry_points
from typing import Any

from ..plugins import GROUP, HOOKS, installed
from .conformance import require

__tracebackhide__ = True  # a check that fails says all there is to say: pytest shows the author's own lines alone


def require_offered(kind: str, type: type[Any]) -> None:
    """Fail where no installed plugin offers the type under its name, with what its author has to do."""
    if [o.type for o in installed().registry.offers(kind) if o.name == type.name] == [type]:
        return
    top = type.__module__.partition(".")[0]
    points = [point for point in entry_points(group=GROUP) if point.module.partition(".")[0] == top]
    rows = [row for row in installed().found if row.name in {point.name for point in points}]
    require(
        rows,
        f"No installed plugin is the module {top!r}, so that nobody offers the {kind} type {type.name!r}.",
        f'Write {top.removeprefix("blockloom_")} = "{top}" below [project.entry-points.{GROUP}] in pyproject.toml, '
        "and run pip install -e . in the project.",
    )
    for row in rows:
        told = f"The plugin {row.name!r} is {row.status}: {row.why}"
        require(row.status == "active", told, "Mend that; `blockloom plugins` shows how it does.")
    offers = sorted(offer for row in rows for offer in row.offers)
    require(
        False,
        f"The plugin {rows[0].name!r} offers {', '.join(offers) or 'nothing'}, and not {kind}:{type.name}.",
        f"Return the class from the hook {HOOKS[kind]}.",
    )
