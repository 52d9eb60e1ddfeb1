"""Makes standing triggers of what was written, with all that is wrong found first."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ..check import prepare_trigger
from ..errors import InvalidTrigger
from ..firing import is_timed
from ..registry import Registry
from ..sentences import problem
from ..store import Store, find_workflow
from ..values import copy_value, new_id
from .actions import check_action
from .moments import upcoming
from .standing import Standing, at, iso, written

_FACTS: Final = ("next", "holder", "address", "problem")
"""What `Standing.to_json` tells beside the document."""


async def make(document: Mapping[str, Any], registry: Registry, store: Store, now: datetime, event: int) -> Standing:
    """A trigger that stands alone; raises InvalidTrigger with everything that is wrong, and NotFound."""
    told = {name: value for name, value in copy_value(dict(document)).items() if name not in _FACTS}
    id = told.setdefault("id", new_id("t"))
    made = Standing(id=str(id), document=told, since=now, event=event)
    made.spec = prepare_trigger(told, registry)
    assert made.type is not None
    made.version = made.type.version
    made.enabled = told.get("enabled") is not False
    if told.get("action") is not None:
        check_action(made, registry)
    elif told.get("workflow") is not None:
        await find_workflow(store, told["workflow"])
    else:
        raise InvalidTrigger([problem("trigger-idle", "", id=made.id)])
    if made.enabled and is_timed(made.type) and made.next() is None:
        raise InvalidTrigger([problem("trigger-past", "/config", id=made.id)])
    return made


def coming(graph: Mapping[str, Any], registry: Registry, now: float, count: int) -> dict[str, list[str]]:
    """The next moments of the triggers in a graph, by their ids, as they would come if it were stored now."""
    found = {}
    for document in written(graph):
        held = make_held("", document, registry, at(now), 0)
        some = (
            [] if held.spec is None or held.type is None else upcoming(held.type, held.spec.config, held.since, count)
        )
        found[str(document["id"])] = [iso(moment) for moment in some] if held.enabled else []
    return found


def make_held(workflow: str, document: Mapping[str, Any], registry: Registry, since: datetime, event: int) -> Standing:
    """A trigger that stands in a workflow's document; where it cannot be used, its problem says why."""
    id = f"{workflow}.{document['id']}"
    made = Standing(id=id, document=document, since=since, event=event, holder=workflow)
    made.enabled = document.get("enabled") is not False
    made.arm(registry)
    return made
