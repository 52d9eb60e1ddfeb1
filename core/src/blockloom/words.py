"""Sentences for people, in English and Chinese; ids and keys are never translated."""

import os
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

Text: TypeAlias = str | Mapping[str, str]
"""One sentence, or the same sentence by language: `{"en": …, "zh": …}`."""

LANGUAGES: Final = ("en", "zh")
_SEMICOLON: Final = {"en": "; ", "zh": "；"}


def language() -> str:
    """The language of this process: `BLOCKLOOM_LANG`, else the locale's, else English."""
    for name in ("BLOCKLOOM_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name, ""):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def tell(text: Text, wanted: str | None = None) -> str:
    """`text` in the wanted language, else in English, else in whatever there is."""
    if isinstance(text, str):
        return text
    return text.get(wanted or language()) or text.get("en") or next(iter(text.values()), "")


def both(english: str, chinese: str) -> Text:
    """One sentence in both languages."""
    return {"en": english, "zh": chinese}


def fill(text: Text, facts: Mapping[str, Any]) -> Text:
    """`text` with its `{places}` filled, in every language; a fact may be a Text itself."""
    if isinstance(text, str):
        return text.format_map(_in("en", facts))
    return {name: sentence.format_map(_in(name, facts)) for name, sentence in text.items()}


def _in(wanted: str, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: tell(fact, wanted) if _is_text(fact) else fact for name, fact in facts.items()}


def _is_text(fact: Any) -> bool:
    """Whether a fact is a sentence by language; other mappings are values that somebody wrote."""
    return isinstance(fact, Mapping) and "en" in fact and all(isinstance(fact[name], str) for name in fact)


def join(texts: Iterable[Text], between: str = "") -> Text:
    """Several sentences as one, in every language; a semicolon stands between them unless something else is given."""
    given = list(texts)
    if all(isinstance(text, str) for text in given):
        return (between or "; ").join(str(text) for text in given)
    return {name: (between or _SEMICOLON[name]).join(tell(text, name) for text in given) for name in LANGUAGES}
