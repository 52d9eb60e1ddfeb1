"""The modules of a code block, as frozen facades, and the types of the values that they hand out."""

import base64
import collections
import datetime
import decimal
import fractions
import functools
import hashlib
import html
import importlib
import itertools
import json
import math
import random
import re
import statistics
import string
import textwrap
import urllib.parse
import uuid
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

from .guards import MADE_HERE, Facade
from .vocabulary import MODULES

_MODULES: Final[Mapping[str, ModuleType]] = {
    m.__name__: m
    for m in (
        base64, collections, datetime, decimal, fractions, functools, hashlib, html, itertools,
        json, math, random, re, statistics, string, textwrap, urllib.parse, uuid,
    )
}  # fmt: skip

_LAZY: Final = """
    _strptime _decimal heapq bisect locale numbers calendar gettext warnings traceback linecache stringprep
    unicodedata weakref copy contextlib json.encoder json.decoder json.scanner html.entities ipaddress zlib
    encodings.idna encodings.punycode encodings.ascii encodings.latin_1 encodings.iso8859_1 encodings.iso8859_15
    encodings.cp1252 encodings.cp437 encodings.cp1251 encodings.utf_8_sig encodings.utf_16 encodings.utf_16_le
    encodings.utf_16_be encodings.utf_32 encodings.utf_32_le encodings.utf_32_be encodings.unicode_escape
    encodings.raw_unicode_escape encodings.gbk encodings.gb2312 encodings.gb18030 encodings.big5
    encodings.shift_jis encodings.euc_jp encodings.euc_kr encodings.hex_codec encodings.base64_codec
    encodings.rot_13 encodings.zlib_codec encodings.quopri_codec encodings.aliases
"""


def preload() -> None:
    """Import what these modules would import only when used: inside the cage no file can be opened."""
    for name in _LAZY.split():
        importlib.import_module(name)
    datetime.datetime.now().astimezone()
    datetime.datetime.strptime("2000-01-01", "%Y-%m-%d").strftime("%A %B %c")
    statistics.NormalDist(0, 1).inv_cdf(0.5)
    for encoding in ("utf-8", "latin-1", "ascii", "utf-16", "gbk", "gb18030", "cp1252"):
        "text".encode(encoding)


def facades(generator: random.Random) -> dict[str, Facade]:
    """All modules by name; `random` draws from `generator`."""
    replaced: dict[str, Mapping[str, Any]] = {
        "random": {word: getattr(generator, word) for word in MODULES["random"] if hasattr(generator, word)},
        "functools": {"wraps": _wraps, "total_ordering": functools.total_ordering},
        "collections": {"namedtuple": _namedtuple},
    }
    made = {
        name: Facade(name, _words(module, MODULES[name]) | dict(replaced.get(name, {})))
        for name, module in _MODULES.items()
    }
    made["urllib"] = Facade("urllib", {"parse": made["urllib.parse"]})
    return made


def open_types() -> frozenset[type]:
    """The types of the modules and their results whose public attributes may be read."""
    values: tuple[Any, ...] = (
        [].__iter__(), {}.keys(), {}.values(), {}.items(), range(0), re.compile(""), re.compile("").match(""),
        hashlib.md5(b"", usedforsecurity=False), hashlib.sha3_256(), hashlib.shake_128(), hashlib.blake2b(),
        hashlib.blake2s(),
        decimal.getcontext(), functools.lru_cache(len), functools.lru_cache(len).cache_info(), re.I,
        decimal.Decimal(1).as_tuple(), datetime.date.today().isocalendar(), datetime.date.today().timetuple(),
    )  # fmt: skip
    offered = [v for name, m in _MODULES.items() for v in _words(m, MODULES[name]).values() if isinstance(v, type)]
    parsed = [v for name, v in vars(urllib.parse).items() if isinstance(v, type) and name.endswith("Result")]
    more = [urllib.parse.urldefrag("").__class__, statistics.linear_regression([0, 1], [0, 1]).__class__]
    public = [t for t in offered if not issubclass(t, BaseException) and t not in _CALLED_ONLY]
    return frozenset([*map(type, values), *public, *parsed, *more, property])


def errors() -> frozenset[type]:
    """The exceptions of the modules."""
    offered = (v for name, m in _MODULES.items() for v in _words(m, MODULES[name]).values())
    return frozenset(v for v in offered if isinstance(v, type) and issubclass(v, BaseException))


_CALLED_ONLY: Final = frozenset({functools.partial})


def _words(module: ModuleType, words: tuple[str, ...]) -> dict[str, Any]:
    return {word: getattr(module, word) for word in words if hasattr(module, word)}


def _wraps(wrapped: Callable[..., Any]) -> Callable[[Any], Any]:
    """`functools.wraps`, which has nothing to copy here: nobody can read a function's attributes."""
    return lambda wrapper: wrapper


_make_tuple: Final[Callable[..., type]] = collections.namedtuple


def _namedtuple(name: str, fields: Any, *, rename: bool = False, defaults: Any = None) -> type:
    made = _make_tuple(name, fields, rename=rename, defaults=defaults)
    setattr(made, MADE_HERE, True)
    return made
