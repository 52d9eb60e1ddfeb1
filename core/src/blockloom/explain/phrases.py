"""What an explanation says: each cause's code, its facts, and its sentence in English and Chinese."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..words import Text, both, fill, tell

SHOWN: Final = 20
"""Connections and tasks of one kind that are told of; of more, the first are."""
LONGEST: Final = 200
"""Characters of an error that a sentence quotes; the fact has all of it."""

_TIMES: Final = frozenset({"at", "since", "until", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason why a task stands as it does; `what` is its code, `text` its sentence."""

    what: str
    facts: Mapping[str, Any]
    text: Text

    @property
    def message(self) -> str:
        """The sentence, in the language of this process."""
        return tell(self.text)

    def to_json(self, language: str | None = None) -> dict[str, Any]:
        """As `{what, message}` and the facts."""
        return {"what": self.what, **self.facts, "message": tell(self.text, language)}


def cause(key: str, /, **facts: Any) -> Cause:
    """The cause whose sentence stands under `key`; its code is what comes before the colon. None is no fact."""
    known = {name: list(fact)[:SHOWN] if is_list(fact) else fact for name, fact in facts.items() if fact is not None}
    shown = {name: _second(fact) if name in _TIMES else _shown(fact) for name, fact in facts.items()}
    return Cause(what=key.partition(":")[0], facts=known, text=fill(both(*PHRASES[key]), shown))


def _second(time: Any) -> Any:
    """A time as a sentence gives it: to the second."""
    return f"{time[:19]}Z" if isinstance(time, str) else time


def is_list(fact: Any) -> bool:
    """Whether a fact is several."""
    return isinstance(fact, Sequence) and not isinstance(fact, str)


def _shown(fact: Any) -> Any:
    """A fact as it stands in a sentence: names in a row, an error by its message."""
    if is_list(fact):
        row = ", ".join(map(str, fact[:SHOWN])) + (f", … ({len(fact)})" if len(fact) > SHOWN else "")
        return row or both("nothing", "无")
    if isinstance(fact, Mapping) and "message" in fact:
        message = str(fact["message"])[:LONGEST]
        return f"{fact.get('type')}: {message}" if message else fact.get("type")
    return fact


_WAITING: Final = {
    "not-begun": ("The run has not begun.", "运行尚未开始。"),
    "body-not-begun": (
        "The body that holds {of!r} has not begun: its holder {task!r} is {state}.",
        "{of!r} 所在的子图尚未开始：持有它的任务 {task!r} 处于 {state}。",
    ),
    "waits-for": (
        "{of!r} waits for {task!r}, which is {state} since {since}: {connection} is not known yet.",
        "{of!r} 在等待 {task!r}（自 {since} 起为 {state}）：连接 {connection} 尚未确定。",
    ),
    "waits-for:input": (
        "{of!r} waits for its input {input!r} from {task!r}, which is {state} since {since}.",
        "{of!r} 的输入 {input!r} 在等待 {task!r}（自 {since} 起为 {state}）。",
    ),
    "join": (
        "{of!r} needs {need} alive of the {deciding} connections that decide; so far {alive} alive and {dead} dead.",
        "{of!r} 需要 {deciding} 条参与决定的连接中有 {need} 条为通；目前 {alive} 条为通，{dead} 条为断。",
    ),
    "due": (
        "All that {of!r} waits for is known: what becomes of it is decided next.",
        "{of!r} 等待的一切都已确定：接下来就会决定它的去向。",
    ),
    "waits-to-retry": (
        "{of!r} waits to be tried again, at {until}: attempt {attempt} failed ({error}), and the delay is {delay:g} "
        "seconds.",
        "{of!r} 在等待重试（{until}）：第 {attempt} 次尝试失败（{error}），延迟 {delay:g} 秒。",
    ),
    "paused": (
        "The run is paused since {since}: nothing new starts until it is resumed.",
        "运行自 {since} 起暂停：恢复之前不会启动新任务。",
    ),
    "waits-for-place": (
        "{of!r} is ready since {since} and waits for a place to run; these tasks run: {running}.",
        "{of!r} 自 {since} 起就绪，正在等待运行名额；正在运行的任务：{running}。",
    ),
    "waits-for-place:group": (
        "{of!r} is ready since {since} and waits for a place to run, in the run and in the group {group!r}, which "
        "other runs share; of this run these tasks run: {running}.",
        "{of!r} 自 {since} 起就绪，正在等待运行名额，以及与其他运行共享的组 {group!r} 的名额；"
        "本运行中正在运行的任务：{running}。",
    ),
    "waits-for-place:next": (
        "{of!r} is ready since {since} and nothing holds it up: it starts next.",
        "{of!r} 自 {since} 起就绪，没有任何阻碍：接下来就会启动。",
    ),
    "run-retried": (
        "The run goes on since {at}, after it had failed: {of!r} is done again.",
        "运行失败后自 {at} 起继续：{of!r} 会重新执行。",
    ),
    "body-again": (
        "The task {task!r}, which holds {of!r}, began again at {at}: what {of!r} came to before no longer counts.",
        "持有 {of!r} 的任务 {task!r} 于 {at} 重新开始：{of!r} 之前的结果不再有效。",
    ),
}

