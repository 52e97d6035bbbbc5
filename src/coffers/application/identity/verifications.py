"""One-time tokens that travel by mail: asked for, written, redeemed."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final, Protocol

import msgspec
from msgspec import Meta

from coffers.application.attempts import Attempt
from coffers.application.identity.opaque_tokens import hash_token, new_token
from coffers.application.letters import mail_job
from coffers.application.ports import Clock, Mail, Vault
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import Instant
from coffers.domain.identity.users import User, UserNotFound
from coffers.domain.identity.verifications import LIFE, OneTimeToken, OneTimeTokenInvalid, Purpose
from coffers.domain.ids import SYSTEM, UserId, new_id
from coffers.domain.jobs import Job
from coffers.domain.live.events import Event

#: The kind of job that writes a letter somebody asked for.
LETTER: Final = "letter"
EMAIL_VERIFICATION: Final = Attempt("EmailVerification")

_REQUESTED: Final = {
    Purpose.EMAIL_VERIFICATION: "EmailVerificationRequested",
    Purpose.PASSWORD_RESET: "PasswordResetRequested",
}


class LetterRequest(msgspec.Struct, frozen=True):
    """The same for every address, registered or not."""

    message: Annotated[
        str, Meta(examples=["If the address is registered, a letter is on its way."])
    ]


class VerifiedEmail(msgspec.Struct, frozen=True):
    """The address is confirmed: one may sign in."""

    message: str
    verified_at: Instant


class Letters(Protocol):
    """The words of the letters that carry one-time tokens."""

    def compose(self, user: User, purpose: Purpose, token: str) -> Mail:
        """The letter, with a link or the token itself to copy."""
        ...


@dataclass(frozen=True, slots=True)
class Post:
    """What writing a letter takes: its words, and the vault that seals it until it leaves."""

    letters: Letters
    vault: Vault


async def request_letter(
    uow: UnitOfWork, clock: Clock, *, email: str, purpose: Purpose
) -> LetterRequest:
    """Let a letter with a fresh token be written, if the address is registered and has use for it.

    The request does the same work for every address, which tells as little as its answer: whether
    there is anybody to write to is the job's concern.
    """
    with suppress(UserNotFound):  # somebody erased meanwhile needs no letter
        async with uow:
            user = await uow.users.find_by_sign_in_name(email)
            user_id = user.id if user is not None else SYSTEM
            await uow.jobs.enqueue(_letter(user_id, purpose, clock.now()))
            uow.record(Event(_REQUESTED[purpose], user_id))
            await uow.commit()
    return LetterRequest("If the address is registered, a letter is on its way.")


def _letter(user_id: UserId, purpose: Purpose, now: datetime) -> Job:
    return Job(new_id(), LETTER, {"purpose": purpose.value}, run_at=now, user_id=user_id)


async def write_letter(uow: UnitOfWork, clock: Clock, post: Post, job: Job) -> None:
    """The job behind such a request: the letter, or nothing when nobody has use for it."""
    purpose = Purpose(str(job.payload["purpose"]))
    async with uow:
        user = await uow.users.find(job.user_id)
        if user is not None and _has_use(user, purpose):
            await send_token(uow, clock, post, user, purpose)
            await uow.commit()


def _has_use(user: User, purpose: Purpose) -> bool:
    return user.is_active and not (purpose is Purpose.EMAIL_VERIFICATION and user.is_verified)


async def send_token(
    uow: UnitOfWork, clock: Clock, post: Post, user: User, purpose: Purpose
) -> None:
    """Within the open transaction: a fresh token for this purpose, and the job that mails it."""
    token = new_token()
    now = clock.now()
    kept = OneTimeToken(new_id(), user.id, purpose, hash_token(token), now, now + LIFE[purpose])
    await uow.one_time_tokens.replace(kept)
    mail = post.letters.compose(user, purpose, token)
    await uow.jobs.enqueue(mail_job(post.vault, mail, user_id=user.id, now=now))


async def verify_email(uow: UnitOfWork, clock: Clock, *, token: str) -> VerifiedEmail:
    """Confirm the address that this token was mailed to; raises OneTimeTokenInvalid."""
    async with uow:
        now = clock.now()
        taken = await uow.one_time_tokens.take(hash_token(token), Purpose.EMAIL_VERIFICATION)
        if taken is None or taken.expires_at <= now:
            uow.record(*EMAIL_VERIFICATION.failed(taken.user_id if taken else SYSTEM))
            await uow.commit()
            raise OneTimeTokenInvalid("The token is unknown, used or expired: ask for a new one.")
        user = await uow.users.get(taken.user_id)
        await uow.users.update(replace(user, is_verified=True, updated_at=now))
        uow.record(*EMAIL_VERIFICATION.succeeded(user.id))
        await uow.commit()
    return VerifiedEmail("The e-mail address is confirmed.", now)
