"""Random graphs, with bodies and without, whose process ends after any event: another one carries them on."""

import os
import random

import pytest
from crashed_runs import carried_on, check_carried_on, is_tame, outcome, tamed
from random_bodies import random_bodies
from random_graphs import Case, random_case
from simulated_runs import run_case

SEEDS = int(os.environ.get("BLOCKLOOM_SEEDS", "120"))


def crash(case: Case, seed: int, cuts: int) -> None:
    """End the process of a run after some of its events, and again while it is carried on."""
    chance = random.Random(seed)
    case = tamed(case) if seed % 3 == 0 else case
    whole = list(run_case(case, seed).events)
    places = sorted(chance.sample(range(len(whole)), min(cuts, len(whole))))
    for place in places:
        recorded = whole[:place]
        for life in range(2):
            events, witness = carried_on(case, recorded, seed)
            try:
                check_carried_on(recorded, events, witness)
                if is_tame(case) and all(event.type != "task.failed" for event in whole):
                    assert outcome(events) == outcome(whole)
            except AssertionError as error:
                pytest.fail(f"seed {seed}, cut after {len(recorded)}, life {life}: {error}\n{case}")
            recorded = events[: chance.randint(len(recorded), len(events) - 1)]


@pytest.mark.parametrize("portion", range(4))
def test_a_run_is_carried_on_from_any_event(portion: int) -> None:
    for seed in range(portion, SEEDS, 4):
        crash(random_case(seed), seed, 4)


@pytest.mark.parametrize("portion", range(4))
def test_a_run_with_bodies_is_carried_on_from_any_event(portion: int) -> None:
    for seed in range(portion, SEEDS, 4):
        crash(random_bodies(seed), seed, 4)


def test_enough_of_the_graphs_always_come_to_the_same() -> None:
    for make in (random_case, random_bodies):
        assert sum(is_tame(tamed(make(seed))) for seed in range(0, SEEDS, 3)) > SEEDS / 10
