from datetime import timedelta

from coffers.application.jobs import describe
from coffers.domain.errors import Unavailable
from coffers.domain.jobs import retry_delay


def test_retries_wait_longer_each_time_up_to_an_hour() -> None:
    waits = [retry_delay(attempts, 0).total_seconds() for attempts in range(1, 13)]

    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
    assert retry_delay(10**9, 0) == timedelta(hours=1)


def test_chance_takes_up_to_half_of_the_wait_away() -> None:
    assert retry_delay(1, 1) == timedelta(seconds=2.5)


def test_the_queue_keeps_a_refusals_words_but_only_the_kind_of_a_mistake() -> None:
    assert describe(Unavailable("Later.")) == "Unavailable: Later."
    assert describe(KeyError("a secret")) == "KeyError"


def test_what_is_kept_of_a_failure_is_short_and_fits_every_database() -> None:
    text = describe(Unavailable("x\0" + "y" * 1000))

    assert "\0" not in text
    assert len(text) == 500
