"""The published document: of the right shape, complete, and the same wherever it is asked for."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from blockloom_server.faults import CODES
from blockloom_server.handbook import write
from blockloom_server.methods import TABLE
from blockloom_server.openrpc import describe
from blockloom_server.remote import session
from blockloom_server.shapes import Notification
from blockloom_server.testing import serving, socket_of

DOCUMENT: Final = describe(TABLE)

SPEC_METHODS: Final = {
    *("session.hello", "session.ping", "rpc.discover", "types.list", "types.get", "plugins.list"),
    *("workflow.create", "workflow.update", "workflow.get", "workflow.list", "workflow.delete", "workflow.check"),
    *("workflow.graph", "task.add", "task.update", "task.set_type", "task.remove", "task.move", "task.connect"),
    *("task.disconnect", "task.get", "block.add", "block.write", "block.append", "block.remove", "block.get"),
    *("block.check", "block.evaluate", "run.start", "run.stop", "run.pause", "run.resume", "run.get", "run.current"),
    *("run.outputs", "run.list", "run.events", "run.retry", "run.rerun", "run.edit", "value.get", "subscribe"),
    *("run.explain", "run.answer"),
    *("unsubscribe", "event.publish"),
    *("trigger.create", "trigger.update", "trigger.delete", "trigger.get", "trigger.enable", "trigger.disable"),
    *("trigger.list", "trigger.firings", "trigger.fire", "trigger.next"),
}

# The shape of an OpenRPC 1.3.2 document, as https://spec.open-rpc.org describes it, so far as it is used.
DESCRIPTOR: Final = {
    "type": "object",
    "required": ["name", "schema"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "summary": {"type": "string"},
        "description": {"type": "string"},
        "required": {"type": "boolean"},
        "schema": {"type": ["object", "boolean"]},
        "deprecated": {"type": "boolean"},
    },
    "patternProperties": {"^x-": True},
    "additionalProperties": False,
}
ERROR: Final = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {"code": {"type": "integer"}, "message": {"type": "string"}, "data": True},
    "additionalProperties": False,
}
METHOD: Final = {
    "type": "object",
    "required": ["name", "params"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "summary": {"type": "string", "minLength": 1},
        "description": {"type": "string", "minLength": 1},
        "paramStructure": {"enum": ["by-name", "by-position", "either"]},
        "params": {"type": "array", "items": DESCRIPTOR},
        "result": DESCRIPTOR,
        "errors": {"type": "array", "items": ERROR},
    },
    "patternProperties": {"^x-": True},
    "additionalProperties": False,
}
META: Final = {
    "type": "object",
    "required": ["openrpc", "info", "methods"],
    "properties": {
        "openrpc": {"const": "1.3.2"},
        "info": {
            "type": "object",
            "required": ["title", "version"],
            "properties": {
                "title": {"type": "string"},
                "version": {"type": "string"},
                "description": {"type": "string"},
                "license": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
            },
            "additionalProperties": False,
        },
        "methods": {"type": "array", "items": METHOD},
        "components": {
            "type": "object",
            "properties": {
                "schemas": {"type": "object", "propertyNames": {"pattern": "^[A-Za-z0-9._-]+$"}},
                "errors": {"type": "object", "additionalProperties": ERROR},
            },
            "additionalProperties": False,
        },
    },
    "patternProperties": {"^x-": True},
    "additionalProperties": False,
}


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_it_has_the_shape_of_openrpc() -> None:
    jsonschema.Draft202012Validator(META).validate(DOCUMENT)


def test_a_document_of_another_shape_is_seen() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**DOCUMENT, "methods": [{"name": "a"}]}, META)


def test_it_has_every_method_that_there_is_and_the_contract_names() -> None:
    names = [method["name"] for method in DOCUMENT["methods"]]
    assert names == sorted(set(names))
    assert set(names) == set(TABLE.methods) == SPEC_METHODS


@pytest.mark.parametrize("method", DOCUMENT["methods"], ids=lambda method: method["name"])
def test_every_method_is_documented(method: dict[str, Any]) -> None:
    assert re.fullmatch(r"[A-Z].*\.", method["description"], re.DOTALL)
    assert method["result"]["description"]
    assert method["paramStructure"] == "by-name"
    required = [param["required"] for param in method["params"]]
    assert required == sorted(required, reverse=True)
    codes = [error["code"] for error in method["errors"]]
    assert len(codes) == len(set(codes))
    assert {-32602, -32603, -32001} <= set(codes) <= {code.number for code in CODES}


def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    schemas = [*DOCUMENT["components"]["schemas"].values()]
    for method in DOCUMENT["methods"]:
        schemas += [part["schema"] for part in (*method["params"], method["result"])]
    for schema in schemas:
        jsonschema.Draft202012Validator.check_schema(schema)
    found = set(references(DOCUMENT))
    assert found
    assert {ref.removeprefix("#/components/schemas/") for ref in found} <= set(DOCUMENT["components"]["schemas"])


def test_the_notification_is_described_too() -> None:
    (event,) = DOCUMENT["x-notifications"]
    assert event["name"] == "event"
    names = [param["name"] for param in event["params"]]
    assert names == ["subscription", "run", "time", "type", "data", "seq", "task"]


def test_every_model_is_documented() -> None:
    for method in TABLE.methods.values():
        assert method.params.__doc__
        assert method.result.__doc__
        for field in method.result.model_fields.values():
            assert field.annotation is not None


def test_no_two_shapes_have_one_name() -> None:
    assert [name for name in DOCUMENT["components"]["schemas"] if "__" in name] == []


def test_the_page_about_the_protocol_is_fresh() -> None:
    page = Path(__file__).parents[2] / "docs/reference/protocol.md"
    assert page.read_text(encoding="utf-8") == write(TABLE), (
        "blockloom schema protocol --page > docs/reference/protocol.md"
    )


def test_every_notification_is_as_described() -> None:
    async def go() -> list[dict[str, Any]]:
        graph = {"blockloom": 1, "tasks": [{"id": "a", "type": "stop", "config": {"state": "failed"}}]}
        async with serving() as server, session(socket_of(server)) as remote:
            await remote.call("subscribe", all=True)
            await remote.call("workflow.create", graph=graph)
            await remote.call("run.start", graph=graph)
            heard = [await remote.event()]
            while heard[-1]["type"] != "run.failed":
                heard.append(await remote.event())
            return heard

    heard = asyncio.run(go())
    assert {"workflow.changed", "run.started", "task.started", "run.failed"} <= {event["type"] for event in heard}
    for event in heard:
        Notification.model_validate(event)
