"""An executor that tells where a task raised what it did not mean to: a run keeps but the type and the message."""

import logging
from collections.abc import Awaitable
from inspect import isawaitable
from typing import Any

from ..errors import BlockloomError
from ..executor import InProcessExecutor
from ..task import TaskContext, TaskType

_log = logging.getLogger(__name__)


class WitnessExecutor(InProcessExecutor):
    """Runs tasks in this process, and logs the traceback of a mistake, which pytest shows with a test that fails."""

    def run(self, type: TaskType, task: TaskContext) -> Any | Awaitable[Any]:
        """See Executor."""
        try:
            given = super().run(type, task)
        except Exception as error:
            _tell(type, error)
            raise
        return _witnessed(type, given) if isawaitable(given) else given


async def _witnessed(type: TaskType, given: Awaitable[Any]) -> Any:
    try:
        return await given
    except Exception as error:
        _tell(type, error)
        raise


def _tell(type: TaskType, error: Exception) -> None:
    if not isinstance(error, BlockloomError):
        _log.warning("the task type %r raised what is no TaskFailed", type.name, exc_info=error)
