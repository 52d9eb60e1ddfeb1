"""Somebody who interferes with a run: stop, pause, resume and cancel at any moment."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

from blockloom import BlockloomError, RunState, RunView
from blockloom.live import LiveRun
from simulated_runs import Act


def interfering(chance: random.Random, kinds: Sequence[str]) -> Act:
    """Does some of these things at random moments."""

    async def act(view: RunView) -> None:
        for _ in range(chance.randint(1, 4)):
            await asyncio.sleep(chance.uniform(0.01, 6.0))
            kind = chance.choice(kinds)
            live = cast(LiveRun, view)
            if kind == "cancel":
                live._scheduler.cancel(chance.randrange(len(live.run.plan.tasks)))
                continue
            try:
                await getattr(view, kind)()
            except BlockloomError:
                assert kind in ("pause", "resume")
        if view.state is RunState.PAUSED:
            with suppress(BlockloomError):  # it may have ended meanwhile
                await view.resume()

    return act
