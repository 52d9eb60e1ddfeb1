"""What blocks may use on this machine: what a block gets where it says nothing, and the most that it may ask for."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Final, TypeAlias

from blockloom import BadUsage, BadValue, Config, Problem, duration
from pydantic import BeforeValidator, Field, WithJsonSchema

from .limits import HIGHEST, LOWEST, MIB, USUAL, Limits

VARIABLE: Final = "BLOCKLOOM_CODE_"
"""Where the names of the settings begin: `BLOCKLOOM_CODE_TIME`, `BLOCKLOOM_CODE_MAX_TIME`, and so on."""

_SIZE: Final = re.compile(r"\s*(\d{1,15})\s*(B|KiB|MiB|GiB)?\s*")
_UNITS: Final = {None: 1, "B": 1, "KiB": 1024, "MiB": MIB, "GiB": 1024 * MIB}


def size(value: Any) -> int:
    """A number of bytes, from a number or from text such as `"64MiB"`; raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and (found := _SIZE.fullmatch(value)):
        return int(found[1]) * _UNITS[found[2]]
    raise ValueError(f"not a size: write bytes as a number, or as '64MiB', '512KiB' or '1GiB', not {value!r:.100}")


def seconds(value: Any) -> float:
    """Seconds, from a number or from text such as `"30s"`; raises ValueError."""
    try:
        return duration(value)
    except BadValue as error:
        raise ValueError(error.why) from None


_SCHEMA: Final = {"type": ["integer", "string"], "format": "size"}
Size: TypeAlias = Annotated[int, BeforeValidator(size), WithJsonSchema(_SCHEMA)]
Time: TypeAlias = Annotated[
    float, BeforeValidator(seconds), WithJsonSchema({"type": ["number", "string"], "format": "duration"})
]


class BlockLimits(Config):
    """What one block may use, where that is to be other than the server's own."""

    time: Time | None = Field(default=None, description='As "30s".')
    memory: Size | None = Field(default=None, description='As "1GiB".')
    result: Size | None = Field(default=None, description="Of the value, as JSON.")
    output: Size | None = Field(default=None, description="Of what is printed.")

    def over(self, limits: Limits) -> Limits:
        """`limits`, with those that this block has of its own."""
        return replace(limits, **self.model_dump(exclude_none=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a block gets where it says nothing, and the most that it may ask for."""

    usual: Limits = USUAL
    most: Limits = HIGHEST

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings of this process; raises BadUsage."""
        most = _read(environment, VARIABLE + "MAX_", HIGHEST, LOWEST, HIGHEST)
        usual = _read(environment, VARIABLE, _lower(USUAL, most), LOWEST, most)
        return cls(usual=usual, most=most)

    def of(self, asked: BlockLimits | None) -> Limits:
        """What a block may use that asks for this."""
        return self.usual if asked is None else _lower(asked.over(self.usual), self.most)

    def problems(self, asked: BlockLimits | None) -> Iterator[Problem]:
        """What a block asks for and may not have."""
        given = asked.model_dump(exclude_none=True) if asked else {}
        for name, value in given.items():
            low, high = getattr(LOWEST, name), getattr(self.most, name)
            if not low <= value <= high:
                least, most = written(name, low), written(name, high)
                text = {
                    "en": f"the limit '{name}' of a block is at least {least} and here at most {most}",
                    "zh": f"代码块的上限 {name} 至少为 {least}，在此最多为 {most}",
                }
                advice = {
                    "en": "Choose a value in between, or leave it out for the usual one.",
                    "zh": "请取两者之间的值，或省略以使用默认值。",
                }
                yield Problem(code="bad-content", path=f"/limits/{name}", text=text, advice=advice)


def written(name: str, value: float) -> str:
    """A limit as it is written: `30s`, `64MiB`."""
    if name == "time":
        return f"{value:g}s"
    return next((f"{value / unit:g}{mark}" for mark, unit in _MARKS.items() if value >= unit), f"{value:g}")


_MARKS: Final = {"GiB": 1024 * MIB, "MiB": MIB, "KiB": 1024}


def _lower(limits: Limits, most: Limits) -> Limits:
    return Limits(**{field.name: min(getattr(limits, field.name), getattr(most, field.name)) for field in fields(most)})


def _read(environment: Mapping[str, str], prefix: str, limits: Limits, low: Limits, high: Limits) -> Limits:
    """`limits`, with what the variables that begin with `prefix` say instead."""
    for field in fields(Limits):
        name = prefix + field.name.upper()
        if not (text := environment.get(name)):
            continue
        try:
            value: Any = seconds(text) if field.name == "time" else size(text)
        except ValueError as error:
            raise BadUsage(f"The environment variable {name} is {error}.") from None
        least, most = getattr(low, field.name), getattr(high, field.name)
        if not least <= value <= most:
            bounds = f"{written(field.name, least)} to {written(field.name, most)}"
            raise BadUsage(f"The environment variable {name} may be {bounds}, not {text!r}.")
        limits = replace(limits, **{field.name: value})
    return limits
