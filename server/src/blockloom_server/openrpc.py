"""The protocol as an OpenRPC document, made from the methods' own models."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from .faults import CODES, INTERNAL, PARAMS, TOO_MUCH, UNAUTHORIZED, Code
from .method import Method, Table
from .shapes import Notification
from .version import VERSION

OPENRPC: Final = "1.3.2"
COMMON: Final = (PARAMS, INTERNAL, UNAUTHORIZED)
"""What any call may be refused with."""

_REFS: Final = "#/components/schemas/{model}"


class _Untitled(GenerateJsonSchema):
    """JSON Schema without a title a field, which would only repeat its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


@cache
def describe(table: Table) -> dict[str, Any]:
    """The document, made once."""
    methods = sorted(table.methods.values(), key=lambda method: method.name)
    refs, schemas = _schemas(methods)
    return {
        "openrpc": OPENRPC,
        "info": {
            "title": "blockloom",
            "version": VERSION,
            "description": "JSON-RPC 2.0 over the WebSocket at /ws: one call a text frame, parameters by name.",
            "license": {"name": "Apache-2.0"},
        },
        "methods": [_method(method, refs[method.result]) for method in methods],
        "components": {"schemas": schemas, "errors": {str(code.number): _error(code) for code in CODES}},
        "x-notifications": [
            {
                "name": "event",
                "summary": "Something happened that a subscription follows.",
                "paramStructure": "by-name",
                "params": _params(Notification),
            }
        ],
    }


def _schemas(methods: Iterable[Method]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """How to refer to each result, and all schemas by name."""
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
    for method in methods:
        wanted[method.params, "validation"] = None
        wanted[method.result, "serialization"] = None
    found, definitions = models_json_schema(list(wanted), ref_template=_REFS, schema_generator=_Untitled)
    refs = {model: schema for (model, mode), schema in found.items() if mode == "serialization"}
    return refs, definitions.get("$defs", {})


def _method(method: Method, result: Any) -> dict[str, Any]:
    summary = method.description.partition("\n")[0]
    waits = (TOO_MUCH,) if method.waits else ()
    return {
        "name": method.name,
        "summary": summary,
        "description": method.description,
        "paramStructure": "by-name",
        "x-reads": method.reads,
        "x-waits": method.waits,
        "params": _params(method.params),
        "result": {"name": "result", "description": (method.result.__doc__ or "").strip(), "schema": result},
        "errors": [_error(code) for code in dict.fromkeys((*COMMON, *method.errors, *waits))],
    }


def _params(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REFS, schema_generator=_Untitled)
    required = schema.get("required", ())
    ordered = sorted(schema.get("properties", {}).items(), key=lambda item: item[0] not in required)
    return [_param(name, part, name in required) for name, part in ordered]


def _param(name: str, schema: Mapping[str, Any], required: bool) -> dict[str, Any]:
    text = schema.get("description")
    told = {"name": name, "required": required, "schema": {k: v for k, v in schema.items() if k != "description"}}
    return told | {"description": text} if text else told


def _error(code: Code) -> dict[str, Any]:
    return {"code": code.number, "message": code.meaning}
