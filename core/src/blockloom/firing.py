"""When a trigger fires: in time, or on an event whose conditions hold."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any, Final

from .block import BlockContext, BlockType
from .errors import TaskFailed
from .spec import TriggerSpec
from .trigger import Published, TriggerType

LONGEST_SLEEP: Final = 30.0
"""Seconds after which a wait looks at the clock again, which somebody may have set."""

_LONG_AGO: Final = datetime(1, 1, 2, tzinfo=UTC)


def is_timed(type: TriggerType) -> bool:
    """Whether a trigger type fires in time, rather than on events."""
    return type.__class__.next is not TriggerType.next


def next_moment(trigger: TriggerSpec, clock: Callable[[], float]) -> datetime:
    """The next moment of a trigger; of one that has no more, the last."""
    assert trigger.type is not None
    now = datetime.fromtimestamp(clock(), UTC)
    moment = trigger.type.next(trigger.config, now) or trigger.type.next(trigger.config, _LONG_AGO)
    if moment is None:
        raise TaskFailed("never-fires", f"the trigger {trigger.type.name!r} has no moment to wait for")
    return moment


async def sleep_until(moment: datetime, clock: Callable[[], float]) -> None:
    """Wait for a moment; one that is past is there at once."""
    while (left := moment.timestamp() - clock()) > 0:  # noqa: ASYNC110 – the clock may be set meanwhile
        await asyncio.sleep(min(left, LONGEST_SLEEP))


async def matches(trigger: TriggerSpec, event: Published, block_type: Callable[[str], BlockType]) -> bool:
    """Whether an event fires a trigger: its type says so, and every condition holds over the payload."""
    assert trigger.type is not None
    if not trigger.type.matches(trigger.config, event):
        return False
    names: dict[str, Any] = {"payload": event.payload, "name": event.name}
    for condition in trigger.conditions:
        value = block_type(condition.type).evaluate(BlockContext(content=condition.content, names=names, inputs=names))
        if not (await value if isawaitable(value) else value):
            return False
    return True
