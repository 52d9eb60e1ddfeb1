"""The hooks that a plugin may implement, all on one page."""

from collections.abc import Sequence
from typing import Any

import pluggy

from .block import BlockType
from .events import Event
from .finding import Finding
from .task import TaskType
from .trigger import TriggerType

hookspec = pluggy.HookspecMarker("blockloom")
hookimpl = pluggy.HookimplMarker("blockloom")


@hookspec
def blockloom_block_types() -> Sequence[type[BlockType]]:  # type: ignore[empty-body]
    """The block types that the plugin offers."""


@hookspec
def blockloom_task_types() -> Sequence[type[TaskType]]:  # type: ignore[empty-body]
    """The task types that the plugin offers."""


@hookspec
def blockloom_trigger_types() -> Sequence[type[TriggerType]]:  # type: ignore[empty-body]
    """The trigger types that the plugin offers."""


@hookspec
def blockloom_stores() -> Sequence[Any]:  # type: ignore[empty-body]
    """The store kinds that the plugin offers; each has a `name`, which is the scheme of its URL."""


@hookspec
def blockloom_executors() -> Sequence[Any]:  # type: ignore[empty-body]
    """The executor kinds that the plugin offers; each has a `name`."""


@hookspec
def blockloom_commands() -> Sequence[Any]:  # type: ignore[empty-body]
    """Commands of the command line, as `click.Command` objects."""


@hookspec
def blockloom_checks() -> Sequence[Finding]:  # type: ignore[empty-body]
    """How the parts of the plugin do on this machine; for `blockloom doctor` and the hello of the server."""


@hookspec
def blockloom_event(run: str, event: Event) -> None:
    """Called with every recorded event of every run; must return at once."""
