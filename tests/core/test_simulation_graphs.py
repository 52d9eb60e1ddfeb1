"""Random graphs in simulation: the engine and the naive interpreter agree, and what is true of every run holds.

`BLOCKLOOM_SEEDS=100000` tries more graphs. A seed that has ever failed is added to `KEPT`.
"""

import os
from collections import Counter

import pytest
from random_graphs import Case, random_case
from simulated_runs import check_case, run_case, shrink

SEEDS = int(os.environ.get("BLOCKLOOM_SEEDS", "1500"))
PORTIONS = 12
KEPT: list[int] = []


def fails(case: Case, seed: int) -> str:
    """How a graph fails; empty where it does not."""
    try:
        check_case(case, seed)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def check_seed(seed: int) -> None:
    """Check the graph of one seed; where it fails, fail with the smallest graph that does so too."""
    case = random_case(seed)
    if not (first := fails(case, seed)):
        return
    kind = first.partition(":")[0]
    small = shrink(case, lambda other: fails(other, seed).partition(":")[0] == kind)
    pytest.fail(f"seed {seed}: {first}\nsmallest: {fails(small, seed)}\n{small}")


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_engine_and_interpreter_agree(portion: int) -> None:
    for seed in [*KEPT, *range(SEEDS)][portion::PORTIONS]:
        check_seed(seed)


def test_the_graphs_reach_every_state_and_reason() -> None:
    """The graphs are worth running: everything that a scripted task can come to comes up often."""
    seen: Counter[str] = Counter()
    open_ones = 0
    for seed in range(400):
        case = random_case(seed)
        outcome = check_case(case, seed)
        open_ones += outcome.open
        seen.update(f"{task.state} {task.reason}" for task in outcome.tasks.values())
        seen[outcome.state] += 1
        seen.update("retried" for task in outcome.tasks.values() if task.attempt > 1)
    wanted = {"COMPLETED None", "FAILED None", "COMPLETED", "FAILED", "retried"}
    wanted |= {f"CANCELED {why}" for why in ("branch", "missing-input", "unreachable", "raced", "failed-run")}
    assert {name for name, count in seen.items() if count >= 10} >= wanted, seen
    assert open_ones < 30


def test_the_same_seed_gives_the_same_events() -> None:
    for seed in range(100):
        case = random_case(seed)
        assert run_case(case, seed).events == run_case(case, seed).events, f"seed {seed}"


def test_other_interleavings_come_to_the_same() -> None:
    """What a run comes to does not hang on the order in which the event loop happens to go."""
    for seed in range(100):
        case = random_case(seed)
        for other in range(3):
            check_case(case, seed * 1000 + other)
