from typing import Any

import pytest
from blockloom.problem import Problem, errors, pointer
from blockloom.sentences import SENTENCES
from blockloom.words import both, fill, language, tell


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C", "LC_ALL": "zh_TW"}, "zh"),
        ({"LC_ALL": "en_GB", "LANG": "zh_CN"}, "en"),
        ({"BLOCKLOOM_LANG": "zh", "LC_ALL": "en_GB"}, "zh"),
        ({"BLOCKLOOM_LANG": "", "LANG": "ZH"}, "zh"),
    ],
)
def test_the_language_of_a_process(environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BLOCKLOOM_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language() == expected
    assert tell(both("word", "词")) == {"en": "word", "zh": "词"}[expected]


@pytest.mark.parametrize(
    ("text", "wanted", "told"),
    [
        ("plain", "zh", "plain"),
        ({"en": "word", "zh": "词"}, "zh", "词"),
        ({"en": "word"}, "zh", "word"),
        ({"zh": "词"}, "en", "词"),
        ({"en": "word", "zh": ""}, "zh", "word"),
        ({}, "en", ""),
    ],
)
def test_a_text_is_told_in_what_there_is(text: Any, wanted: str, told: str) -> None:
    assert tell(text, wanted) == told


@pytest.mark.parametrize("fact", [{}, {"a": 1}, {"en": 1}, ["{x}"], "{fact}", "{0.__class__}", None])
def test_a_fact_stands_in_a_sentence_as_somebody_wrote_it(fact: Any) -> None:
    assert fill(both("is {fact!r}.", "是{fact!r}。"), {"fact": fact}) == both(f"is {fact!r}.", f"是{fact!r}。")


def test_a_fact_may_be_a_sentence_itself() -> None:
    assert fill(both("a {fact}", "一个{fact}"), {"fact": both("word", "词")}) == both("a word", "一个词")


def test_every_sentence_names_the_same_facts_in_both_languages() -> None:
    class Noting(dict[str, str]):
        def __missing__(self, name: str) -> str:
            self[name] = "x"
            return "x"

    for key, sentence in SENTENCES.items():
        for english, chinese in (sentence.text, sentence.advice):
            named = [Noting(), Noting()]
            for text, facts in zip((english, chinese), named, strict=True):
                text.format_map(facts)
            assert set(named[0]) == set(named[1]), key


@pytest.mark.parametrize(
    ("steps", "path"), [((), ""), (("tasks", 0), "/tasks/0"), (("a/b", "c~d", ""), "/a~1b/c~0d/"), (("~1",), "/~01")]
)
def test_a_path_is_a_json_pointer(steps: tuple[str | int, ...], path: str) -> None:
    assert pointer(*steps) == path


def test_a_problem_from_further_out() -> None:
    problem = Problem(code="bad-content", text=both("word", "词"), path="/source")
    assert problem.under("/tasks/0").path == "/tasks/0/source"
    assert problem.to_json("zh") == {
        "code": "bad-content",
        "severity": "error",
        "path": "/source",
        "message": "词",
        "hint": "",
    }


def test_only_errors_keep_a_graph_from_running() -> None:
    wrong, odd = Problem(code="cycle", text="x"), Problem(code="unreachable", text="x", severity="warning")
    assert errors([odd, wrong, odd]) == [wrong]
