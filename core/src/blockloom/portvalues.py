"""The ports that the classes of a type declare, and the values that pass through them."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from .errors import BadValue, PluginError
from .kind import NOT_TAKEN, Ports
from .schema import schema_of
from .spec import ERROR_PORT, Port, PortSet
from .values import copy_value, is_id

PLAIN = (Any, str, bool, float, list, dict, list[Any], dict[str, Any])
"""Annotations whose JSON value is the Python value."""


class Declares(Protocol):
    """A type that says by classes which ports it has."""

    Inputs: ClassVar[type[Ports]]
    Outputs: ClassVar[type[Ports]]


def declared_ports(type: type[Declares]) -> PortSet:
    """The ports that the classes `Inputs` and `Outputs` declare."""
    return _declared(type.Inputs, type.Outputs)


@cache
def _declared(given: type[Ports], gives: type[Ports]) -> PortSet:
    inputs = {
        name: Port(
            schema=schema_of(_annotation(field)),
            required=field.is_required(),
            default=None if field.is_required() else field.get_default(call_default_factory=True),
        )
        for name, field in fields_of(given).items()
    }
    outputs = {
        name: Port(schema=schema_of(_annotation(field)), branch=field.default is NOT_TAKEN)
        for name, field in fields_of(gives).items()
    }
    return PortSet(inputs=inputs, outputs=outputs)


def fields_of(model: type[BaseModel]) -> Mapping[str, Any]:
    """The fields of a model, as documents call them."""
    return {said: model.model_fields[name] for said, name in names_of(model).items()}


@cache
def names_of(model: type[BaseModel]) -> Mapping[str, str]:
    """The names of a model's fields, as documents call them: an alias, such as `from`, is no name in Python."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


def settings_of(config: BaseModel) -> Iterator[tuple[str, Any]]:
    """What settings hold, field by field, as documents call them."""
    return ((said, getattr(config, name)) for said, name in names_of(type(config)).items())


def read_inputs(model: type[Ports], values: Mapping[str, Any]) -> Ports:
    """`values` as an instance of `model`, without validating what the ports have checked already."""
    if _is_plain(model) and values.keys() <= model.model_fields.keys():
        return model.model_construct(**values)
    if not model.model_fields:
        return model.model_construct()
    return model.model_validate({name: v for name, v in values.items() if name in names_of(model)})


def taken(result: Any, ports: PortSet, owner: str) -> dict[str, Any]:
    """What a task type gave back, as JSON values by the name of the port; ports not taken are left out.

    Raises PluginError, in the name of `owner`, where it is not what the type's ports promise.
    """
    if type(result) is dict:
        pass
    elif isinstance(result, Ports):
        result = _dump(result)
    elif result is None:
        result = {}
    elif not isinstance(result, Mapping):
        raise PluginError(owner, f"run gave back {type(result).__name__} instead of its Outputs or a mapping")
    values: dict[str, Any] = {}
    last, copied = NOT_TAKEN, None
    for name, value in result.items():
        if value is NOT_TAKEN:
            continue
        if name == ERROR_PORT or (name not in ports.outputs and not (ports.open_outputs and is_id(name))):
            raise PluginError(owner, f"run gave back the port {name!r}, which the type does not declare")
        try:
            if value is not last:  # as where a task gives the value of its last block, and that as its result
                last, copied = value, copy_value(value)
            values[name] = copied
        except BadValue as error:
            raise BadValue(error.why, f"{name}{'.' if error.path[:1] not in '[' else ''}{error.path}") from None
    if len(values) < len(ports.outputs):
        values |= {name: None for name, port in ports.outputs.items() if name not in values and not port.branch}
    return values


def _annotation(field: Any) -> Any:
    return field.annotation if not field.metadata and field.description is None else _annotated(field)


def _annotated(field: Any) -> Any:
    from typing import Annotated

    from pydantic import Field

    return Annotated[(field.annotation, *field.metadata, Field(title=field.title, description=field.description))]


@cache
def _is_plain(model: type[Ports]) -> bool:
    return all(f.annotation in PLAIN and not f.metadata and not f.alias for f in model.model_fields.values())


def _dump(result: Ports) -> dict[str, Any]:
    given = {**result.__dict__, **(result.__pydantic_extra__ or {})}
    if _is_plain(type(result)):
        return given
    left_out = {name for name, value in given.items() if value is NOT_TAKEN}
    return result.model_dump(mode="json", by_alias=True, exclude=left_out)
