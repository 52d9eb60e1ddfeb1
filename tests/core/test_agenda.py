"""The agenda gives ready tasks in the order of their places, in whatever order they come."""

from blockloom.agenda import Agenda, Entry
from hypothesis import given
from hypothesis import strategies as st


def entries(places: list[int]) -> list[Entry]:
    return [((place,), place, None) for place in places]


@given(st.lists(st.integers(0, 30) | st.none(), max_size=60))
def test_the_first_place_is_taken_first_whatever_comes_in_between(acts: list[int | None]) -> None:
    """A number is a task that becomes ready, None takes one out."""
    agenda, wanted = Agenda(), list[Entry]()
    for act in acts:
        if act is not None:
            agenda.add(((act,), act, None))
            wanted = sorted([*wanted, ((act,), act, None)])
        elif wanted:
            assert agenda.take() == wanted.pop(0)
        assert (bool(agenda), agenda.first()) == (bool(wanted), wanted[0] if wanted else None)


def test_the_tasks_of_a_body_stand_where_the_task_that_holds_it_does() -> None:
    agenda = Agenda()
    for place in [(2,), (1, 0, 1), (1, 1, 0), (1, 0, 0), (0,)]:
        agenda.add((place, 0, None))
    taken = [agenda.take()[0] for _ in range(5)]
    assert taken == [(0,), (1, 0, 0), (1, 0, 1), (1, 1, 0), (2,)]


def test_replacing_the_tasks_of_one_scope_leaves_the_others() -> None:
    agenda, one, other = Agenda(), "one", "other"
    for place in (3, 1, 2):
        agenda.add(((place,), place, one if place < 3 else other))
    agenda.replace(one, [((5,), 5, one), ((0,), 0, one)])
    assert [agenda.take()[0] for _ in range(3)] == [(0,), (3,), (5,)]
    assert not agenda
