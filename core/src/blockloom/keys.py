"""What looks like a key or a password in any text, whoever it belongs to."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from pydantic_core import to_json

SECRET_NAME: Final = r"[A-Za-z][A-Za-z0-9_]{0,99}"
"""What the name of a secret is made of."""

HIDDEN: Final = "***"
"""What is shown in place of a secret."""


class _Look(NamedTuple):
    """One kind of key: what it is called, how it looks, and what it is replaced by."""

    name: str
    pattern: re.Pattern[str]
    shown: str = HIDDEN


_LOOKS: Final = (
    _Look(
        "a private key", re.compile(r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----(?:.*?-----END \1PRIVATE KEY-----|.*)", re.S)
    ),
    _Look("a key of AWS", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    _Look("a token of GitHub", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{22,})")),
    _Look("a key of an interface", re.compile(r"\b[rs]k_live_[A-Za-z0-9]{16,}")),
    _Look("a key of an interface", re.compile(r"\bsk-(?=[A-Za-z_*-]*\d)[A-Za-z0-9_*-]{16,}")),
    _Look("a key of Google", re.compile(r"\bAIza[0-9A-Za-z_-]{35}")),
    _Look("a token of Slack", re.compile(r"\bxox[a-z]-[A-Za-z0-9-]{10,}")),
    _Look(
        "what an Authorization header holds",
        re.compile(r"(?i)\b(bearer|basic)(\s+)(?=[A-Za-z+/._~=-]*\d)[A-Za-z0-9+/._~=-]{16,}"),
        rf"\1\2{HIDDEN}",
    ),
    _Look(
        "an Authorization header",
        re.compile(r"(?i)\b(authorization[\"']?\s*[:=]\s*[\"']?)(?!(?:bearer|basic)\b)(?=\D*\d)[^\s\"'{}$*,]{8,}"),
        rf"\1{HIDDEN}",
    ),
    _Look(
        "an address with a password",
        re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s/:@{}\"'<>]*):(?!\*\*\*@)[^\s/@{}\"'<>]+@"),
        rf"\1:{HIDDEN}@",
    ),
)
SHORTEST: Final = 6
"""Characters of the shortest text that can hold one, or a secret that is hidden."""
_MANY: Final = 200
"""Items above which all of them are looked at together first."""
_NESTED: Final = frozenset({str, dict, list})


def may_hold_key(text: str) -> bool:
    """Whether a text is worth a closer look; asked of every text of every run, so what is rare is looked for first."""
    if len(text) < SHORTEST:
        return False
    return (
        ("-" in text and ("sk-" in text or "xox" in text or "-----BEGIN " in text))
        or (":" in text and ("://" in text or "uthorization" in text or "UTHORIZATION" in text))
        or ("_" in text and ("gh" in text or "k_live_" in text))
        or (" " in text and ("earer " in text or "EARER " in text or "asic " in text or "ASIC " in text))
        or ("A" in text and ("AKIA" in text or "ASIA" in text or "AIza" in text))
    )


def kind_of_key(text: str) -> str | None:
    """What a text seems to hold that nobody should see, in words; None where there is nothing."""
    if may_hold_key(text):
        return next((look.name for look in _LOOKS if look.pattern.search(text)), None)
    return None


def hide_keys(text: str) -> str:
    """A text with everything hidden that looks like a key."""
    if may_hold_key(text):
        for look in _LOOKS:
            text = look.pattern.sub(look.shown, text)
    return text


def some_text(value: Any, holds: Callable[[str], bool]) -> bool:
    """Whether a text or key in a JSON value is one that `holds` is true of."""
    kind = type(value)
    if kind is str:
        return len(value) >= SHORTEST and holds(value)
    if holds is may_hold_key and (kind is dict or kind is list) and len(value) > _MANY and not holds(_written(value)):
        return False
    if kind is dict:
        for key, item in value.items():
            if (len(key) >= SHORTEST and holds(key)) or (item.__class__ in _NESTED and some_text(item, holds)):
                return True
    elif kind is list:
        for item in value:
            if item.__class__ in _NESTED and some_text(item, holds):
                return True
    return False


def _written(value: Any) -> str:
    """All texts and keys of a JSON value in one, found without a step of Python for each.

    What JSON writes otherwise, such as quotes, is in no pattern of `may_hold_key`; it may be in a secret.
    """
    return to_json(value).decode()


def change_texts(value: Any, change: Callable[[str], str]) -> Any:
    """A JSON value with its texts and keys changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {change(key): change_texts(item, change) for key, item in value.items()}
    return [change_texts(item, change) for item in value] if isinstance(value, list) else value
