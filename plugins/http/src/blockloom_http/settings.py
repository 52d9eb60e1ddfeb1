"""The settings of an http task."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

import blockloom
from blockloom import Duration, Embedded, Problem, Secret, WithSecrets
from pydantic import Field, model_validator

Path: TypeAlias = tuple[str | int, ...]
Scalar: TypeAlias = str | int | float | bool | Secret

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
TEXTS: Final = ("url", "query", "headers", "form", "body")
"""The settings whose texts may have places in them."""


class Bearer(blockloom.Config):
    """A token, sent as `Authorization: Bearer …`."""

    bearer: Secret


class Basic(blockloom.Config):
    """A name and a password, sent as `Authorization: Basic …`."""

    user: str
    password: Secret


class Settings(blockloom.Config):
    """What is called, with what, and what is expected of the answer."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] = "GET"
    url: str = ""
    query: dict[str, Scalar | list[Scalar]] = {}
    headers: dict[str, str | Secret] = {}
    auth: Bearer | Basic | None = None
    body: WithSecrets = None
    form: dict[str, Scalar] | None = None
    file_field: str = "file"
    expect: list[Annotated[int, Field(ge=100, le=599)]] | None = None
    response: Literal["auto", "json", "text", "file"] = "auto"
    timeout: Annotated[Duration, Field(gt=0)] = 30.0
    max_bytes: Annotated[int, Field(ge=1, le=1024 * 1024 * 1024)] = 10 * 1024 * 1024
    redirects: Annotated[int, Field(ge=0, le=20)] = 5

    @model_validator(mode="after")
    def _one_body(self) -> "Settings":
        if self.body is not None and self.form is not None:
            raise ValueError("give either body or form")
        return self


def texts_with_places(settings: Settings) -> Iterable[Embedded]:
    """The texts that are filled like those of text blocks, each with the way to it."""
    for name in TEXTS:
        for path, text in _texts(getattr(settings, name), (name,)):
            if "{{" in text:
                yield Embedded(path, "text", {"text": text})


def problems_of(settings: Settings) -> Iterable[Problem]:
    """An address that is none."""
    if settings.url and "{{" not in settings.url and (why := flaw_of_address(settings.url)):
        yield Problem(
            code="bad-config",
            path="/url",
            text={
                "en": f"{settings.url!r} is no address that can be called: {why[0]}.",
                "zh": f"{settings.url!r} 无法调用：{why[1]}。",
            },
            advice={"en": "Write https://host/path.", "zh": "请写成 https://主机/路径。"},
        )


def flaw_of_address(url: str) -> tuple[str, str] | None:
    """What is wrong with an address, in English and Chinese."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "it cannot be read", "无法解析"
    if parts.scheme not in ("http", "https"):
        return "only http and https are called", "只能调用 http 和 https"
    return None if host else ("it has no host", "缺少主机")


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _texts(item, (*path, place))
