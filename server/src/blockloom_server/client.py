"""A client of the server: calls side by side, runs that are followed, and lost connections that are made again."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from itertools import count
from types import TracebackType
from typing import Any, Final, TypeVar
from uuid import uuid4

from blockloom.states import RUN_ENDS, RunState
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from .method import Result
from .methods import TABLE, runs
from .methods.events import Delivered
from .remote import Refused, Remote, open_session, write_call
from .shapes import Notification, RunRow

__all__ = ["Client", "Lost", "Refused", "Unreachable", "connect"]

PATIENCE: Final = 60.0
"""Seconds for which a lost connection is tried again."""

FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 2.0

ENDS: Final = frozenset({"run.completed", "run.failed", "run.stopped"})

R = TypeVar("R", bound=Result)


class Unreachable(Exception):
    """There is no server at the address, or it lets nobody in."""

    def __init__(self, address: str, why: object) -> None:
        super().__init__(f"The server at {address} cannot be reached: {why}")


class Lost(Exception):
    """The connection was lost while a call was on its way: it may have been carried out, or not."""

    def __init__(self, method: str) -> None:
        super().__init__(f"{method}: the connection was lost before the answer came.")


class Client:
    """A connection to a server that is made again where it is lost; open it with `async with`.

    A call that only reads, or starts a run under a key, is made again by itself; another one that may have been carried
    out raises Lost. What the server refuses raises Refused.
    """

    def __init__(self, address: str, token: str | None = None, patience: float = PATIENCE) -> None:
        self.address = address
        self._token = token
        self._patience = patience
        self._line: _Line | None = None
        self._connecting = asyncio.Lock()

    async def __aenter__(self) -> "Client":
        """Connect; raises Unreachable where that does not work at once, and Refused for a wrong token."""
        self._line = await self._connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._line is not None:
            await self._line.close()

    async def call(self, method: str, /, **params: Any) -> Any:
        """The result of a call, as the protocol tells it; raises Refused, Lost, Unreachable.

        Params that JSON cannot say raise BadValue.
        """
        known = TABLE.methods.get(method)
        harmless = (known is not None and known.reads) or params.get("key") is not None
        while True:
            line = await self._ready()
            try:
                return await line.call(method, params)
            except ConnectionClosed:
                line.lost = True
                if not harmless:
                    raise Lost(method) from None

    # Runs

    async def start(
        self,
        workflow: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        *,
        graph: Mapping[str, Any] | None = None,
        max_concurrency: int | None = None,
        durability: str | None = None,
        key: str | None = None,
    ) -> str:
        """Start a run of a stored workflow or of a graph, once, whatever happens to the connection; its id."""
        settings = {"workflow": workflow, "graph": graph, "max_concurrency": max_concurrency, "durability": durability}
        given = {name: value for name, value in settings.items() if value is not None}
        return (
            await self._ask(runs.Started, "run.start", inputs=dict(inputs or {}), key=key or uuid4().hex, **given)
        ).run

    async def get(self, run: str) -> runs.Run:
        """A run as it stands."""
        return await self._ask(runs.Run, "run.get", run=run)

    async def outputs(self, run: str) -> dict[str, Any]:
        """What a run gave."""
        return (await self._ask(runs.Outputs, "run.outputs", run=run)).outputs

    async def list_runs(
        self, workflow: str | None = None, state: RunState | None = None, limit: int = 100, after: str | None = None
    ) -> list[RunRow]:
        """The runs that are kept, newest first: those that come after the run `after`."""
        given = {"workflow": workflow, "state": state.value if state else None, "after": after}
        wanted = {name: value for name, value in given.items() if value is not None}
        return (await self._ask(runs.Runs, "run.list", limit=limit, **wanted)).runs

    async def explain(self, run: str, task: str) -> runs.Explained:
        """Why a task of a run is in its state."""
        return await self._ask(runs.Explained, "run.explain", run=run, task=task)

    async def stop(self, run: str) -> None:
        """End a run, and wait for that."""
        await self.call("run.stop", run=run)

    async def pause(self, run: str) -> None:
        """Let a run start nothing new."""
        await self.call("run.pause", run=run)

    async def resume(self, run: str) -> None:
        """Let a paused run go on."""
        await self.call("run.resume", run=run)

    async def retry(self, run: str) -> None:
        """Let a failed run go on from what failed."""
        await self.call("run.retry", run=run)

    async def publish(self, name: str, payload: Any = None, run: str | None = None) -> int:
        """Publish an event, to one run or to all; how many heard it."""
        more = {} if run is None else {"run": run}
        return (await self._ask(Delivered, "event.publish", name=name, payload=payload, **more)).delivered

    async def follow(self, run: str, after: int = 0) -> AsyncGenerator[Notification, None]:
        """The events of a run beyond `after`, to its end: each once, in order, whatever happens to the connection."""
        while True:
            remote = await self._open(self._patience)
            try:
                async with aclosing(_rest(remote, run, after)) as events:
                    async for event in events:
                        after = event.seq or after
                        yield event
                return
            except ConnectionClosed:
                continue
            finally:
                await remote.close()

    async def watch(self, workflow: str | None = None) -> AsyncGenerator[Notification, None]:
        """What happens from now on in all runs, or in those of one workflow, and outside of them.

        It raises Lost where the connection is lost: what happens until the next `watch` is not told.
        """
        remote = await self._open(self._patience)
        try:
            await remote.call("subscribe", **({"all": True} if workflow is None else {"workflow": workflow}))
            while True:
                yield Notification(**await remote.event())
        except ConnectionClosed:
            raise Lost("subscribe") from None
        finally:
            await remote.close()

    # Connections

    async def _ask(self, result: type[R], method: str, **params: Any) -> R:
        return result.model_validate(await self.call(method, **params))

    async def _ready(self) -> "_Line":
        """The connection, made again where it is lost."""
        async with self._connecting:
            if self._line is None or self._line.lost:
                self._line = await self._connect(self._patience)
            return self._line

    async def _connect(self, patience: float = 0.0) -> "_Line":
        return _Line((await self._open(patience)).socket)

    async def _open(self, patience: float) -> Remote:
        """A new session; raises Unreachable once that has not worked for so many seconds."""
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + patience, FIRST_PAUSE
        while True:
            try:
                return await open_session(self.address, self._token)
            except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as error:
                if loop.time() + pause > until or not _may_pass(error):
                    raise Unreachable(self.address, error) from None
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(LONGEST_PAUSE, pause * 2)


def connect(address: str, token: str | None = None, patience: float = PATIENCE) -> Client:
    """A client of the server at `address`, such as `ws://127.0.0.1:8765/ws`, to be opened with `async with`."""
    return Client(address, token, patience)


async def _rest(remote: Remote, run: str, after: int) -> AsyncGenerator[Notification, None]:
    """The events of a run beyond `after`, told on one connection."""
    seq: int = (await remote.call("subscribe", run=run, after=after))["seq"]
    if after == seq and RunState((await remote.call("run.get", run=run))["state"]) in RUN_ENDS and not remote.pending:
        return
    while True:
        event = Notification(**await remote.event())
        yield event
        # The end of a run that was tried again is not its last event.
        if event.type in ENDS and (event.seq or 0) >= seq:
            return


def _may_pass(error: Exception) -> bool:
    """Whether what kept a connection from being made may be over soon."""
    return not isinstance(error, InvalidStatus) or error.response.status_code >= 500


class _Line:
    """One connection on which calls wait side by side for their answers."""

    def __init__(self, socket: ClientConnection) -> None:
        self.lost = False
        self._socket = socket
        self._ids = count(1)
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._reading = asyncio.create_task(self._read())

    async def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """The result of a call; raises Refused, and ConnectionClosed where no answer will come."""
        id = f"call-{next(self._ids)}"
        self._waiting[id] = future = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send(write_call(id, method, params))
            answer = await future
        finally:
            self._waiting.pop(id, None)
        if "error" in answer:
            raise Refused(method, answer["error"])
        return answer["result"]

    async def close(self) -> None:
        """Take leave."""
        await self._socket.close()
        await asyncio.wait([self._reading])

    async def _read(self) -> None:
        try:
            while True:
                answer = json.loads(await self._socket.recv())
                id = answer.get("id")
                # A call that the server could not read is answered under no id, and might be any of those that wait.
                for future in self._waiting.values() if id is None else filter(None, [self._waiting.get(id)]):
                    if not future.done():
                        future.set_result(answer)
        except ConnectionClosed as closed:
            self.lost = True
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(closed)
