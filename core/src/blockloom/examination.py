"""Whether what a plugin offers can work: at once when it is loaded, and thoroughly when somebody asks."""

from collections.abc import Iterator, Mapping
from inspect import isclass
from typing import Any, Final

from .block import BlockType
from .errors import PluginError
from .kind import Config, Kind, Ports
from .portvalues import names_of
from .registry import Offer
from .schema import flaw_of_schema
from .spec import ERROR_PORT
from .task import TaskType
from .trigger import TriggerType
from .values import copy_value, is_id
from .words import Text, both, fill

BASES: Final[Mapping[str, type[Any]]] = {"block": BlockType, "task": TaskType, "trigger": TriggerType}
"""What a type of each kind is made of."""

_MODELS: Final[Mapping[str, type[Any]]] = {"Config": Config, "Content": Config, "Inputs": Ports, "Outputs": Ports}
_CANNOT_TELL: Final = both("it cannot tell of itself: {why}", "它无法描述自己：{why}")
_BAD_SCHEMA: Final = both("the schema of {what} is wrong: {why}", "{what} 的模式有误：{why}")
_BAD_EXAMPLE: Final = both("its example {number} does not fit its own settings", "其示例 {number} 不符合自己的配置")
_BAD_VERSION: Final = both(
    "its version is {version!r}, and not a whole number from 1 up", "其版本 {version!r} 不是不小于 1 的整数"
)


def refuse_unusable(kind: str, type: Any) -> None:
    """Raise PluginError for a type that cannot work."""
    if not isclass(type) or not issubclass(type, BASES.get(kind, object)):
        raise PluginError("", f"{type!r} is offered as a {kind} type and is none")
    name = getattr(type, "name", None)
    if not isinstance(name, str) or not all(map(is_id, name.split("."))):
        raise PluginError("", f"the {kind} type {type.__name__} has no usable name: {name!r}")
    if missing := [n for n in dir(type) if getattr(getattr(type, n, None), "__isabstractmethod__", False)]:
        raise PluginError("", f"the {kind} type {name!r} does not define {', '.join(missing)}")
    for attribute, base in _MODELS.items():
        model = getattr(type, attribute, base)
        if kind in BASES and not (isclass(model) and issubclass(model, base)):
            raise PluginError(
                "", f"{attribute} of the {kind} type {name!r} is no class made of blockloom.{base.__name__}"
            )
    if issubclass(type, TaskType) and ERROR_PORT in names_of(type.Outputs):
        raise PluginError("", f"the task type {name!r} declares an output 'error', which every task has already")


def flaws_of(offer: Offer) -> Iterator[Text]:
    """What is wrong with a type that is used all the same: with what it tells of itself, and its examples."""
    if not issubclass(offer.type, Kind):
        return
    if type(offer.type.version) is not int or offer.type.version < 1:
        yield fill(_BAD_VERSION, {"version": offer.type.version})
    told = offer.told()
    if "broken" in told:
        yield fill(_CANNOT_TELL, {"why": told["broken"]})
        return
    for what, schema in _schemas(told):
        if flaw := flaw_of_schema(schema):
            yield fill(_BAD_SCHEMA, {"what": what, "why": flaw})
    model = getattr(offer.type, "Content" if offer.kind == "block" else "Config")
    for number, example in enumerate(offer.type.examples):
        try:
            model.model_validate(copy_value(dict(example)))
        except Exception:
            yield fill(_BAD_EXAMPLE, {"number": number + 1})


def _schemas(told: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "schema" in told:
        yield "settings", told["schema"]
    for side in ("inputs", "outputs"):
        for name, port in told.get("ports", {}).get(side, {}).items():
            yield f"{side}.{name}", port["schema"]
