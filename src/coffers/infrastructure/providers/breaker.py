"""A circuit breaker: an origin that keeps failing is left alone for a while."""

import time
from collections.abc import Callable
from typing import Final

from coffers.domain.linking.providers import ProviderFailed

FAILURES_TO_OPEN: Final = 5
REST_S: Final = 30.0
#: Users choose some of the hosts; the oldest failing origin makes room for a new one.
MAX_ORIGINS: Final = 1_000


class CircuitBreaker:
    """Counts failures in a row per origin.

    After five the circuit is open: nobody is let through for 30 seconds, then one call as a trial.
    A trial that never reports back counts as failed, so that a cancelled one blocks nothing.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failures: dict[str, int] = {}
        self._rests_until: dict[str, float] = {}

    def admit(self, origin: str) -> None:
        """Let a call through; raises ProviderFailed while the circuit is open."""
        if self._failures.get(origin, 0) < FAILURES_TO_OPEN:
            return
        now = self._monotonic()
        if now < self._rests_until[origin]:
            raise ProviderFailed(f"{origin} keeps failing; it is left alone for half a minute.")
        self._rests_until[origin] = now + REST_S

    def failed(self, origin: str) -> None:
        """Count a failure."""
        self._failures[origin] = self._failures.pop(origin, 0) + 1
        self._rests_until[origin] = self._monotonic() + REST_S
        if len(self._failures) > MAX_ORIGINS:
            self.succeeded(next(iter(self._failures)))

    def succeeded(self, origin: str) -> None:
        """Forget the failures of this origin: it answers."""
        self._failures.pop(origin, None)
        self._rests_until.pop(origin, None)
