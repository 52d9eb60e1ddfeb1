"""What the language of the code block refuses: where, why and what to write instead, in English and Chinese."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from .vocabulary import MISSING, MODULES, SPECIAL_METHODS

Words: TypeAlias = dict[str, str]

_QUOTE: Final = 120


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that a source may not say: line and column from 1, the line itself, the reason, the way out."""

    line: int
    column: int
    quote: str
    what: Words
    advice: Words

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
        "Use a name without the leading underscore; a single '_' is fine.",
        "请换用不以下划线开头的名称；单独的 _ 可以使用。",
    ),
    "attribute": (
        "the attribute '{name}' is closed in code blocks",
        "代码块中不能访问属性 {name}",
        "Use the public methods of the value; isinstance(x, str) asks for a type.",
        "请使用该值的公开方法；判断类型请用 isinstance(x, str)。",
    ),
    "method": (
        "a class in a code block cannot define '{name}'",
        "代码块中的类不能定义 {name}",
        f"Give the method an ordinary name. These special methods work: {_METHODS}.",
        f"请给方法起普通的名字。可用的特殊方法：{_METHODS}。",
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
        f"{{near}}These modules are: {_MODULES}.",
        f"{{near}}可用的模块：{_MODULES}。",
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

_BUILTIN_HINTS: Final[Mapping[str, tuple[str, str]]] = {
    "open": ("A block has no files: give it the text as an input.", "代码块不能读写文件：请把文本作为输入传入。"),
    "input": ("Give the block its data through the inputs of its task.", "请通过任务的输入把数据传给代码块。"),
    "super": ("Call the method of the base class by another name.", "请用另一个名字调用基类的方法。"),
}
_BUILTIN_HINT: Final = (
    "Code blocks work on the values they see and give a value.",
    "代码块只处理它看到的值并给出一个值。",
)


def refusal(source: str, line: int, column: int, key: str, name: str = "") -> Refusal:
    """The refusal of the kind `key` at a place of `source`."""
    facts = {"name": name} | _facts(key, name)
    english, chinese, advice, advice_zh = (sentence.format_map(facts) for sentence in SENTENCES[key])
    what, way = {"en": english, "zh": chinese}, {"en": advice, "zh": advice_zh}
    return Refusal(line, column, quote(source, line), what, way)


def _facts(key: str, name: str) -> dict[str, str]:
    if key == "module":
        return {"near": _near(name, MODULES)}
    if key == "module name":
        module, _, word = name.rpartition(".")
        words = MODULES.get(module, ())
        return {"near": _near(word, words), "words": ", ".join(words)}
    if key == "builtin":
        hint, hint_zh = _BUILTIN_HINTS.get(name, _BUILTIN_HINT)
        return {"hint": hint, "hint_zh": hint_zh}
    return {}


def _near(name: str, choices: Mapping[str, object] | tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, list(choices), 1)
    return f"{near[0]}? " if near else ""


def missing_name(name: str) -> str:
    """A word about a name that Python has and a block has not; nothing for any other name."""
    if name not in MISSING:
        return ""
    return f"{SENTENCES['builtin'][0].format(name=name)}. {_BUILTIN_HINTS.get(name, _BUILTIN_HINT)[0]}"
