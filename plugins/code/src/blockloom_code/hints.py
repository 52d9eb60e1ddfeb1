"""What to write instead of what a code block does not have: by the name that people and language models write first."""

from collections.abc import Mapping
from typing import Final

_FILES: Final = ("A block has no files: give it the text as an input.", "代码块不能读写文件：请把文本作为输入传入。")
_SYSTEM: Final = (
    "A block has no system: give it what it needs as an input.",
    "代码块接触不到系统：请把需要的内容作为输入传入。",
)
_NETWORK: Final = (
    "A block has no network: fetch it with a task of its own, such as 'http', and take the result as an input.",
    "代码块不能联网：请用单独的任务（例如 http）获取，再把结果作为输入传入。",
)
_CLASS: Final = ("Write a class with __init__, or use a dict.", "请写带 __init__ 的类，或使用字典。")
_PLAIN: Final = (
    "Use plain Python: lists, dicts, statistics and math.",
    "请用普通 Python：列表、字典、statistics 和 math。",
)
_TIME: Final = (
    "Use datetime.datetime.now(), and the task 'wait' to wait.",
    "请用 datetime.datetime.now()；等待请用 wait 任务。",
)
_TASKS: Final = (
    "Tasks of a workflow run side by side by themselves; a block is plain code.",
    "工作流的任务本来就会并行执行；代码块里只写普通代码。",
)
_LEAVE_OUT: Final = ("Annotations work without it: leave this line out.", "类型注解无需导入：请删去这一行。")

MODULES: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(("typing", "__future__", "types", "typing_extensions"), _LEAVE_OUT),
    **dict.fromkeys(("dataclasses", "enum", "abc", "pydantic"), _CLASS),
    **dict.fromkeys(("requests", "httpx", "aiohttp", "socket", "urllib.request", "http", "urllib3"), _NETWORK),
    **dict.fromkeys(("io", "pathlib", "shutil", "tempfile", "glob", "pickle", "sqlite3", "zipfile"), _FILES),
    **dict.fromkeys(("os", "sys", "subprocess", "platform", "ctypes", "importlib", "builtins"), _SYSTEM),
    **dict.fromkeys(("numpy", "pandas", "scipy"), _PLAIN),
    **dict.fromkeys(("time", "zoneinfo", "pytz", "calendar", "dateutil"), _TIME),
    **dict.fromkeys(("asyncio", "threading", "multiprocessing", "concurrent"), _TASKS),
    "logging": ("Use print(…): its lines go to the log of the run.", "请用 print(…)：输出会进入运行日志。"),
    "traceback": ("Use str(error).", "请用 str(error)。"),
    "copy": (
        "What a block sees is its own: change it freely. Copy with list(x) or dict(x).",
        "代码块看到的值归它自己，可放心修改；复制用 list(x) 或 dict(x)。",
    ),
    "operator": ("Write a lambda: key=lambda x: x['name'].", "请写 lambda：key=lambda x: x['name']。"),
    "heapq": ("Use sorted(…), min(…) and max(…).", "请用 sorted(…)、min(…)、max(…)。"),
    "bisect": ("Use sorted(…), min(…) and max(…).", "请用 sorted(…)、min(…)、max(…)。"),
    "csv": (
        "Split the text: text.splitlines(), line.split(',').",
        "请自行拆分文本：text.splitlines()、line.split(',')。",
    ),
    "yaml": ("Use json.", "请用 json。"),
    "secrets": ("Use uuid.uuid4() or random.", "请用 uuid.uuid4() 或 random。"),
    "bs4": ("Use re.", "请用 re。"),
}
"""By the name of a module, or of the package that it is in."""

BUILTINS: Final[Mapping[str, tuple[str, str]]] = {
    "open": _FILES,
    "input": ("Give the block its data through the inputs of its task.", "请通过任务的输入把数据传给代码块。"),
    "super": ("Call the method of the base class by another name.", "请用另一个名字调用基类的方法。"),
    "id": ("Compare with 'is', or give things a name of their own.", "请用 is 比较，或自行命名。"),
    "locals": ("Write the names out, or use the mapping 'inputs'.", "请直接写出名称，或使用映射 inputs。"),
    "vars": ("Write the names out, or use the mapping 'inputs'.", "请直接写出名称，或使用映射 inputs。"),
    "globals": ("Write the names out, or use the mapping 'inputs'.", "请直接写出名称，或使用映射 inputs。"),
    "dir": ("Use hasattr(x, 'name').", "请用 hasattr(x, 'name')。"),
    "exit": ("Use return.", "请用 return。"),
    "quit": ("Use return.", "请用 return。"),
}
BUILTIN: Final = (
    "Code blocks work on the values they see and give a value.",
    "代码块只处理它看到的值并给出一个值。",
)
"""For the other built-ins."""

NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "__name__": (
        "A block has no main program: leave the 'if' out. For a type, use isinstance(x, str).",
        "代码块没有主程序：请去掉 if，直接写语句。判断类型请用 isinstance(x, str)。",
    ),
    "__main__": ("A block has no main program: write its lines as they are.", "代码块没有主程序：请直接写语句。"),
    "__class__": ("isinstance(x, str) asks for a type.", "判断类型请用 isinstance(x, str)。"),
    "__dict__": ("Name the attributes, or keep the values in a dict.", "请写出各个属性，或把值放进字典。"),
    "__init__": ("Call a method of the base class by another name.", "请用另一个名字调用基类的方法。"),
    "_asdict": ("Write the dict: {'x': p.x, 'y': p.y}.", "请写出字典：{'x': p.x, 'y': p.y}。"),
    "_replace": ("Make a new one: P(p.x, 5).", "请新建一个：P(p.x, 5)。"),
}
"""For names and attributes with a leading underscore."""

METHODS: Final[Mapping[str, tuple[str, str]]] = {
    "__str__": ("Write a method such as text(self), and call it.", "请写 text(self) 这样的方法并调用它。"),
    "__repr__": ("Write a method such as text(self), and call it.", "请写 text(self) 这样的方法并调用它。"),
    "__len__": ("Write a method such as size(self), and call it.", "请写 size(self) 这样的方法并调用它。"),
    "__iter__": ("Write a method that returns a list, and loop over that.", "请写返回列表的方法并遍历它。"),
    "__next__": ("Write a method that returns a list, and loop over that.", "请写返回列表的方法并遍历它。"),
    "__getitem__": (
        "Inherit from dict or list, or write a method get(self, key).",
        "请继承 dict 或 list，或写 get(self, key) 方法。",
    ),
    "__setitem__": (
        "Inherit from dict or list, or write a method put(self, key, value).",
        "请继承 dict 或 list，或写 put(self, key, value) 方法。",
    ),
    "__call__": ("Give the method an ordinary name, and call it.", "请给方法起普通的名字并调用它。"),
    "__add__": ("Write a method plus(self, other), and call it.", "请写 plus(self, other) 方法并调用它。"),
    "__enter__": ("Use try and finally.", "请用 try 和 finally。"),
    "__exit__": ("Use try and finally.", "请用 try 和 finally。"),
    "__hash__": ("Use a tuple of its values as the key.", "请用由其值组成的元组作键。"),
}
"""For special methods that a class in a block cannot define."""
