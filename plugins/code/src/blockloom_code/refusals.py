"""What the language of the code block refuses: where, why and what to write instead, in English and Chinese."""

import difflib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from . import hints
from .vocabulary import MISSING, MODULES, SPECIAL_METHODS

Words: TypeAlias = dict[str, str]

_QUOTE: Final = 120
_BEFORE: Final = 60
"""Characters of a long line that are shown before the place."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that a source may not say: line and column from 1, the line itself, the reason, the way out.

    `excerpt` is the line with a mark below the place.
    """

    line: int
    column: int
    quote: str
    what: Words
    advice: Words
    excerpt: str = ""

    @property
    def text(self) -> Words:
        """The whole sentence, in both languages."""
        quote = f": `{self.quote}`" if self.quote else ""
        return {
            "en": f"Line {self.line}, column {self.column}: {self.what['en']}{quote}",
            "zh": f"第 {self.line} 行第 {self.column} 列：{self.what['zh']}{quote}",
        }


def quote(source: str, line: int) -> str:
    """Line number `line` of `source`, short and without its indentation."""
    lines = source.split("\n")
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return text if len(text) <= _QUOTE else text[:_QUOTE] + "…"


def excerpt(source: str, line: int, column: int, width: int = 1) -> str:
    """Line number `line` of `source`, and below it a mark of `width` characters from `column` (from 1) on."""
    lines = source.split("\n")
    text = lines[line - 1].rstrip() if 0 < line <= len(lines) else ""
    start = max(column - 1 - _BEFORE, 0) if len(text) > _QUOTE else len(text) - len(text.lstrip())
    shown = text[start : start + _QUOTE].replace("\t", " ")
    if not shown or column <= start:
        return shown
    before, marked = shown[: column - 1 - start], shown[column - 1 - start :][:width]
    return f"{shown}\n{_blank(before)}{'^' * max(_cells(marked), 1)}"


def characters(text: str, size: int) -> int:
    """How many characters of `text` its first `size` bytes are, as Python counts columns."""
    return len(text.encode(errors="replace")[:size].decode(errors="ignore"))


def _blank(text: str) -> str:
    # An ideographic space is as wide as the characters of its script, whatever the terminal thinks of them.
    return "".join("\u3000" if _cells(character) == 2 else " " for character in text)


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


_MODULES: Final = ", ".join(sorted(name for name in MODULES if name != "urllib"))
_METHODS: Final = ", ".join(SPECIAL_METHODS)

SENTENCES: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "async": (
        "'async' and 'await' are not available in code blocks",
        "代码块中不能使用 async 和 await",
        "Write ordinary functions; tasks of a workflow run side by side by themselves.",
        "请写普通函数；工作流的任务本来就会并行执行。",
    ),
    "nonlocal": (
        "'nonlocal' is not available in code blocks",
        "代码块中不能使用 nonlocal",
        "Keep the value in a dict or list that the inner function changes, or return it.",
        "请把值放进字典或列表，由内层函数修改，或者用 return 返回。",
    ),
    "global": (
        "'global' is not available in code blocks",
        "代码块中不能使用 global",
        "Pass the value to the function and return the new one, or keep it in a dict.",
        "请把值作为参数传入并返回新值，或放进字典。",
    ),
    "match": (
        "'match' is not available in code blocks",
        "代码块中不能使用 match",
        "Use if, elif and else, or a dict.",
        "请改用 if / elif / else，或字典。",
    ),
    "except*": (
        "'except*' is not available in code blocks",
        "代码块中不能使用 except*",
        "Use 'except' without the star.",
        "请改用不带星号的 except。",
    ),
    "statement": (
        "this kind of statement ({name}) is not available in code blocks",
        "代码块中不能使用这种语句（{name}）",
        "Write it in plainer Python.",
        "请改用更基本的 Python 写法。",
    ),
    "underscore": (
        "the name '{name}' starts with '_', and such names are closed in code blocks",
        "名称 {name} 以下划线开头，代码块中不能使用",
        "{hint}",
        "{hint_zh}",
    ),
    "attribute": (
        "the attribute '{name}' is closed in code blocks",
        "代码块中不能访问属性 {name}",
        "{hint}",
        "{hint_zh}",
    ),
    "method": (
        "a class in a code block cannot define '{name}'",
        "代码块中的类不能定义 {name}",
        f"{{hint}} These special methods work: {_METHODS}.",
        f"{{hint_zh}}可用的特殊方法：{_METHODS}。",
    ),
    "reserved": (
        "'{name}' cannot be given another meaning",
        "不能给 {name} 赋予别的含义",
        "Use another name.",
        "请换一个名称。",
    ),
    "format": (
        "'.{name}' of a text is not available in code blocks",
        "代码块中不能使用文本的 .{name} 方法",
        'Use an f-string, such as f"{{price:.2f}}".',
        '请改用 f-string，例如 f"{{price:.2f}}"。',
    ),
    "module": (
        "the module '{name}' is not available in code blocks",
        "代码块中没有模块 {name}",
        f"{{hint}}{{near}}These modules are: {_MODULES}.",
        f"{{hint_zh}}{{near}}可用的模块：{_MODULES}。",
    ),
    "module name": (
        "'{name}' is not available in code blocks",
        "代码块中没有 {name}",
        "{near}This is: {words}.",
        "{near}可用的有：{words}。",
    ),
    "star": (
        "'import *' is not available in code blocks",
        "代码块中不能使用 import *",
        "Name what you need: from math import sqrt.",
        "请写出需要的名称：from math import sqrt。",
    ),
    "builtin": (
        "'{name}' is not available in code blocks",
        "代码块中没有 {name}",
        "{hint}",
        "{hint_zh}",
    ),
    "metaclass": (
        "a class in a code block cannot have a metaclass",
        "代码块中的类不能指定 metaclass",
        "Leave 'metaclass=' out.",
        "请去掉 metaclass=。",
    ),
    "yield": (
        "'yield' outside a function: a code block gives one value",
        "yield 只能写在函数里：代码块只给出一个值",
        "Collect the values in a list and return it, or put the generator into a function and use list(...).",
        "请把值收集到列表并返回，或把生成器写成函数再用 list(...)。",
    ),
    "syntax": ("{name}", "语法错误：{name}", "Correct the Python syntax of this line.", "请改正这一行的 Python 语法。"),
    "deep": (
        "the code is nested too deeply",
        "代码嵌套过深",
        "Split it into several statements.",
        "请拆成多条语句。",
    ),
    "finally": (
        "too many 'finally' stand in one another",
        "finally 嵌套过多",
        "Split it into functions, or use fewer of them.",
        "请拆成多个函数，或减少 finally 的使用。",
    ),
    "long": (
        "the code has {name} characters, more than a block may have",
        "代码有 {name} 个字符，超过了一个代码块的上限",
        "Split it into several blocks.",
        "请拆成多个代码块。",
    ),
    "other": ("{name}", "不允许：{name}", "Write it in plainer Python.", "请改用更基本的 Python 写法。"),
}

