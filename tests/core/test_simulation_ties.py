"""Everything at the same moment: tasks end, time out, are tried again, raced, canceled and stopped all at once."""

import asyncio
import random
from typing import cast

from blockloom import RunView
from blockloom.live import LiveRun
from random_graphs import Case, random_case
from simulated_runs import Act, check_events, check_invariants, run_case


def rounded(seed: int) -> Case:
    """A random graph in which everything takes a whole number of seconds, and little of it."""
    chance = random.Random(seed)
    case = random_case(seed)
    for task in case.document["tasks"]:
        config = task.get("config", {})
        if "lasts" in config:
            config["lasts"] = chance.choice((0.0, 1.0, 1.0, 2.0))
            config["deaf"] = chance.choice((0.0, 0.0, 0.0, 1.0, 5.0))
            if chance.random() < 0.3:
                task["timeout"] = chance.choice((0, 1, 2))
        if "retry" in task:
            task["retry"] |= {"delay": chance.choice((0, 1)), "backoff": 1}
    return case


def acting(seed: int) -> Act:
    """Interferes at whole seconds, before or after whatever else happens then."""
    chance = random.Random(seed)

    async def act(view: RunView) -> None:
        for _ in range(3):
            await asyncio.sleep(1)
            live = cast(LiveRun, view)
            match chance.randrange(6):
                case 0:
                    live._scheduler.stop()
                case 1 | 2:
                    live._scheduler.cancel(chance.randrange(len(live.run.plan.tasks)))
                case 3:
                    live._scheduler.pause()
                    live._scheduler.resume()

    return act


def test_what_happens_at_the_same_moment_happens_one_after_the_other() -> None:
    for seed in range(350):
        case = rounded(seed)
        seen = run_case(case, seed)
        late = any(task.get("config", {}).get("deaf") for task in case.document["tasks"])
        (check_events if late else check_invariants)(seen, case.max_concurrency)


def test_whatever_is_done_to_a_run_at_the_same_moment_it_ends_well() -> None:
    for seed in range(350):
        case = rounded(seed)
        check_events(run_case(case, seed, acting(seed)), case.max_concurrency)
