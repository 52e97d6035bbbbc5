"""Passwords: proving, changing and resetting them."""

from typing import Final

import msgspec

from coffers.application.attempts import Attempt
from coffers.application.identity.opaque_tokens import hash_token
from coffers.application.identity.sessions import Viewer
from coffers.application.ports import Clock, Passwords
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.identity.passwords import WrongPassword, check_password
from coffers.domain.identity.users import LOCK_OUT, AccountLocked, User
from coffers.domain.identity.verifications import OneTimeTokenInvalid, Purpose
from coffers.domain.ids import SYSTEM, UserId
from coffers.domain.live.events import Event

LOCKED: Final = "Too many wrong passwords: the account is locked for a quarter of an hour."


class PasswordReset(msgspec.Struct, frozen=True):
    """The new password counts from now on; every session is over."""

    message: str


PASSWORD_CHANGE: Final = Attempt("PasswordChange")
PASSWORD_RESET: Final = Attempt("PasswordReset")


async def change_password(
    uow: UnitOfWork,
    passwords: Passwords,
    clock: Clock,
    *,
    asker: Viewer,
    current_password: str,
    new_password: str,
) -> None:
    """Set a new password and end every session but this one.

    Raises PasswordTooWeak, WrongPassword, AccountLocked.
    """
    check_password(new_password, field="new_password")
    proven = await prove_password(
        uow, passwords, clock, PASSWORD_CHANGE, user_id=asker.user_id, password=current_password
    )
    new_hash = await passwords.hash(new_password)
    async with uow:
        user = await uow.users.get(asker.user_id)
        if user.password_hash != proven.password_hash:
            raise WrongPassword("The password was changed in the meantime.")
        await uow.users.set_password(user.id, new_hash)
        await uow.sessions.revoke(user.id, at=clock.now(), but=asker.session_id)
        uow.record(*PASSWORD_CHANGE.succeeded(user.id))
        await uow.commit()


async def reset_password(
    uow: UnitOfWork, passwords: Passwords, clock: Clock, *, token: str, new_password: str
) -> PasswordReset:
    """Set a new password with a token that came by mail, and end every session.

    Raises PasswordTooWeak, which leaves the token usable, and OneTimeTokenInvalid.
    """
    check_password(new_password, field="new_password")
    new_hash = await passwords.hash(new_password)
    async with uow:
        now = clock.now()
        taken = await uow.one_time_tokens.take(hash_token(token), Purpose.PASSWORD_RESET)
        if taken is None or taken.expires_at <= now:
            uow.record(*PASSWORD_RESET.failed(taken.user_id if taken else SYSTEM))
            await uow.commit()
            raise OneTimeTokenInvalid("The token is unknown, used or expired: ask for a new one.")
        await uow.users.set_password(taken.user_id, new_hash)
        await uow.sessions.revoke(taken.user_id, at=now)
        uow.record(*PASSWORD_RESET.succeeded(taken.user_id))
        await uow.commit()
    return PasswordReset("The password was set: sign in with it.")


async def prove_password(
    uow: UnitOfWork,
    passwords: Passwords,
    clock: Clock,
    attempt: Attempt,
    *,
    user_id: UserId,
    password: str,
) -> User:
    """The user, whose password this is. A wrong one counts as a failed sign-in.

    So that a stolen access token is no way to guess it. Raises WrongPassword and, after a right
    one, AccountLocked.
    """
    async with uow:
        user = await uow.users.get(user_id)
    is_right = await passwords.verify(password, user.password_hash)
    if is_right and not user.is_locked(clock.now()):
        return user
    async with uow:
        if not is_right:
            await count_failure(uow, clock, user_id)
        uow.record(*attempt.failed(user_id))
        await uow.commit()
    if is_right:
        raise AccountLocked(LOCKED)
    raise WrongPassword("This is not the current password.")


async def count_failure(uow: UnitOfWork, clock: Clock, user_id: UserId) -> None:
    """Within the open transaction: one more wrong password of theirs; SYSTEM stands for nobody."""
    now = clock.now()
    if await uow.users.count_failed_sign_in(user_id, now=now, locked_until=now + LOCK_OUT):
        uow.record(Event("AccountLocked", user_id, user_id))
