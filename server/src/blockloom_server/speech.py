"""What the server says to the person who runs it."""

from blockloom.words import both, tell


def say(english: str, chinese: str) -> str:
    """A sentence in the language of this process."""
    return tell(both(english, chinese))
