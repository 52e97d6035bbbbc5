from datetime import timedelta
from uuid import UUID

import pytest

from coffers.application.jobs import deliver_mail, describe
from coffers.application.ports import Mail, Mailer, MailUndeliverable
from coffers.domain.errors import Unavailable
from coffers.domain.ids import new_id
from coffers.domain.jobs import Job, JobHopeless, retry_delay
from tests.stores import NOON

PAYLOAD = {"to": "ada@example.com", "subject": "Hello", "text": "…"}


class FakeMailer(Mailer):
    def __init__(self, refusal: MailUndeliverable | None = None) -> None:
        self.sent: list[tuple[Mail, UUID]] = []
        self._refusal = refusal

    async def send(self, mail: Mail, *, letter_id: UUID) -> None:
        if self._refusal is not None:
            raise self._refusal
        self.sent.append((mail, letter_id))


def a_letter() -> Job:
    return Job(new_id(), "mail", PAYLOAD, NOON)


async def test_a_letter_is_sent_under_the_id_of_its_job() -> None:
    mailer, job = FakeMailer(), a_letter()

    await deliver_mail(mailer, job)

    assert mailer.sent == [(Mail("ada@example.com", "Hello", "…"), job.id)]


async def test_a_letter_that_nobody_will_ever_take_is_hopeless() -> None:
    with pytest.raises(JobHopeless, match="no such mailbox"):
        await deliver_mail(
            FakeMailer(MailUndeliverable("no such mailbox", is_final=True)), a_letter()
        )


async def test_a_letter_that_may_still_be_taken_is_only_undelivered() -> None:
    with pytest.raises(MailUndeliverable):
        await deliver_mail(FakeMailer(MailUndeliverable("try later")), a_letter())


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
