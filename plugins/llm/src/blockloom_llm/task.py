"""The task type llm."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from blockloom import BlockSpec, Embedded, File, Port, PortSet, Problem, Retry, TaskContext, TaskFailed, TaskType

from .prompt import Message, is_textual, read_parts, read_system, user_message
from .settings import Place, Settings, place_of, problems_of
from .structured import MODES, demand_of, format_of, is_of_the_format, read_answer
from .usage import Usage

if TYPE_CHECKING:
    from .client import Client

SHOWN = 500
"""Characters of an answer that an error quotes."""


class Llm(TaskType):
    """Asks a model: its blocks are the prompt, its answer is streamed."""

    name = "llm"
    title: ClassVar = {"en": "Model", "zh": "大模型"}
    description: ClassVar = {
        "en": "Asks a model of any OpenAI-compatible server. The blocks are the prompt, in order.",
        "zh": "向任意兼容 OpenAI 接口的服务器上的模型提问。块按顺序组成提示词。",
    }
    icon = "🧠"
    category: ClassVar = {"en": "Calls", "zh": "调用"}
    examples = (
        {"model": "qwen3:8b", "base_url": "http://127.0.0.1:11434/v1", "system": "Answer in one sentence."},
        {
            "model": "gpt-5-mini",
            "key": {"$secret": "openai_key"},
            "schema": {"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]},
        },
    )
    retry = Retry()
    Config = Settings

    def __init__(self) -> None:
        self._client: Client | None = None
        self._modes: dict[tuple[str, str], str] = {}

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """`prompt`, needed where there are no blocks; any other input is for the blocks."""
        return PortSet(
            inputs={"prompt": Port(required=not blocks)},
            outputs={
                "text": Port(schema={"type": "string"}),
                "json": Port(schema=config.shape or {}),
                "usage": Port(schema={"type": "object"}),
            },
            open_inputs=True,
        )

    def check(self, config: Any, id: str, tasks: Any) -> Iterable[Problem]:
        """A schema that is none."""
        return problems_of(config)

    def embedded(self, config: Any) -> Iterable[Embedded]:
        """The system text, where it has places."""
        return [Embedded(("system",), "text", {"text": config.system})] if "{{" in config.system else []

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        """The answer; raises TaskFailed for whatever else comes of the call."""
        from .client import Client

        place = place_of(task)
        parts = await read_parts(task)
        system = await read_system(task)
        if self._client is None:
            self._client = Client()
        usage = Usage()
        files = [part for part in parts if isinstance(part, File) and not is_textual(part)]
        upload = files if task.config.files == "upload" else []
        async with self._client.uploaded(task, place, upload) as ids:
            asked = user_message(parts, ids)
            if task.config.shape is None:
                text, value = await self._client.ask(task, place, _messages(system, asked), None, usage), None
            else:
                text, value = await self._structured(task, place, system, asked, usage)
        return {"text": text, "json": value, "usage": usage.to_json(task.config.price)}

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def _structured(
        self, task: TaskContext, place: Place, system: str, asked: Message, usage: Usage
    ) -> tuple[str, Any]:
        """An answer that fits the schema; one that does not is sent back once to be repaired."""
        schema: Mapping[str, Any] = task.config.shape
        mode, text = await self._in_some_mode(task, place, system, asked, usage)
        value, why = read_answer(text, schema)
        if why is not None:
            again: list[Message] = [
                {"role": "assistant", "content": text},
                {"role": "user", "content": f"That does not fit the schema: {why}. Answer again, with the JSON alone."},
            ]
            messages = [*_messages(_demanding(system, mode, schema), asked), *again]
            text = await self._ask(task, place, messages, mode, usage)
            value, why = read_answer(text, schema)
        if why is not None:
            raise TaskFailed("bad-json", f"the answer does not fit the schema ({why[:SHOWN]}): {text[:SHOWN]}")
        return text, value

    async def _in_some_mode(
        self, task: TaskContext, place: Place, system: str, asked: Message, usage: Usage
    ) -> tuple[str, str]:
        """The first answer, and the mode in which the server gave it: the strictest that it takes."""
        wanted, known = task.config.structured, self._modes.get((place.base_url, place.model))
        first = wanted if wanted != "auto" else known or MODES[0]
        failed = 0
        for mode in MODES[MODES.index(first) :]:
            messages = _messages(_demanding(system, mode, task.config.shape), asked)
            try:
                text = await self._ask(task, place, messages, mode, usage)
            except TaskFailed as error:
                # Some servers answer 500 to a format that they do not know; the second time it is something else.
                failed += error.type == "server-error"
                odd = is_of_the_format(error) or (error.type == "server-error" and failed < 2)
                if wanted != "auto" or known or not odd or mode == MODES[-1]:
                    raise
            else:
                self._modes[place.base_url, place.model] = mode
                return mode, text
        raise AssertionError("unreachable")

    async def _ask(self, task: TaskContext, place: Place, messages: list[Message], mode: str, usage: Usage) -> str:
        assert self._client is not None
        return await self._client.ask(task, place, messages, format_of(mode, task.config.shape), usage)


def _messages(system: str, asked: Message) -> list[Message]:
    return [{"role": "system", "content": system}, asked] if system else [asked]


def _demanding(system: str, mode: str, schema: Mapping[str, Any]) -> str:
    return "\n\n".join(filter(None, (system, demand_of(mode, schema))))
