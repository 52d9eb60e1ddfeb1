"""The store of the page about stores passes the checks that every store passes."""

import re
from pathlib import Path
from typing import Any

import pytest
from blockloom import Plugins
from blockloom.testing import offering

PAGE = Path(__file__).parents[2] / "docs/howto/write-a-store.md"


def names() -> dict[str, Any]:
    found: dict[str, Any] = {"__name__": "write_a_store"}
    for source in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S):
        exec(compile(source, str(PAGE), "exec"), found)
    return found


NAMES = names()


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is on offer, as if its plugin were installed."""
    plugins = Plugins()
    for kind in NAMES["blockloom_stores"]():
        plugins.registry.add("store", kind)
    monkeypatch.setattr(offering, "installed", lambda: plugins)


_AsOnThePage: Any = NAMES["TestLogStore"]


class TestLogStore(_AsOnThePage):  # type: ignore[misc]
    """The class as it stands on the page."""
