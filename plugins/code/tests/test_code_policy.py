"""What an input cannot take the place of, and what one block cannot leave for the next."""

from typing import Any

import pytest


@pytest.mark.parametrize("name", ["_getattr_", "_write_", "__builtins__", "__metaclass__", "_block_"])
def test_an_input_cannot_take_the_place_of_a_guard(desk: Any, name: str) -> None:
    source = f"# {name}\nclass A:\n    pass\nd = {{'a': []}}\nd['b'] = [1].copy()\nd"
    assert desk.value(source, {name: 1}, inputs={name: 1}) == {"a": [], "b": [1]}


def test_one_block_cannot_leave_anything_for_the_next(desk: Any) -> None:
    desk.value("import decimal, random\ndecimal.getcontext().prec = 2\nrandom.seed(1)\n0")
    assert desk.value("from decimal import Decimal\nstr(Decimal(1) / 3)") == "0." + "3" * 28
    assert len({desk.value("import random\nrandom.random()") for _ in range(5)}) == 5
