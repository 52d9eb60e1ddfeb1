"""From settings and inputs to one request, with places filled and secrets in their places."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from blockloom import BadValue, File, Secret, TaskContext, TaskFailed

from .settings import Basic, Bearer, Path, Settings, flaw_of_address

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
_ONCE: Final = frozenset({"POST", "PATCH"})
"""Methods that do something else when they are called twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One request that is ready to be sent.

    `private` names headers that only the host it is for may see; `sealed` says that its body holds a secret.
    """

    method: str
    url: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    form: dict[str, str] | None = None
    file: tuple[str, File] | None = None
    private: frozenset[str] = frozenset()
    sealed: bool = False

    @property
    def told(self) -> str:
        """The request for a sentence, without what may be secret."""
        parts = urlsplit(self.url)
        return f"{self.method} {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @property
    def repeatable(self) -> bool | None:
        """Whether it may be sent again without asking: None where only the settings of the task can say."""
        return None if self.method in _ONCE else True


async def compose(task: TaskContext) -> Order:
    """The request that a task is to send; raises TaskFailed where its inputs make none."""
    settings, given = task.config, task.values
    url = given.get("url") or await _filled(task, settings.url, ("url",))
    if why := flaw_of_address(url):
        raise TaskFailed("bad-request", f"{url!r} is no address that can be called: {why[0]}.", retry=False)
    query = {**await _filled(task, settings.query, ("query",)), **(given.get("query") or {})}
    headers, private = await _headers(task, settings, given.get("headers") or {})
    body = given.get("body") if given.get("body") is not None else await _filled(task, settings.body, ("body",))
    form = None if settings.form is None else await _filled(task, settings.form, ("form",))
    content, kind = _content(body)
    file = _file(given.get("file"))
    if file is not None and form is None and content is None:
        content, kind, file = file.data, file.media_type, None
    elif file is not None and content is not None:
        raise TaskFailed(
            "bad-request", "A call carries a file or a body, not both; a form may go with a file.", retry=False
        )
    if kind is not None:
        headers.setdefault("content-type", kind)
    if settings.method not in SAFE:
        headers.setdefault("idempotency-key", task.idempotency_key)
    return Order(
        method=settings.method,
        url=url,
        query=[(name, _plain(item)) for name, value in query.items() for item in _items(value)],
        headers=headers,
        content=content,
        form=None if form is None else {name: _plain(value) for name, value in form.items()},
        file=None if file is None else (settings.file_field, file),
        private=private,
        sealed=_holds_secret(settings.body) or _holds_secret(settings.form),
    )


async def _headers(
    task: TaskContext, settings: Settings, given: Mapping[str, str]
) -> tuple[dict[str, str], frozenset[str]]:
    """The headers, in small letters, and which of them hold secrets."""
    written = await _filled(task, settings.headers, ("headers",))
    headers = {name.lower(): value for name, value in {**written, **given}.items()}
    private = {name.lower() for name, value in settings.headers.items() if isinstance(value, Secret)}
    if isinstance(settings.auth, Bearer):
        headers["authorization"] = f"Bearer {task.secret(settings.auth.bearer)}"
    elif isinstance(settings.auth, Basic):
        pair = f"{settings.auth.user}:{task.secret(settings.auth.password)}"
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return headers, frozenset({*private, "authorization", "proxy-authorization", "cookie"})


async def _filled(task: TaskContext, value: Any, path: Path) -> Any:
    """A setting with its places filled from the inputs, and its secrets put in."""
    if isinstance(value, Secret):
        return task.secret(value)
    if isinstance(value, str):
        return await task.evaluate_at(*path) if "{{" in value else value
    if isinstance(value, Mapping):
        return {key: await _filled(task, item, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [await _filled(task, item, (*path, place)) for place, item in enumerate(value)]
    return value


def _content(body: Any) -> tuple[bytes | None, str | None]:
    """A body as bytes, with its type: text as it is, a file as its bytes, anything else as JSON."""
    if body is None:
        return None, None
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    if (file := _file(body)) is not None:
        return file.data, file.media_type
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), "application/json"


def _file(value: Any) -> File | None:
    try:
        return File.from_json(value)
    except BadValue as error:
        raise TaskFailed("bad-request", f"The file cannot be sent: {error.message}.", retry=False) from None


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(value: Any) -> str:
    """A value as it stands in an address or a form."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_secret, value.values()))
    return any(map(_holds_secret, value)) if isinstance(value, list) else isinstance(value, Secret)
