"""The http task as a class, for workflows written in Python."""

from typing import Any

from blockloom import Task, TaskSpec


class HttpTask(Task):
    """An `http` task with its method and address; `settings` are the others, as `query={"q": "tea"}`."""

    def __init__(self, method: str, url: str = "", **settings: Any) -> None:
        given = {"url": url} if url else {}
        super().__init__(TaskSpec(type="http", config={"method": method, **given, **settings}))