_RAN: Final = {
    "begins": ("{of!r} begins its graph: nothing comes before it.", "{of!r} 是图的开端：之前没有任何任务。"),
    "started-by": (
        "{of!r} became ready at {at}: {alive} of the {deciding} connections that decide were alive, and it needs "
        "{need}: {connections}.",
        "{of!r} 于 {at} 就绪：{deciding} 条参与决定的连接中有 {alive} 条为通，需要 {need} 条：{connections}。",
    ),
    "started-by:one": (
        "{of!r} became ready at {at}, as its only connection that decides was alive: {connections}.",
        "{of!r} 于 {at} 就绪：它唯一参与决定的连接为通：{connections}。",
    ),
    "ready": ("{of!r} became ready at {at}: its inputs were complete.", "{of!r} 于 {at} 就绪：它的输入已齐全。"),
    "running": (
        "{of!r} runs since {since}, attempt {attempt}.",
        "{of!r} 自 {since} 起运行，第 {attempt} 次尝试。",
    ),
    "holds": (
        "{of!r} waits for its bodies, of which these tasks run: {running}.",
        "{of!r} 在等待它的子图，其中正在运行：{running}。",
    ),
    "waiting": (
        "{of!r} waits for a person to answer since {since}.",
        "{of!r} 自 {since} 起在等待人工回答。",
    ),
    "waiting:time": (
        "{of!r} waits for its trigger of the type {trigger!r} since {since}: it fires at {until}.",
        "{of!r} 自 {since} 起在等待类型为 {trigger!r} 的触发器，它将在 {until} 触发。",
    ),
    "waiting:event": (
        "{of!r} waits for its trigger of the type {trigger!r} since {since}: no event has fired it yet.",
        "{of!r} 自 {since} 起在等待类型为 {trigger!r} 的触发器，尚无事件触发它。",
    ),
    "retried": (
        "{of!r} ran again: attempt {attempt} failed at {at} ({error}), and {delay:g} seconds later it was due again.",
        "{of!r} 再次运行：第 {attempt} 次尝试于 {at} 失败（{error}），{delay:g} 秒后重试。",
    ),
    "interrupted": (
        "{of!r} ran again: the attempt {attempt} that began at {at} was cut off.",
        "{of!r} 再次运行：于 {at} 开始的第 {attempt} 次尝试被中断。",
    ),
    "completed": (
        "{of!r} ended well at {at}, at attempt {attempt}; it took these outputs: {chosen}.",
        "{of!r} 于 {at} 在第 {attempt} 次尝试时成功结束；取用的输出：{chosen}。",
    ),
    "error": (
        "{of!r} failed at {at}, at attempt {attempt}: {error}. Nothing catches its error, so its graph fails with it.",
        "{of!r} 于 {at} 在第 {attempt} 次尝试时失败：{error}。没有连接接住它的错误，因此所在的图随之失败。",
    ),
    "error:caught": (
        "{of!r} failed at {at}, at attempt {attempt}: {error}. Its error goes on: {connections}.",
        "{of!r} 于 {at} 在第 {attempt} 次尝试时失败：{error}。它的错误由此继续：{connections}。",
    ),
    "error:bare": (
        "{of!r} failed at {at}, at attempt {attempt}: {error}.",
        "{of!r} 于 {at} 在第 {attempt} 次尝试时失败：{error}。",
    ),
    "holder": (
        "{of!r} is in a body of {task!r}, which is {state}.",
        "{of!r} 位于 {task!r} 的子图中，后者处于 {state}。",
    ),
}

