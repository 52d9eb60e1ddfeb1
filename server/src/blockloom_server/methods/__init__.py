"""The methods of the protocol, a room for each of its words; TABLE holds them all."""

from ..method import TABLE
from . import blocks, events, kinds, runs, session, streams, tasks, triggers, workflows

__all__ = ["TABLE", "blocks", "events", "kinds", "runs", "session", "streams", "tasks", "triggers", "workflows"]
