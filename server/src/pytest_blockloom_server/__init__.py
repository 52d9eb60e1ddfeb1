"""The pytest plugin of the server: a real one on a free port, and a client of it. It imports the server when used."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from blockloom_server.background import Background, Caller


@pytest.fixture
def blockloom_server() -> "Iterator[Background]":
    """A server with the installed plugins, on a free port of this machine; `url` is where its WebSocket is."""
    from blockloom_server.background import Background

    with Background() as server:
        yield server


@pytest.fixture
def blockloom_client(blockloom_server: "Background") -> "Iterator[Caller]":
    """A client of the server: `call("types.list", kind="block")`, `run(graph, inputs)`."""
    from blockloom_server.background import Caller

    with Caller(blockloom_server.url) as client:
        yield client
