"""The settings of an llm task, and which server and model they come to."""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple

import blockloom
from blockloom import Duration, Problem, Secret, TaskContext, TaskFailed
from pydantic import ConfigDict, Field

HOSTED: Final = "https://api.openai.com/v1"
"""Where the models are of a task that names no server."""

ADDRESS: Final = "BLOCKLOOM_LLM_BASE_URL"
MODEL: Final = "BLOCKLOOM_LLM_MODEL"
KEY: Final = "llm_key"
"""What tasks use that name no server, model or key: two variables and a secret."""


class Price(blockloom.Config):
    """What a million tokens cost, in any currency."""

    input: Annotated[float, Field(ge=0)]
    output: Annotated[float, Field(ge=0)]


class Settings(blockloom.Config):
    """Which model is asked, how, and what its answer must be."""

    model_config: ClassVar = ConfigDict(populate_by_name=True)

    model: str = ""
    base_url: Annotated[str, Field(pattern=r"^(https?://.+)?$")] = ""
    key: Secret | None = None
    system: str = ""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    shape: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    structured: Literal["auto", "json_schema", "json_object", "text"] = "auto"
    files: Literal["inline", "upload"] = "inline"
    options: dict[str, Any] = {}
    price: Price | None = None
    timeout: Annotated[Duration, Field(gt=0)] = 60.0


class Place(NamedTuple):
    """A server, the key for it, and a model of it."""

    base_url: str
    key: str
    model: str
    key_name: str


def place_of(task: TaskContext) -> Place:
    """The server and model that a task asks; raises TaskFailed where nothing says which."""
    settings: Settings = task.config
    base_url = settings.base_url or os.environ.get(ADDRESS, "")
    name = settings.key.name if settings.key is not None else "" if settings.base_url else KEY
    key = ""
    if settings.key is not None:
        key = task.secret(settings.key)
    elif name:
        with suppress(TaskFailed):
            key = task.secret(name)
    if not base_url and not key:
        raise TaskFailed(
            "no-model",
            f"No model can be asked: set BLOCKLOOM_SECRET_{KEY.upper()} to a key of the OpenAI API, or {ADDRESS} to "
            "another server, such as http://127.0.0.1:11434/v1 of Ollama; or set base_url and key of the task.",
            retry=False,
        )
    model = settings.model or os.environ.get(MODEL, "")
    if not model:
        raise TaskFailed("no-model", f"The task names no model: set its model, or {MODEL}.", retry=False)
    return Place(base_url or HOSTED, key, model, name)


def problems_of(settings: Settings) -> Iterable[Problem]:
    """A schema that is none."""
    import jsonschema

    if settings.shape is None:
        return
    try:
        jsonschema.Draft202012Validator.check_schema(settings.shape)
    except jsonschema.SchemaError as error:
        yield _bad_schema(error.message)
    if '"$ref": "#' not in (written := json.dumps(settings.shape)) and '"$ref"' in written:
        yield _bad_schema("it may refer only to what is in it, as '#/$defs/name'")


def _bad_schema(why: str) -> Problem:
    return Problem(
        code="bad-config",
        path="/schema",
        text={"en": f"This is not a JSON Schema that can be used: {why}.", "zh": f"不是可用的 JSON Schema：{why}。"},
        advice={"en": 'Write one such as {"type": "object"}.', "zh": '请写成 {"type": "object"} 这样的模式。'},
    )
