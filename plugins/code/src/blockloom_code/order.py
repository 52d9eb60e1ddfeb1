"""What the host orders of a zygote: sources to be evaluated one after another, in one process."""

import json
import re
import struct
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from blockloom import BlockContext

from .limits import MAX_INPUT, MAX_SOURCE, MAX_TOGETHER, Limits
from .outcome import failed

_WORD: Final = re.compile(r"\w+")
_SEEN: Final = 200
"""Names of which a block is told that they are there, for the case that it misspells one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One source: the names that it takes, their values as JSON, and what it may use.

    `sees` are ids of orders before it whose values it takes too; `others` are names that it could have said.
    """

    source: str
    names: tuple[str, ...] = ()
    values: bytes = b"{}"
    limits: Limits
    log: Callable[[str], None]
    id: str = ""
    sees: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def order(block: BlockContext, limits: Limits) -> Order:
    """The order to evaluate a block; raises TaskFailed where what it sees is too much."""
    source = block.content.source
    words = _words(source)
    names = ((unicodedata.normalize("NFKC", name), value) for name, value in block.names.items())
    values = {name: value for name, value in names if _bindable(name, words)}
    if "inputs" in words:
        values["inputs"] = dict(block.inputs)
    sees = tuple(name for name in block.sees if name in words)
    return Order(
        source=source,
        names=tuple(sorted({*values, *sees})),
        values=_encode(values),
        limits=limits,
        log=block.log,
        id=block.id,
        sees=sees,
        others=tuple(sorted({*block.names, *block.sees} - {*values, *sees}))[:_SEEN],
    )


def together(orders: Sequence[Order]) -> Sequence[Order]:
    """The first of some orders, as many as one process may do: with the same memory, and not too much in all."""
    room, text = MAX_INPUT, MAX_SOURCE
    for place, each in enumerate(orders):
        room, text = room - len(each.values), text - len(each.source)
        if place and (place == MAX_TOGETHER or room < 0 or text < 0 or each.limits.memory != orders[0].limits.memory):
            return orders[:place]
    return orders


def resumed(order: Order, known: Mapping[str, Any]) -> Order:
    """An order that is to be done in another process than those that it sees, whose values are known now."""
    given = {name: known[name] for name in order.sees if name in known}
    if not given:
        return order
    values = _encode({**json.loads(order.values), **given})
    return replace(order, values=values, sees=tuple(name for name in order.sees if name not in given))


def packed(orders: Sequence[Order]) -> bytes:
    """Orders as the zygote reads them."""
    steps = [
        {
            "id": each.id,
            "source": each.source,
            "names": each.names,
            "sees": each.sees,
            "others": each.others,
            "limits": each.limits.to_json(),
            "size": len(each.values),
        }
        for each in orders
    ]
    head = json.dumps(steps).encode()
    return struct.pack("!I", len(head)) + head + b"".join(each.values for each in orders)


@lru_cache(maxsize=256)
def _words(source: str) -> frozenset[str]:
    """Every word of a source that could be a name in it, and some that could not."""
    words = _WORD.findall(source)
    return frozenset(words) | {unicodedata.normalize("NFKC", word) for word in words}


def _bindable(name: str, words: frozenset[str]) -> bool:
    # A name with a leading underscore could hide a guard, and no source can say it.
    return not name.startswith("_") and name in words and name != "inputs"


def _encode(values: dict[str, Any]) -> bytes:
    try:
        data = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")
    except (TypeError, ValueError, RecursionError) as error:
        raise failed("memory_limit", "input", f" ({error})") from None
    if len(data) > MAX_INPUT:
        raise failed("memory_limit", "input")
    return data
