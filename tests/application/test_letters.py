import os
from dataclasses import replace
from uuid import UUID

import pytest

from coffers.application.letters import deliver_mail, mail_job
from coffers.application.ports import Mail, Mailer, MailUndeliverable, VaultRefused
from coffers.domain.ids import UserId, new_id
from coffers.domain.jobs import Job, JobHopeless
from coffers.infrastructure.vault import AesGcmVault, VaultKey
from tests.stores import NOON

LETTER = Mail("ada@example.com", "Hello", "the token …")


class FakeMailer(Mailer):
    def __init__(self, refusal: MailUndeliverable | None = None) -> None:
        self.sent: list[tuple[Mail, UUID]] = []
        self._refusal = refusal

    async def send(self, mail: Mail, *, letter_id: UUID) -> None:
        if self._refusal is not None:
            raise self._refusal
        self.sent.append((mail, letter_id))


@pytest.fixture
def vault() -> AesGcmVault:
    return AesGcmVault([VaultKey("aaaaaaaaaaaa", os.urandom(32))])


@pytest.fixture
def job(vault: AesGcmVault) -> Job:
    return mail_job(vault, LETTER, user_id=UserId(new_id()), now=NOON)


async def test_a_letter_is_sent_under_the_id_of_its_job(vault: AesGcmVault, job: Job) -> None:
    mailer = FakeMailer()

    await deliver_mail(mailer, vault, job)

    assert mailer.sent == [(LETTER, job.id)]


def test_what_waits_in_the_queue_says_nothing_of_the_letter(job: Job) -> None:
    told = str(job.payload)

    assert [word for word in ("ada", "Hello", "token") if word in told] == []


async def test_a_letter_that_was_moved_to_another_job_is_not_sent(
    vault: AesGcmVault, job: Job
) -> None:
    mailer = FakeMailer()

    with pytest.raises(VaultRefused):
        await deliver_mail(mailer, vault, replace(job, id=new_id()))

    assert mailer.sent == []


async def test_a_letter_that_nobody_will_ever_take_is_hopeless(
    vault: AesGcmVault, job: Job
) -> None:
    refusal = MailUndeliverable("no such mailbox", is_final=True)

    with pytest.raises(JobHopeless, match="no such mailbox"):
        await deliver_mail(FakeMailer(refusal), vault, job)


async def test_a_letter_that_may_still_be_taken_is_only_undelivered(
    vault: AesGcmVault, job: Job
) -> None:
    with pytest.raises(MailUndeliverable):
        await deliver_mail(FakeMailer(MailUndeliverable("try later")), vault, job)
