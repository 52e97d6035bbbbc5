"""Erasure: everything of a person goes, except what proves that nothing else was changed."""

from typing import Final

from coffers.application.attempts import Attempt
from coffers.application.identity.passwords import prove_password
from coffers.application.ports import Clock, Passwords
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.ids import UserId
from coffers.domain.live.events import erasure

ERASURE: Final = Attempt("Erasure")


async def consent_to_erasure(
    uow: UnitOfWork, passwords: Passwords, clock: Clock, *, user_id: UserId, password: str
) -> None:
    """Prove by the password that it is the person; raises WrongPassword, AccountLocked."""
    await prove_password(uow, passwords, clock, ERASURE, user_id=user_id, password=password)


async def erase_user(uow: UnitOfWork, clock: Clock, *, user_id: UserId) -> None:
    """Erase whoever consented: their rows in every table, and their sessions at once.

    The system's chain keeps how long theirs was and its last hash. This outlives them, so the unit
    of work must have an origin that tells nothing of them. Raises UserNotFound.
    """
    async with uow:
        await uow.sessions.revoke(user_id, at=clock.now())
        chain = await uow.erasures.erase(user_id)
        uow.record(erasure(user_id, chain.length, chain.head_hash))
        await uow.commit()
