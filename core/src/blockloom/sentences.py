"""What `check` says: each problem's code, its sentence and what to do, in English and Chinese."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from .problem import Problem, Severity
from .words import fill


class Sentence(NamedTuple):
    """A problem's code, what is wrong and what to do, both as (English, Chinese)."""

    code: str
    text: tuple[str, str]
    advice: tuple[str, str] = ("", "")
    severity: Severity = "error"


def problem(key: str, path: str, /, **facts: Any) -> Problem:
    """The problem that `key` names, at `path`, with its facts filled in."""
    sentence = SENTENCES[key]
    return Problem(
        code=sentence.code,
        severity=sentence.severity,
        path=path,
        text=fill(dict(zip(("en", "zh"), sentence.text, strict=True)), facts),
        advice=fill(dict(zip(("en", "zh"), sentence.advice, strict=True)), facts),
    )


_FORMAT: Final = {
    "no-file": (
        ("The file {path} cannot be read: {why}.", "无法读取文件 {path}：{why}。"),
        ("Give the path of a graph in JSON or YAML.", "请给出 JSON 或 YAML 格式的图文件路径。"),
    ),
    "not-utf8": (
        ("The text is not UTF-8 (byte {place}).", "文本不是 UTF-8 编码（第 {place} 字节）。"),
        ("Save the file as UTF-8.", "请将文件保存为 UTF-8。"),
    ),
    "not-json": (
        (
            "This is not JSON: {why} (line {line}, column {column}).",
            "不是有效的 JSON：{why}（第 {line} 行第 {column} 列）。",
        ),
        ("Correct the text at that place.", "请改正该处的文本。"),
    ),
    "not-yaml": (
        (
            "This is not the YAML that is read here: {why} (line {line}, column {column}).",
            "不是可读取的 YAML：{why}（第 {line} 行第 {column} 列）。",
        ),
        ("Correct the text at that place.", "请改正该处的文本。"),
    ),
    "repeated-key": (
        ("The key {key!r} is repeated in one mapping.", "同一映射中键 {key!r} 重复。"),
        ("Keep one of them.", "请只保留一个。"),
    ),
    "not-finite": (
        ("{value} is not a finite number.", "{value} 不是有限的数。"),
        ("Write a number, or null.", "请写一个数，或 null。"),
    ),
    "too-deep": (
        ("The document nests more than {limit} levels deep.", "文档嵌套超过 {limit} 层。"),
        ("Flatten it.", "请减少嵌套。"),
    ),
    "too-large": (
        ("The document is larger than {limit} bytes.", "文档超过 {limit} 字节。"),
        ("Split the graph, or keep data out of it.", "请拆分该图，或不要在图中存放数据。"),
    ),
    "not-a-mapping": (
        (
            "A graph is a mapping with the keys blockloom and tasks; this is something else.",
            "图应是含有 blockloom 和 tasks 键的映射；这里不是。",
        ),
        ('Begin with {{"blockloom": 1, "tasks": []}}.', '请以 {{"blockloom": 1, "tasks": []}} 开头。'),
    ),
    "bad-value": (
        ("The document holds something that is not JSON: {why}.", "文档中含有不是 JSON 的内容：{why}。"),
        (
            "Use only text, numbers, true, false, null, lists and mappings.",
            "只能使用文本、数、true、false、null、列表和映射。",
        ),
    ),
    "no-version": (
        ("The format's version is missing or is not a whole number.", "缺少格式版本，或它不是整数。"),
        ('Write "blockloom": 1.', '请写上 "blockloom": 1。'),
    ),
    "wrong-shape": (
        ("{name} must be {wanted}; here it is {got}.", "{name} 应为 {wanted}；这里是 {got}。"),
        ("Write {wanted}.", "请写成 {wanted}。"),
    ),
    "missing-key": (
        ("{name} is missing.", "缺少 {name}。"),
        ("Add {name}.", "请补上 {name}。"),
    ),
    "bad-id": (
        ("{id!r} cannot be an id.", "{id!r} 不能用作 id。"),
        (
            "Use letters of any script, digits, _ and -, 1 to 200 of them, and no dot.",
            "请使用任意文字的字母、数字、_ 和 -，1 到 200 个，不含点。",
        ),
    ),
    "bad-name": (
        (
            "{id!r} cannot be the name of {what}: code sees it as a name.",
            "{id!r} 不能用作 {what} 的名称：代码会把它当作变量名。",
        ),
        (
            "Use letters, digits and _, not a digit first, no Python keyword, and none of {reserved}.",
            "请使用字母、数字和 _，不以数字开头，不是 Python 关键字，也不是 {reserved}。",
        ),
    ),
    "bad-schema": (
        (
            "The type of the input {name!r} is not a JSON Schema: {why}.",
            "输入 {name!r} 的类型不是 JSON Schema：{why}。",
        ),
        (
            'Write a fragment such as {{"type": "string"}}, or {{}} for any value.',
            '请写成 {{"type": "string"}} 这样的片段，或用 {{}} 表示任意值。',
        ),
    ),
    "bad-end": (
        ("{end!r} is not the end of a connection.", "{end!r} 不是连接的端点。"),
        ('Write "task" or "task.port".', '请写成 "任务" 或 "任务.端口"。'),
    ),
}

