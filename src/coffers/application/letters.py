"""Letters on their way: sealed while they wait, because they may carry one-time tokens."""

import base64
from datetime import datetime
from typing import Final

import msgspec

from coffers.application.ports import Mail, Mailer, MailUndeliverable, Vault
from coffers.domain.ids import UserId, new_id
from coffers.domain.jobs import Job, JobHopeless

#: The kind of job that hands a letter over.
MAIL: Final = "mail"


def mail_job(vault: Vault, mail: Mail, *, user_id: UserId, now: datetime) -> Job:
    """The job that delivers this letter; whoever reads the queue does not read the letter."""
    job_id = new_id()
    sealed = vault.seal(msgspec.json.encode(mail), bound_to=job_id)
    payload = {"sealed": base64.b64encode(sealed).decode()}
    return Job(job_id, MAIL, payload, run_at=now, user_id=user_id)


def letter_in(vault: Vault, job: Job) -> Mail:
    """The letter that such a job delivers; raises VaultRefused."""
    sealed = base64.b64decode(str(job.payload["sealed"]))
    return msgspec.json.decode(vault.open(sealed, bound_to=job.id), type=Mail)


async def deliver_mail(mailer: Mailer, vault: Vault, job: Job) -> None:
    """Send a letter. The job's id is the letter's, so that a second attempt shows as such.

    Raises MailUndeliverable, VaultRefused, and JobHopeless when nobody will ever take it.
    """
    try:
        await mailer.send(letter_in(vault, job), letter_id=job.id)
    except MailUndeliverable as error:
        if error.is_final:
            raise JobHopeless(error.detail) from error
        raise
