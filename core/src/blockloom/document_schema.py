"""The JSON Schema of a graph document, for editors and other machines; `check` says more, and in sentences.

Whatever `check` accepts, the schema accepts too: unknown fields are kept, and null counts as absent.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .codec import FORMAT

Fragment = dict[str, Any]

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"

# JSON Schema has no portable word for "a letter of any script": what ASCII cannot contribute is excluded instead.
_NO_LETTER: Final = r"\u0000-,./:-@\[-^`{-\u007f"
_ID: Final = f"^[^{_NO_LETTER}]+$"
_NAME: Final = f"^[^{_NO_LETTER}0-9-][^{_NO_LETTER}-]*$"
_VERSION: Final = {"description": "The version of its type that the settings are written for; the first if absent."}
_END: Final = r"^[^.]+(\.[^.]+)?$"


def document_schema() -> Fragment:
    """The JSON Schema, draft 2020-12, of a graph."""
    return {
        "$schema": _DRAFT,
        "$id": f"urn:blockloom:graph:{FORMAT}",
        "title": "blockloom graph",
        **_mapping(
            "A workflow: tasks and the connections between them.",
            {
                "blockloom": {"const": FORMAT, "description": "The version of the format."},
                "name": _text("A short name."),
                "title": _text("What a person reads."),
                "inputs": _named("What a run is given: a JSON Schema fragment each; `default` makes it optional."),
                "tasks": _list("task", "The tasks. Of those that are ready, the first runs next."),
                "connections": _list("connection", "Lines from an output of a task to another task."),
                "triggers": _list("trigger", "What starts the workflow by itself."),
                "groups": _limits("Limits of `group`, shared by runs, by name."),
                "limits": _budget("What the calls of a run may come to together."),
                "requires": _strings("Distributions to install, each with its versions."),
            },
            required=["blockloom"],
        ),
        "$defs": _definitions(),
    }


def _definitions() -> Fragment:
    ends = {key: {"$ref": "#/$defs/end"} for key in ("from", "to")}
    blocks = {key: {"type": "string"} for key in ("from", "to")}
    return {
        "id": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": _ID},
        "name": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": _NAME},
        "end": {"type": "string", "pattern": _END, "description": "A task, or a port of one: `task.port`."},
        "duration": {
            "description": 'Seconds, or text such as "500ms", "1.5s", "10m", "2h", "1d".',
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)\s*$"},
            ],
        },
        "task": _task(),
        "block": _mapping(
            "The smallest unit of content.",
            {
                "id": {"allOf": [{"$ref": "#/$defs/name"}, {"not": {"enum": ["error", "inputs", "result"]}}]},
                "type": _type("block"),
                "version": _VERSION,
                "content": {"description": "What the type says that it is; see `blockloom types`."},
            },
            required=["id", "type"],
        ),
        "link": _mapping("An order of two blocks.", blocks, ["from", "to"]),
        "connection": _mapping("A line from an output of a task to another task.", ends, ["from", "to"]),
        "trigger": _trigger(),
    }


def _task() -> Fragment:
    return _mapping(
        "The unit of execution.",
        {
            "id": {"$ref": "#/$defs/id"},
            "type": _type("task"),
            "version": _VERSION,
            "title": _text("What a person reads."),
            "config": _object("The settings of its type; see `blockloom types`."),
            "inputs": _object("What a port gets when no connection feeds it."),
            "blocks": _list("block", "Its blocks."),
            "links": _list("link", "Which block sees which."),
            "join": _join(),
            "retry": _retry(),
            "timeout": _maybe({"$ref": "#/$defs/duration"}, "For one attempt."),
            "group": {"type": ["string", "null"], "minLength": 1, "description": "A limit shared across runs."},
            "cache": _cache(),
            "ui": {"description": "Anything that a page keeps with it."},
        },
        required=["id", "type"],
    )


def _join() -> Fragment:
    counted = {"count": {"type": "integer", "minimum": 1}, "cancel_rest": {"type": "boolean"}}
    return {
        "description": "When it goes on: after any, all, or so many alive connections.",
        "anyOf": [
            {"enum": ["any", "all", "first", None]},
            {"type": "object", "properties": counted, "required": ["count"]},
        ],
    }


def _retry() -> Fragment:
    settings = {
        "attempts": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 3},
        "delay": {"$ref": "#/$defs/duration", "default": "1s"},
        "backoff": {"type": "number", "minimum": 1, "maximum": 100, "default": 2},
        "max_delay": {"$ref": "#/$defs/duration", "default": "60s"},
        "jitter": {"type": "boolean", "default": True},
    }
    return {"type": ["object", "null"], "properties": settings, "description": "`attempts` counts the first."}


def _cache() -> Fragment:
    ttl = {"type": "object", "properties": {"ttl": {"$ref": "#/$defs/duration"}}}
    return {"description": "Whether equal inputs reuse a result.", "anyOf": [{"type": ["boolean", "null"]}, ttl]}


def _trigger() -> Fragment:
    action = _mapping("What it does: any task type.", {"type": _type("task"), "config": {"type": ["object", "null"]}})
    return _mapping(
        "Something that fires in time or on an event.",
        {
            "id": {"$ref": "#/$defs/id"},
            "type": _type("trigger"),
            "version": _VERSION,
            "config": _object("The settings of its type; see `blockloom types`."),
            "inputs": _object("What the action or the run is given."),
            "action": _maybe(action, "Without it, the workflow that holds the trigger runs."),
            "workflow": _text("Another workflow that runs, by id or name."),
            "enabled": {"type": ["boolean", "null"], "default": True},
            "misfire": {"enum": ["once", "skip", "all", None], "default": "once"},
            "overlap": {"enum": ["queue", "skip", "allow", None], "default": "queue"},
        },
        required=["id", "type"],
    )


def _mapping(description: str, properties: Mapping[str, Any], required: Sequence[str] = ()) -> Fragment:
    told: Fragment = {"description": description, "type": "object", "properties": dict(properties)}
    return told | ({"required": list(required)} if required else {})


def _list(of: str, description: str) -> Fragment:
    return {"description": description, "type": ["array", "null"], "items": {"$ref": f"#/$defs/{of}"}}


def _text(description: str) -> Fragment:
    return {"description": description, "type": ["string", "null"]}


def _object(description: str) -> Fragment:
    return {"description": description, "type": ["object", "null"]}


def _named(description: str) -> Fragment:
    names = {"allOf": [{"$ref": "#/$defs/name"}, {"not": {"const": "inputs"}}]}
    fragment = {"type": "object", "$ref": _DRAFT}
    return _object(description) | {"propertyNames": names, "additionalProperties": fragment}


def _limits(description: str) -> Fragment:
    return _object(description) | {"additionalProperties": {"type": "integer", "minimum": 1}}


def _budget(description: str) -> Fragment:
    whole = {"type": ["integer", "null"], "minimum": 1}
    properties = {"calls": whole, "tokens": whole, "seconds": _maybe({"$ref": "#/$defs/duration"}, "Time in calls.")}
    return _object(description) | {"properties": properties, "additionalProperties": False}


def _strings(description: str) -> Fragment:
    return _object(description) | {"additionalProperties": {"type": "string"}}


def _type(kind: str) -> Fragment:
    return {"type": "string", "description": f"The name of a {kind} type; see `blockloom types --kind {kind}`."}


def _maybe(fragment: Fragment, description: str) -> Fragment:
    return {"description": description, "anyOf": [fragment, {"type": "null"}]}