_GRAPH: Final = {
    "newer-version": Sentence(
        "unsupported-version",
        (
            "The graph is written in version {found} of the format; this blockloom reads up to {here}.",
            "该图的格式版本为 {found}；此 blockloom 最高读取版本 {here}。",
        ),
        ("Upgrade blockloom.", "请升级 blockloom。"),
    ),
    "newer-type": Sentence(
        "unsupported-version",
        (
            "This is written for version {found} of the {kind} type {type!r}; {owner} offers version {here}.",
            "此处按{kind}类型 {type!r} 的版本 {found} 编写；{owner} 提供的是版本 {here}。",
        ),
        ("pip install --upgrade {distribution}", "请运行 pip install --upgrade {distribution}"),
    ),
    "no-migration": Sentence(
        "bad-config",
        (
            "Settings for version {found} of the {kind} type {type!r} cannot be brought to version {here}: {why}.",
            "无法将{kind}类型 {type!r} 版本 {found} 的配置迁移到版本 {here}：{why}。",
        ),
        (
            'Write them anew for version {here}, and say so: "version": {here}.',
            '请按版本 {here} 重写配置，并注明 "version": {here}。',
        ),
    ),
    "unmet-requirement": Sentence(
        "unsupported-version",
        (
            "The graph requires {name}{wanted}; version {here} is installed.",
            "该图需要 {name}{wanted}；已安装的是版本 {here}。",
        ),
        ('pip install "{name}{wanted}"', '请运行 pip install "{name}{wanted}"'),
        severity="warning",
    ),
    "duplicate-id": Sentence(
        "duplicate-id",
        ("The id {id!r} is used by more than one {what}.", "id {id!r} 被多个{what}使用。"),
        ("Give each its own id.", "请让每个 id 唯一。"),
    ),
    "unknown-type": Sentence(
        "unknown-type",
        (
            "No installed plugin offers the {kind} type {name!r}.{why}",
            "没有已安装的插件提供{kind}类型 {name!r}。{why}",
        ),
        ("{advice}", "{advice}"),
    ),
    "type-conflict": Sentence(
        "unknown-type",
        (
            "The {kind} type {name!r} is offered by {owners}; none of them is used.",
            "{kind}类型 {name!r} 同时由 {owners} 提供；都不会被使用。",
        ),
        ("Uninstall or disable all but one of them.", "请只保留其中一个，卸载或停用其余的。"),
    ),
    "unusable-type": Sentence(
        "unknown-type",
        ("The {kind} type {name!r} cannot be used. {why}", "{kind}类型 {name!r} 无法使用。{why}"),
        (
            "Repair or uninstall the plugin; `blockloom plugins` tells more.",
            "请修复或卸载该插件；`blockloom plugins` 会给出详情。",
        ),
    ),
    "unknown-task": Sentence(
        "unknown-task",
        ("There is no task {id!r}.{near}", "没有任务 {id!r}。{near}"),
        ("Name a task of this graph.", "请写出本图中的任务。"),
    ),
    "unknown-port": Sentence(
        "unknown-port",
        ("The task {task!r} ({type}) has no {side} {port!r}.", "任务 {task!r}（{type}）没有{side} {port!r}。"),
        ("{advice}", "{advice}"),
    ),
    "unknown-block": Sentence(
        "unknown-block",
        (
            "A link names the block {id!r}, which the task {task!r} does not have.",
            "链接提到了任务 {task!r} 中不存在的块 {id!r}。",
        ),
        ("Name one of its blocks: {there}.", "请写出它的块之一：{there}。"),
    ),
    "type-mismatch": Sentence(
        "type-mismatch",
        (
            "{start} gives {offered}, and {end} takes {wanted}: no value fits both.",
            "{start} 给出 {offered}，而 {end} 接受 {wanted}：没有值能同时满足。",
        ),
        ("Connect another port, or convert the value in between.", "请连接别的端口，或在中间转换该值。"),
    ),
    "value-mismatch": Sentence(
        "type-mismatch",
        ("The value of {name!r} does not fit: {why}.", "{name!r} 的值不符合：{why}。"),
        ("Write a value that its type accepts.", "请写一个符合其类型的值。"),
    ),
    "missing-input": Sentence(
        "missing-input",
        (
            "The required input {port!r} of the task {task!r} can never have a value.",
            "任务 {task!r} 的必需输入 {port!r} 永远不会有值。",
        ),
        (
            "Connect something to {task}.{port}, or give it a value under inputs.",
            "请连接到 {task}.{port}，或在 inputs 中给出值。",
        ),
    ),
    "bad-config": Sentence(
        "bad-config",
        ("The settings do not fit: {why}.", "配置不符合要求：{why}。"),
        (
            "Correct it here; `blockloom types {type}` shows what fits.",
            "请在此处改正；`blockloom types {type}` 会显示可用的配置。",
        ),
    ),
    "bad-setting": Sentence(
        "bad-config",
        ("{name}: {why}.", "{name}：{why}。"),
        ("{advice}", "{advice}"),
    ),
    "bad-content": Sentence(
        "bad-content",
        ("The content of the block {id!r} does not fit: {why}.", "块 {id!r} 的内容不符合要求：{why}。"),
        (
            "Correct it here; `blockloom types {type}` shows what fits.",
            "请在此处改正；`blockloom types {type}` 会显示可用的内容。",
        ),
    ),
    "bad-trigger": Sentence(
        "bad-trigger",
        ("The settings of the trigger {id!r} do not fit: {why}.", "触发器 {id!r} 的配置不符合要求：{why}。"),
        (
            "Correct it here; `blockloom types {type}` shows what fits.",
            "请在此处改正；`blockloom types {type}` 会显示可用的配置。",
        ),
    ),
    "bad-trigger-field": Sentence(
        "bad-trigger",
        ("The trigger {id!r} does not fit: {why}.", "触发器 {id!r} 不符合要求：{why}。"),
        ("{advice}", "{advice}"),
    ),
    "trigger-past": Sentence(
        "bad-trigger",
        ("The trigger {id!r} would never fire: its moment is past.", "触发器 {id!r} 永远不会触发：它的时刻已过。"),
        ("Choose a moment that is still to come.", "请选择尚未到来的时刻。"),
    ),
    "trigger-idle": Sentence(
        "bad-trigger",
        (
            "The trigger {id!r} has nothing to do: it stands in no workflow and names neither one nor an action.",
            "触发器 {id!r} 无事可做：它不在任何工作流中，也没有指定工作流或动作。",
        ),
        (
            'Add "workflow", the id or name of a stored one, or "action": {{"type": …, "config": {{…}}}}.',
            '请加上 "workflow"（已存储工作流的 id 或名称），或 "action": {{"type": …, "config": {{…}}}}。',
        ),
    ),
    "trigger-unwaitable": Sentence(
        "bad-trigger",
        (
            "A task cannot wait for a trigger of the type {type!r}: it fires only where it stands by itself.",
            "任务不能等待类型为 {type!r} 的触发器：它只能独立设置。",
        ),
        (
            "Let such a trigger start a workflow, or wait for an event.",
            "请让这样的触发器启动工作流，或改为等待事件。",
        ),
    ),
    "bad-action": Sentence(
        "bad-trigger",
        ("The action of the trigger {id!r} does not fit: {why}.", "触发器 {id!r} 的动作不符合要求：{why}。"),
        (
            "Correct it here; `blockloom types {type}` shows what fits.",
            "请在此处改正；`blockloom types {type}` 会显示可用的配置。",
        ),
    ),
    "exposed-key": Sentence(
        "bad-secret",
        (
            "This looks like {what}. A graph must not hold it: graphs are stored and shown.",
            "这里看起来像密钥（{what}）。图中不能有密钥：图会被保存和显示。",
        ),
        (
            'Put it into the variable BLOCKLOOM_SECRET_NAME, write {{"$secret": "name"}} where a setting takes a secret, '
            "and replace it where others may have seen it.",
            '请把它放进环境变量 BLOCKLOOM_SECRET_NAME，在可用密钥的配置处写 {{"$secret": "name"}}；如可能已泄露，请更换。',
        ),
    ),
    "misplaced-secret": Sentence(
        "bad-secret",
        (
            "No secret can stand here: only in a setting whose type takes one.",
            "这里不能使用密钥：只有声明可用密钥的配置才行。",
        ),
        (
            "Write the value, or move it to such a setting; `blockloom types NAME` shows which take one.",
            "请写上值，或移到这样的配置中；`blockloom types NAME` 会显示哪些可用。",
        ),
    ),
    "cycle": Sentence(
        "cycle",
        ("These tasks wait for each other in a circle: {circle}.", "这些任务循环等待：{circle}。"),
        ("Remove one of the connections between them, or use a loop.", "请去掉其中一条连接，或使用循环任务。"),
    ),
    "block-cycle": Sentence(
        "cycle",
        ("The blocks of the task {task!r} are linked in a circle: {circle}.", "任务 {task!r} 的块循环链接：{circle}。"),
        ("Remove one of the links between them.", "请去掉其中一条链接。"),
    ),
    "bad-join": Sentence(
        "bad-join",
        ("The join of the task {task!r} is not one: {why}.", "任务 {task!r} 的汇合方式无效：{why}。"),
        ('Write "any", "all", "first" or {{"count": n}}.', '请写 "any"、"all"、"first" 或 {{"count": n}}。'),
    ),
    "unreachable": Sentence(
        "unreachable",
        (
            "No start task leads to the task {task!r}: it will be canceled.",
            "没有起始任务通向任务 {task!r}：它将被取消。",
        ),
        ("Connect it, or remove it.", "请连接它，或删除它。"),
        "warning",
    ),
    "maybe-missing": Sentence(
        "maybe-missing",
        (
            "The required input {port!r} of the task {task!r} has no value when {branch}: it is fed by {feeds} alone.",
            "当 {branch} 时，任务 {task!r} 的必需输入 {port!r} 没有值：只有 '{feeds}' 连接到它。",
        ),
        (
            "Give {task}.{port} a value under inputs for that case, or connect what runs then to it too.",
            "请在 inputs 中为这种情况给 {task}.{port} 一个值，或把那时运行的任务也连接到它。",
        ),
        "warning",
    ),
    "input-missing": Sentence(
        "missing-input",
        ("The input {name!r} is missing.", "缺少输入 {name!r}。"),
        ("Give it a value; it must be {wanted}.", "请给它一个值；应为 {wanted}。"),
    ),
    "input-unknown": Sentence(
        "unknown-port",
        ("The workflow has no input {name!r}.{near}", "该工作流没有输入 {name!r}。{near}"),
        ("Its inputs are: {there}.", "它的输入有：{there}。"),
    ),
}

SENTENCES: Final[Mapping[str, Sentence]] = {
    **{key: Sentence("bad-format", text, advice) for key, (text, advice) in _FORMAT.items()},
    **_GRAPH,
}
