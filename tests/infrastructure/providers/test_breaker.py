import pytest

from coffers.domain.linking.providers import ProviderFailed
from coffers.infrastructure.providers.breaker import (
    FAILURES_TO_OPEN,
    MAX_ORIGINS,
    REST_S,
    CircuitBreaker,
)

BANK = "https://bank.example:443"


class Stopwatch:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def broken(watch: Stopwatch) -> CircuitBreaker:
    breaker = CircuitBreaker(watch)
    for _ in range(FAILURES_TO_OPEN):
        breaker.admit(BANK)
        breaker.failed(BANK)
    return breaker


def test_the_circuit_opens_with_the_fifth_failure_in_a_row() -> None:
    breaker = broken(Stopwatch())

    with pytest.raises(ProviderFailed):
        breaker.admit(BANK)


def test_one_success_forgets_the_failures_before_it() -> None:
    breaker = CircuitBreaker(Stopwatch())
    for _ in range(FAILURES_TO_OPEN - 1):
        breaker.failed(BANK)

    breaker.succeeded(BANK)
    breaker.failed(BANK)

    breaker.admit(BANK)


def test_other_origins_are_not_concerned() -> None:
    broken(Stopwatch()).admit("https://other.example:443")


def test_after_the_rest_one_call_is_a_trial_and_the_others_wait() -> None:
    watch = Stopwatch()
    breaker = broken(watch)

    watch.now_s = REST_S
    breaker.admit(BANK)

    with pytest.raises(ProviderFailed):
        breaker.admit(BANK)


def test_a_trial_that_succeeds_closes_the_circuit() -> None:
    watch = Stopwatch()
    breaker = broken(watch)
    watch.now_s = REST_S
    breaker.admit(BANK)

    breaker.succeeded(BANK)

    breaker.admit(BANK)
    breaker.admit(BANK)


def test_a_trial_that_fails_rests_again() -> None:
    watch = Stopwatch()
    breaker = broken(watch)
    watch.now_s = REST_S
    breaker.admit(BANK)

    breaker.failed(BANK)
    watch.now_s = 2 * REST_S - 1

    with pytest.raises(ProviderFailed):
        breaker.admit(BANK)


def test_a_trial_that_never_reports_back_blocks_nothing() -> None:
    watch = Stopwatch()
    breaker = broken(watch)
    watch.now_s = REST_S
    breaker.admit(BANK)

    watch.now_s = 2 * REST_S

    breaker.admit(BANK)


def test_it_remembers_a_thousand_origins_and_not_one_more() -> None:
    breaker = broken(Stopwatch())

    for number in range(MAX_ORIGINS):
        breaker.failed(f"https://{number}.example:443")

    breaker.admit(BANK)
