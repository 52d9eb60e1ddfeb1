"""What the calls of one task used."""

from typing import Any

from .settings import Price


class Usage:
    """Tokens, calls and cost, summed up over the calls of one attempt."""

    def __init__(self) -> None:
        self.read = self.written = self.calls = 0
        self.estimated = False
        self.model = ""
        self.finish = ""
        self._cost: float | None = None

    def add(self, told: Any, pieces: int) -> int:
        """Take in what a server told of one call, None where it told nothing; gives the tokens beyond the pieces."""
        self.calls += 1
        if told is None:
            self.written += pieces
            self.estimated = True
            return 0
        self.read += told.prompt_tokens or 0
        self.written += told.completion_tokens or 0
        cost = getattr(told, "cost", None)
        if isinstance(cost, int | float) and not isinstance(cost, bool):
            self._cost = (self._cost or 0.0) + cost
        return (told.prompt_tokens or 0) + (told.completion_tokens or 0) - pieces

    def to_json(self, price: Price | None) -> dict[str, Any]:
        """As the port `usage` gives it."""
        told: dict[str, Any] = {
            "prompt_tokens": self.read,
            "completion_tokens": self.written,
            "total_tokens": self.read + self.written,
            "calls": self.calls,
            "model": self.model,
            "finish": self.finish,
        }
        cost = self._cost
        if price is not None:
            cost = (self.read * price.input + self.written * price.output) / 1_000_000
        if cost is not None:
            told["cost"] = cost
        return told | {"estimated": True} if self.estimated else told
