from typing import Any

import pytest
from blockloom import BadUsage, BlockContext
from blockloom_checklist import ChecklistBlock
from hypothesis import given
from hypothesis import strategies as st

KIND = ChecklistBlock()


def content(*ids: str) -> ChecklistBlock.Content:
    return ChecklistBlock.Content.model_validate({"items": [{"id": id, "text": f"do {id}"} for id in ids]})


def ids(made: Any) -> list[str]:
    return [item.id for item in made.items]


def test_its_value_is_the_list_of_its_items() -> None:
    made = ChecklistBlock.Content.model_validate({"items": [{"id": "a", "text": "备份", "done": True}]})
    value = KIND.evaluate(BlockContext(content=made))
    assert value == [{"id": "a", "text": "备份", "done": True}]
    value[0]["done"] = False
    assert made.items[0].done


@pytest.mark.parametrize("good", ["a", "备份", "on-call", "1", "नाम", "_", "x" * 200])
def test_ids_of_any_script_are_fine(good: str) -> None:
    assert list(KIND.check(content(good, "other"))) == []


@pytest.mark.parametrize("bad", ["", "a.b", "a b", "cafe\u0301", "x" * 201, "a/b", "a\n"])
def test_a_malformed_id_is_a_problem_at_its_place(bad: str) -> None:
    (problem,) = KIND.check(content("fine", bad))
    assert (problem.code, problem.path, problem.severity) == ("bad-content", "/items/1/id", "error")
    assert repr(bad) in problem.to_json("en")["message"]


def test_every_repeated_id_is_a_problem_at_its_own_place() -> None:
    problems = list(KIND.check(content("a", "b", "a", "a.b", "b")))
    assert [p.path for p in problems] == ["/items/2/id", "/items/3/id", "/items/4/id"]
    assert "Two items have the id 'a'" in problems[0].to_json("en")["message"]
    for problem in problems:
        assert problem.to_json("zh")["message"] != problem.to_json("en")["message"]
        assert problem.to_json("zh")["hint"] != problem.to_json("en")["hint"]


def test_a_text_is_appended_with_the_next_free_id() -> None:
    first = content("a", "b")
    assert KIND.append(first, "third").items[-1].model_dump() == {"id": "item3", "text": "third", "done": False}
    assert ids(KIND.append(content("item2"), "more")) == ["item2", "item3"]
    assert ids(first) == ["a", "b"]


def test_a_mapping_is_appended_as_an_item() -> None:
    grown = KIND.append(content("a"), {"id": "z", "text": "last", "done": True})
    assert grown.items[-1].model_dump() == {"id": "z", "text": "last", "done": True}
    assert ids(KIND.append(content("a"), {"text": "no id"})) == ["a", "item2"]


def test_a_content_is_appended_item_by_item() -> None:
    grown = KIND.append(content("a"), {"items": ["x", {"id": "y", "text": "y"}]})
    assert ids(grown) == ["a", "item2", "y"]


@pytest.mark.parametrize(
    ("addition", "words"),
    [
        ({"id": "a", "text": "again"}, "Two items have the id 'a'"),
        ({"id": "a.b", "text": "dot"}, "cannot be the id"),
        ({"id": "z"}, "not an item"),
        ({"id": "z", "text": "t", "done": "yes"}, "not an item"),
        ({"id": "z", "text": "t", "colour": "red"}, "not an item"),
        (3, "takes an item"),
        (None, "takes an item"),
        ({"items": ["x", 3]}, "takes an item"),
    ],
)
def test_what_is_not_an_item_is_refused(addition: Any, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_LANG", "en")
    with pytest.raises(BadUsage, match=words):
        KIND.append(content("a"), addition)


def test_it_renders_as_a_markdown_task_list() -> None:
    items = [{"id": "a", "text": "备份", "done": True}, {"id": "b", "text": "two\nlines"}]
    made = ChecklistBlock.Content.model_validate({"items": items})
    assert KIND.render(made) == "- [x] 备份\n- [ ] two\n  lines"
    assert KIND.render(content()) == ""


def test_the_examples_are_valid_and_the_words_come_in_both_languages() -> None:
    for example in ChecklistBlock.examples:
        assert list(KIND.check(ChecklistBlock.Content.model_validate(example))) == []
    for words in (ChecklistBlock.title, ChecklistBlock.description, ChecklistBlock.category):
        assert set(words) == {"en", "zh"}


@given(st.lists(st.text(alphabet="item123", min_size=1), unique=True), st.lists(st.text(), max_size=5))
def test_appending_text_never_makes_a_problem(known: list[str], texts: list[str]) -> None:
    made: Any = content(*known)
    for text in texts:
        made = KIND.append(made, text)
    assert list(KIND.check(made)) == []
    assert [item.text for item in made.items[len(known) :]] == texts