_CANCELED: Final = {
    "branch": (
        "{of!r} is canceled: of the {deciding} connections that decide it needs {need} alive, and these are dead: "
        "{connections}.",
        "{of!r} 被取消：{deciding} 条参与决定的连接中需要 {need} 条为通，而这些为断：{connections}。",
    ),
    "branch:one": (
        "{of!r} is canceled: its only connection that decides is dead: {connections}.",
        "{of!r} 被取消：它唯一参与决定的连接为断：{connections}。",
    ),
    "branch:bare": (
        "{of!r} is canceled: too few of the connections that decide were alive.",
        "{of!r} 被取消：参与决定的连接中为通的太少。",
    ),
    "missing-input": (
        "{of!r} is canceled: its required input {input!r} has no value; connected to it: {connections}.",
        "{of!r} 被取消：必需的输入 {input!r} 没有值；连接到它的有：{connections}。",
    ),
    "unreachable": (
        "{of!r} is canceled: none of the start tasks leads to it ({starts}).",
        "{of!r} 被取消：没有起始任务通向它（{starts}）。",
    ),
    "raced": (
        "{of!r} is canceled: {join!r} had enough without it: {connections}.",
        "{of!r} 被取消：{join!r} 不需要它就已足够：{connections}。",
    ),
    "raced:bare": (
        "{of!r} is canceled: a join after it had enough without it.",
        "{of!r} 被取消：其后的汇合不需要它就已足够。",
    ),
    "failed-run": (
        "{of!r} is canceled: {task!r} failed at {failed}, and nothing caught the error ({error}).",
        "{of!r} 被取消：{task!r} 于 {failed} 失败，且没有连接接住它的错误（{error}）。",
    ),
    "failed-run:bare": ("{of!r} is canceled: the run failed.", "{of!r} 被取消：运行失败。"),
    "stopped": (
        "{of!r} is canceled: the run was stopped at {at}, from outside.",
        "{of!r} 被取消：运行于 {at} 从外部被停止。",
    ),
    "stopped:by": ("{of!r} is canceled: {by!r} stopped its graph.", "{of!r} 被取消：{by!r} 停止了它所在的图。"),
    "canceled": (
        "{of!r} is canceled: it was canceled by name at {at}, from outside.",
        "{of!r} 被取消：它于 {at} 从外部被指名取消。",
    ),
    "canceled:by": ("{of!r} is canceled: {by!r} names it and ran.", "{of!r} 被取消：{by!r} 指名取消了它。"),
    "canceled:holder": (
        "{of!r} is canceled: the task {task!r} that holds it was canceled ({reason}).",
        "{of!r} 被取消：持有它的任务 {task!r} 被取消（{reason}）。",
    ),
    "canceled:enough": (
        "{of!r} is canceled: the task {task!r} that holds it had enough and ended its body; it is {state}.",
        "{of!r} 被取消：持有它的任务 {task!r} 已足够，结束了子图；它处于 {state}。",
    ),
    "canceled:failed": (
        "{of!r} is canceled: the task {task!r} that holds it failed ({error}).",
        "{of!r} 被取消：持有它的任务 {task!r} 失败（{error}）。",
    ),
}

_LINES: Final = {
    "dead": (
        "{connection} is dead: {task!r} completed and took {chosen}, not {port}.",
        "{connection} 为断：{task!r} 已完成，取用的是 {chosen}，而不是 {port}。",
    ),
    "dead:no-error": ("{connection} is dead: {task!r} did not fail.", "{connection} 为断：{task!r} 没有失败。"),
    "dead:failed": (
        "{connection} is dead: {task!r} failed ({error}).",
        "{connection} 为断：{task!r} 失败了（{error}）。",
    ),
    "dead:canceled": (
        "{connection} is dead: {task!r} is canceled ({reason}).",
        "{connection} 为断：{task!r} 被取消（{reason}）。",
    ),
    "too-late": (
        "{connection} had not arrived when {of!r} was decided: {task!r} was {state}.",
        "决定 {of!r} 时 {connection} 尚未到达：{task!r} 处于 {state}。",
    ),
    "more": (
        "Of {of!r} {left_out} more such connections are left out.",
        "{of!r} 另有 {left_out} 条此类连接未列出。",
    ),
    "chain": (
        "The causes of {left_out} more tasks are left out; where they begin is told next.",
        "另有 {left_out} 个任务的原因未列出；接下来说明它们的起点。",
    ),
    "no-plan": (
        "The graph of {of!r} is not at hand: the connections that decided cannot be told.",
        "没有 {of!r} 所在的图：无法说明起决定作用的连接。",
    ),
}

PHRASES: Final[Mapping[str, tuple[str, str]]] = _WAITING | _RAN | _CANCELED | _LINES
