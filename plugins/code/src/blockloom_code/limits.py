"""What one evaluation of a code block may use: the numbers, in one place."""

from dataclasses import asdict, dataclass
from typing import Any, Final

MIB: Final = 1024 * 1024

MAX_SOURCE: Final = 64_000
"""Characters of a source."""
MAX_WEIGHT: Final = 200_000
"""Nodes of a source as Python compiles it."""
MAX_REFUSALS: Final = 100
"""Problems of one source that are told; the rest shows when these are gone."""
MAX_INPUT: Final = 64 * MIB
"""Bytes, as JSON, of the values that a block sees."""
MAX_TOGETHER: Final = 64
"""Blocks that one process evaluates one after another."""
MAX_VALUES: Final = 200_000
"""Values inside a result, its containers included."""
MAX_DEPTH: Final = 200
"""Levels of nesting of a result."""
MAX_DIGITS: Final = 4300
"""Digits of an integer in a result; Python writes no longer one by default."""
MAX_LINES: Final = 10_000
"""Lines that a block may print."""
MAX_MESSAGE: Final = 2048
"""Bytes of the message of a failure."""
MAX_EXCERPT: Final = 1000
"""Characters of the lines that show the place of a failure."""
MAX_TYPE: Final = 100
"""Characters of the type of a failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one evaluation may use: seconds of time, bytes of memory, of its result and of what it prints."""

    time: float = 10.0
    memory: int = 512 * MIB
    result: int = 8 * MIB
    output: int = 1 * MIB

    def to_json(self) -> dict[str, Any]:
        """As a mapping that `Limits(**…)` takes."""
        return asdict(self)


USUAL: Final = Limits()
"""What a block gets where neither it nor the settings say anything."""
LOWEST: Final = Limits(time=0.01, memory=32 * MIB, result=1024, output=1024)
"""Below this nothing can run."""
HIGHEST: Final = Limits(time=3600.0, memory=16 * 1024 * MIB, result=64 * MIB, output=64 * MIB)
"""The most that a block, or a whole server, may ask for."""
