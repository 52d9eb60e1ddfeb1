"""How fast a client may call: a bucket of calls that fills as time goes by."""

from collections.abc import Callable
from time import monotonic


class Pace:
    """A bucket that holds `burst` calls at most and gains `rate` a second."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._burst = self._left = burst
        self._clock = clock
        self._then = clock()

    def take(self) -> float:
        """Take a call out: 0 if there was one, else the seconds until there is."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._then) * self._rate)
        self._then = now
        if self._left < 1:
            return (1 - self._left) / self._rate
        self._left -= 1
        return 0.0
