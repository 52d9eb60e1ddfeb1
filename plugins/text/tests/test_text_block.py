import json
from typing import Any

import pytest
from blockloom import BadUsage, BlockContext, TaskFailed
from blockloom_text import TextBlock, expand
from hypothesis import given
from hypothesis import strategies as st

NAMES: dict[str, Any] = {
    "ticket": "the site is down",
    "nothing": None,
    "yes": True,
    "half": 0.5,
    "team": {"name": "运维", "on-call": ["Ada", "Lin"], "0": "zero"},
    "空": [],
    "नाम": "Hindi",
    "trap": "{{ ticket }}",
}

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def content(text: str) -> TextBlock.Content:
    return TextBlock.Content(text=text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("paging: {{ ticket }}", "paging: the site is down"),
        ("{{ticket}}{{  ticket\t}}", "the site is down" * 2),
        ("{{\u3000ticket\u3000}}", "the site is down"),
        ("[{{ nothing }}]", "[]"),
        ("{{ yes }} {{ half }} {{ 空 }}", "true 0.5 []"),
        ("{{ team }}", '{"name":"运维","on-call":["Ada","Lin"],"0":"zero"}'),
        ("{{ team.name }}", "运维"),
        ("{{ team.on-call.1 }}", "Lin"),
        ("{{ team.0 }}", "zero"),
        ("{{ नाम }}", "Hindi"),
        ("{{ trap }}", "{{ ticket }}"),
        ("{{{ ticket }}}", "{the site is down}"),
        ("{{ {{ ticket }} }}", "{{ the site is down }}"),
    ],
)
def test_places_are_filled(text: str, expected: str) -> None:
    assert expand(text, NAMES) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{{",
        "}}",
        "{{ }}",
        "{{}}",
        "{ ticket }",
        "{{ ticket }",
        "{ { ticket } }",
        "{% if ticket %}",
        "{# ticket #}",
        "{{ 1+1 }}",
        "{{ 1 }}",
        "{{ ticket | upper }}",
        "{{ ticket.upper() }}",
        "{{ team['name'] }}",
        "{{ ticket. }}",
        "{{ .ticket }}",
        "{{ team..name }}",
        "{{ on-call }}",
        "${ticket} %s {0} $ticket \\1 \\g<0>",
    ],
)
def test_everything_else_stands(text: str) -> None:
    assert expand(text, NAMES) == text


@pytest.mark.parametrize(
    ("text", "type", "words"),
    [
        ("{{ tiket }}", "unknown-name", ["'tiket'", "'ticket'", "'team'"]),
        ("{{ team.boss }}", "unknown-key", ["'team'", "'boss'", "'on-call'"]),
        ("{{ team.on-call.2 }}", "unknown-index", ["'team.on-call'", "'2'", "0 to 1"]),
        ("{{ team.on-call.-1 }}", "unknown-index", ["'-1'"]),
        ("{{ team.on-call.01 }}", "unknown-index", ["'01'"]),
        ("{{ team.on-call.first }}", "unknown-index", ["'first'"]),
        ("{{ 空.0 }}", "unknown-index", ["empty list"]),
        ("{{ ticket.0 }}", "unknown-key", ["'ticket' is text"]),
        ("{{ yes.no }}", "unknown-key", ["true or false"]),
        ("{{ nothing.x }}", "unknown-key", ["null"]),
        ("{{ half.x }}", "unknown-key", ["a number"]),
        ("{{ team.on-call." + "9" * 5000 + " }}", "unknown-index", ["0 to 1"]),
    ],
)
def test_what_is_not_there_fails_and_says_what_is(text: str, type: str, words: list[str]) -> None:
    with pytest.raises(TaskFailed) as failure:
        expand(text, NAMES)
    assert failure.value.type == type
    assert all(word in failure.value.message for word in words), failure.value.message


def test_a_block_that_sees_nothing_says_so_and_a_long_list_is_cut() -> None:
    with pytest.raises(TaskFailed, match="it sees nothing"):
        expand("{{ x }}", {})
    with pytest.raises(TaskFailed, match="and 30 more"):
        expand("{{ x }}", {f"n{i}": 0 for i in range(50)})


def test_a_name_in_another_normal_form_is_found() -> None:
    assert expand("{{ cafe\u0301 }}", {"caf\u00e9": "here"}) == "here"


def test_a_block_evaluates_renders_and_grows() -> None:
    kind = TextBlock()
    first = content("Hello {{ who }}")
    grown = kind.append(kind.append(first, "!"), {"text": " {{ who }}?"})
    assert kind.evaluate(BlockContext(content=grown, names={"who": "你"})) == "Hello 你! 你?"
    assert kind.render(grown) == "Hello {{ who }}! {{ who }}?"
    assert first.text == "Hello {{ who }}"


@pytest.mark.parametrize("addition", [None, 3, ["a"], {"text": 3}, {"text": "a", "more": 1}])
def test_only_text_can_be_appended(addition: Any) -> None:
    with pytest.raises(BadUsage, match="Only text"):
        TextBlock().append(content("a"), addition)


def test_the_examples_are_valid_and_the_words_come_in_both_languages() -> None:
    assert [TextBlock.Content.model_validate(e) for e in TextBlock.examples]
    for words in (TextBlock.title, TextBlock.description, TextBlock.category):
        assert set(words) == {"en", "zh"}


@given(JSON_VALUES)
def test_any_value_is_written_as_promised(value: Any) -> None:
    shown = expand("<{{ v }}>", {"v": value})[1:-1]
    if isinstance(value, str):
        assert shown == value
    elif value is None:
        assert shown == ""
    else:
        assert json.loads(shown) == value


@given(st.text().filter(lambda text: "{{" not in text))
def test_text_without_double_braces_never_changes(text: str) -> None:
    assert expand(text, NAMES) == text


@given(st.text(alphabet="{} .a-0\n|%"))
def test_it_either_fills_or_fails_clearly(text: str) -> None:
    failed = ""
    try:
        assert isinstance(expand(text, {"a": {"a": [1]}}), str)
    except TaskFailed as failure:
        failed = failure.type
    assert failed in {"", "unknown-name", "unknown-key", "unknown-index"}


@given(st.text(), st.text())
def test_appending_concatenates(start: str, end: str) -> None:
    assert TextBlock().append(content(start), end).text == start + end
