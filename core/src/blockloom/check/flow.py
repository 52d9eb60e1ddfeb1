"""Where the graph begins, what it never reaches, what waits in a circle, and what can never have a value."""

from ..graph import circles, reach
from .shape import Draft


def check_flow(draft: Draft) -> None:
    """Find the beginning; report circles, tasks out of reach, and required inputs that nothing feeds."""
    ahead = [[line.target for line in task.lines] for task in draft.tasks]
    starts = [task.index for task in draft.tasks if task.type.starts]
    for knot in circles(ahead):
        names = [draft.tasks[i].id for i in [*knot, knot[0]]]
        draft.add("cycle", "tasks", draft.places[knot[0]], circle=" → ".join(names))
    if starts:
        draft.begin = starts
        reached = reach(starts, ahead)
        draft.unreachable = [task.index for task in draft.tasks if task.index not in reached]
    else:
        draft.begin = [task.index for task in draft.tasks if not task.incoming]
    for i in draft.unreachable:
        draft.add("unreachable", "tasks", draft.places[i], task=draft.tasks[i].id)
    lost = frozenset(draft.unreachable)
    for task in draft.tasks:
        # What a task that never runs would feed is not fed; of a task that never runs itself, that is enough to say.
        fed = {feed.input for feed in task.feeds if feed.source not in lost or task.index in lost}
        for port in task.required:
            if port not in fed:
                draft.add("missing-input", "tasks", draft.places[task.index], task=task.id, port=port)
