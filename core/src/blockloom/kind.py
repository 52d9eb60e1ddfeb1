"""What every kind of block, task and trigger says about itself, and the models it is made of."""

import ast
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from .errors import BadValue
from .keys import SECRET_NAME
from .values import duration
from .words import Text

Effects: TypeAlias = Literal["pure", "idempotent", "effect", "human"]
"""What running does to the world: nothing, the same when done twice, something, or it asks a person."""


class _NotTaken:
    """The value of an output port that was not taken."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NOT_TAKEN"

    def __bool__(self) -> bool:
        return False

    def __copy__(self) -> "_NotTaken":
        return self

    def __deepcopy__(self, memo: Any) -> "_NotTaken":
        return self


NOT_TAKEN: Final[Any] = _NotTaken()
"""The default of an output port that is a branch: alive only if `run` sets it."""


def _duration(value: Any) -> float:
    try:
        return duration(value)
    except BadValue as error:
        raise PydanticCustomError("duration", "{en}", {"en": error.why, "zh": error.zh}) from None


Duration: TypeAlias = Annotated[
    float, BeforeValidator(_duration), WithJsonSchema({"type": ["number", "string"], "format": "duration"})
]
"""A setting that is a duration: written as seconds or as "500ms", "10m", "1d"; read as seconds."""


def _no_expression(why: str, en: str = "", zh: str = "") -> PydanticCustomError:
    told = {"en": f"not one expression: {why}{en}", "zh": f"不是一个表达式：{why}{zh}"}
    return PydanticCustomError("expression", "{en}", told)


def _one_expression(text: str) -> str:
    """Refuse a condition that is not one expression."""
    try:
        ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        line, column = error.lineno or 1, error.offset or len(text.strip()) + 1
        english, chinese = f" (line {line}, column {column})", f"（第 {line} 行，第 {column} 列）"
        raise _no_expression(error.msg, english, chinese) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise _no_expression(str(error)) from None
    return text


Expression: TypeAlias = Annotated[str, Field(min_length=1), AfterValidator(_one_expression)]
"""A setting that is one expression of the code block's language: a condition."""


class Secret(BaseModel):
    """A setting that is a secret: written as `{"$secret": "name"}`, read as this; `task.secret` gives its value."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: Annotated[str, Field(alias="$secret", pattern=f"^{SECRET_NAME}$")]


def _with_secrets(value: Any) -> Any:
    """A JSON value in which every mapping `{"$secret": …}` has become a Secret."""
    if isinstance(value, Mapping):
        if "$secret" in value:
            return Secret.model_validate(value)
        return {key: _with_secrets(item) for key, item in value.items()}
    return [_with_secrets(item) for item in value] if isinstance(value, list) else value


WithSecrets: TypeAlias = Annotated[
    Any,
    BeforeValidator(_with_secrets),
    WithJsonSchema({"description": 'Any value; {"$secret": "name"} stands for one.'}),
]
"""A setting that is any JSON value, in which secrets may stand anywhere."""


def secrets_in(setting: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where secrets stand in validated settings, as paths in the document that they were read from."""
    if isinstance(setting, Secret):
        yield path
    elif isinstance(setting, BaseModel):
        for name, field in type(setting).model_fields.items():
            yield from secrets_in(getattr(setting, name), (*path, field.alias or name))
    elif isinstance(setting, Mapping):
        for key, item in setting.items():
            yield from secrets_in(item, (*path, key))
    elif isinstance(setting, list | tuple):
        for place, item in enumerate(setting):
            yield from secrets_in(item, (*path, place))


@cache
def takes_secrets(model: type[BaseModel]) -> bool:
    """Whether secrets may stand in settings of this shape."""
    return "$secret" in json.dumps(model.model_json_schema())


class Retry(NamedTuple):
    """When and how often to try again; delays are seconds, `attempts` counts the first."""

    attempts: int = 3
    delay: float = 1.0
    backoff: float = 2.0
    max_delay: float = 60.0
    jitter: bool = True


class Embedded(NamedTuple):
    """A content of a block type that stands in settings; `path` leads to it, as `("cases", 0, "when")`."""

    path: tuple[str | int, ...]
    type: str
    content: Mapping[str, Any]


class Config(BaseModel):
    """Base of a type's settings (`Config`) and of a block type's content (`Content`)."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=False, protected_namespaces=(), defer_build=True)


class Ports(BaseModel):
    """Base of a task type's `Inputs` and `Outputs`: a field a port.

    A field without a default is a required input; an output with the default NOT_TAKEN is a branch.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=(), defer_build=True)


class Kind:
    """What a block, task or trigger type says about itself."""

    name: ClassVar[str]
    """The type's name in a document; a stranger's starts with its vendor, as `acme.shout`."""
    version: ClassVar[int] = 1
    """Grows when the settings change their shape; `migrate` brings old ones along."""
    replaces: ClassVar[tuple[str, ...]] = ()
    """Names that the type had before: a graph that uses one goes on with this type, whose versions go on too."""
    title: ClassVar[Text] = ""
    """What a person reads, as text or as `{"en": …, "zh": …}`; the name if empty."""
    description: ClassVar[Text] = ""
    """One or two sentences for a person; the class's docstring if empty."""
    icon: ClassVar[str] = ""
    """A name or an emoji that a page may show."""
    category: ClassVar[Text] = ""
    """The shelf on which a palette shows it."""
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    """Settings (or contents) that work, to start from."""

    def migrate(self, config: dict[str, Any], from_version: int) -> dict[str, Any]:
        """Settings written for an older version of the type, in the shape of this one."""
        return config

    async def close(self) -> None:
        """Let go of whatever the type opened while it ran; called once, when its engine closes."""
