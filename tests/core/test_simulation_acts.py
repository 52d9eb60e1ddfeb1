"""Random graphs that somebody interferes with: stop, pause, resume and cancel at any moment, and tasks deaf to it."""

import asyncio
import random
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

from blockloom import Event, MemoryStore
from interference import interfering
from random_graphs import Case, random_case
from simulated_runs import Trace, check_events, check_invariants, run_case

SEEDS = 300


class SlowStore(MemoryStore):
    """A store in memory that takes up to a second to write."""

    async def append(self, run: str, events: Sequence[Event]) -> None:
        """See Store."""
        await asyncio.sleep(random.random())
        await super().append(run, events)


def deafened(case: Case, chance: random.Random, seconds: float) -> Case:
    """The same graph, some of whose tasks do not care for being canceled."""
    document = deepcopy(case.document)
    for task in document["tasks"]:
        if task["type"] == "sim.work" and chance.random() < 0.4:
            task["config"]["deaf"] = seconds
    return replace(case, document=document)


def interfered(seed: int, deaf: float, kinds: Sequence[str], store: MemoryStore | None = None) -> tuple[Trace, Case]:
    chance = random.Random(seed)
    case = random_case(seed)
    if deaf:
        case = deafened(case, chance, deaf)
    return run_case(case, seed, interfering(chance, kinds), store), case


ALL = ("stop", "pause", "resume", "cancel", "cancel")


def test_whatever_is_done_to_a_run_it_ends_well() -> None:
    for seed in range(SEEDS):
        seen, case = interfered(seed, 0.0, ALL)
        check_invariants(seen, case.max_concurrency)


def test_tasks_that_end_late_or_swallow_their_cancellation_change_nothing_of_that() -> None:
    for seed in range(SEEDS // 2):
        seen, case = interfered(seed, 3.0, ALL)
        check_invariants(seen, case.max_concurrency)


def test_tasks_that_outlive_the_grace_change_nothing_of_what_is_recorded() -> None:
    for seed in range(SEEDS // 2):
        seen, case = interfered(seed, 60.0, ALL)
        check_events(seen, case.max_concurrency)


def test_the_store_has_every_event_once_and_in_order() -> None:
    for seed in range(SEEDS // 2):
        store = SlowStore()
        seen, _ = interfered(seed, 0.0, ALL, store)
        kept = store._events[seen.view.id]
        assert kept == list(seen.events), f"seed {seed}"