_HINTS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "builtin": hints.BUILTINS,
    "underscore": hints.NAMES,
    "attribute": hints.NAMES,
    "method": hints.METHODS,
}
_DEFAULTS: Final[Mapping[str, tuple[str, str]]] = {
    "builtin": hints.BUILTIN,
    "underscore": (
        "Use a name without the leading underscore; a single '_' is fine.",
        "请换用不以下划线开头的名称；单独的 _ 可以使用。",
    ),
    "attribute": ("Use the public methods of the value.", "请使用该值的公开方法。"),
    "method": ("Give the method an ordinary name.", "请给方法起普通的名字。"),
}


def refusal(source: str, line: int, column: int, key: str, name: str = "", width: int = 1) -> Refusal:
    """The refusal of the kind `key` at a place of `source`."""
    facts = {"name": name} | _facts(key, name)
    english, chinese, advice, advice_zh = (sentence.format_map(facts) for sentence in SENTENCES[key])
    what, way = {"en": english, "zh": chinese}, {"en": advice, "zh": advice_zh}
    return Refusal(line, column, quote(source, line), what, way, excerpt(source, line, column, width))


def _facts(key: str, name: str) -> dict[str, str]:
    if key == "module":
        hint, hint_zh = hints.MODULES.get(name) or hints.MODULES.get(name.partition(".")[0]) or ("", "")
        near = "" if hint else _near(name, MODULES)
        return {"hint": hint and hint + " ", "hint_zh": hint_zh, "near": near}
    if key == "module name":
        module, _, word = name.rpartition(".")
        words = MODULES.get(module, ())
        return {"near": _near(word, words), "words": ", ".join(words)}
    hint, hint_zh = _HINTS.get(key, {}).get(name, _DEFAULTS.get(key, ("", "")))
    return {"hint": hint, "hint_zh": hint_zh}


def _near(name: str, choices: Mapping[str, object] | tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, list(choices), 1)
    return f"{near[0]}? " if near else ""


def missing_name(name: str) -> Words | None:
    """A word about a name that Python has and a block has not, or has only once imported; None for any other name."""
    if name in MODULES:
        return {"en": f"write 'import {name}' first", "zh": f"请先写 import {name}"}
    if name not in MISSING:
        return None
    english, chinese = (sentence.format(name=name) for sentence in SENTENCES["builtin"][:2])
    hint, hint_zh = hints.BUILTINS.get(name, hints.BUILTIN)
    return {"en": f"{english}. {hint}", "zh": f"{chinese}。{hint_zh}"}
