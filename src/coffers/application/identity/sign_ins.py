"""Signing in: a name, a password, and the session that begins with them."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from coffers.application.attempts import Attempt
from coffers.application.identity.passwords import LOCKED, count_failure
from coffers.application.identity.tokens import TokenPair, fresh_token, pair_of
from coffers.application.ports import AccessTokens, Clock, Passwords
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.errors import Forbidden
from coffers.domain.identity.sessions import Session, device_of
from coffers.domain.identity.users import (
    AccountInactive,
    AccountLocked,
    EmailNotVerified,
    InvalidCredentials,
    User,
    UserNotFound,
)
from coffers.domain.ids import SYSTEM, SessionId, UserId, new_id
from coffers.domain.live.events import Event, Origin

SIGN_IN: Final = Attempt("SignIn")


@dataclass(frozen=True, slots=True)
class Credentials:
    """An e-mail address or a username, and a password."""

    name: str
    password: str


async def sign_in(
    uow: UnitOfWork,
    passwords: Passwords,
    tokens: AccessTokens,
    clock: Clock,
    origin: Origin,
    credentials: Credentials,
) -> TokenPair:
    """Begin a session for whoever has this e-mail address or username and password.

    Raises InvalidCredentials for anything wrong and, only after a right password, AccountLocked,
    AccountInactive, EmailNotVerified. The cost does not tell whether the account exists: nobody's
    password is verified and nobody's failure is counted with the same statements. A hash made with
    other parameters than today's is made anew.
    """
    try:
        return await _attempt(uow, passwords, tokens, clock, origin, credentials)
    except _HashReplaced:
        # Perhaps by another sign-in of theirs, which made it anew: the password may be right still.
        return await _attempt(uow, passwords, tokens, clock, origin, credentials)


class _HashReplaced(InvalidCredentials):
    pass


async def _attempt(
    uow: UnitOfWork,
    passwords: Passwords,
    tokens: AccessTokens,
    clock: Clock,
    origin: Origin,
    credentials: Credentials,
) -> TokenPair:
    named = await _proven(uow, passwords, clock, credentials)
    new_hash = await _new_hash(passwords, named, credentials.password)
    async with uow:
        now = clock.now()
        user = await _unchanged(uow, named)
        refusal = _unfitness(user, now)
        if refusal is not None:
            uow.record(*SIGN_IN.failed(user.id, reason=refusal.slug))
            await uow.commit()
            raise refusal
        if user.failed_sign_ins or user.locked_until:
            await uow.users.forget_failed_sign_ins(user.id)
        if new_hash is not None:
            await uow.users.set_password(user.id, new_hash)
            uow.record(Event("PasswordHashRenewed", user.id, user.id))
        pair = await begin_session(uow, tokens, user, origin, now)
        await uow.commit()
    return pair


async def _proven(
    uow: UnitOfWork, passwords: Passwords, clock: Clock, credentials: Credentials
) -> User:
    async with uow:
        named = await uow.users.find_by_sign_in_name(credentials.name)
    is_right = await passwords.verify(credentials.password, named.password_hash if named else None)
    if named is None or not is_right:
        await _remember_failure(uow, clock, named.id if named else SYSTEM)
        raise InvalidCredentials("Wrong e-mail address or password.")
    return named


async def _new_hash(passwords: Passwords, user: User, password: str) -> str | None:
    """In place of one that is outdated."""
    if not passwords.is_outdated(user.password_hash):
        return None
    return await passwords.hash(password)


async def _remember_failure(uow: UnitOfWork, clock: Clock, user_id: UserId) -> None:
    with suppress(UserNotFound):  # somebody erased meanwhile has no log to remember it in
        async with uow:
            await count_failure(uow, clock, user_id)
            uow.record(*SIGN_IN.failed(user_id))
            await uow.commit()


async def _unchanged(uow: UnitOfWork, named: User) -> User:
    """The user as they are by now; a password that was changed meanwhile opens nothing."""
    user = await uow.users.find(named.id)
    if user is None:
        raise InvalidCredentials("Wrong e-mail address or password.")
    if user.password_hash != named.password_hash:
        raise _HashReplaced("Wrong e-mail address or password.")
    return user


def _unfitness(user: User, now: datetime) -> Forbidden | None:
    if user.is_locked(now):
        return AccountLocked(LOCKED)
    if not user.is_active:
        return AccountInactive("This account was deactivated.")
    if not user.is_verified:
        return EmailNotVerified("The e-mail address has not been confirmed yet.")
    return None


async def begin_session(
    uow: UnitOfWork, tokens: AccessTokens, user: User, origin: Origin, now: datetime
) -> TokenPair:
    """In the open transaction, of somebody who proved to be the user."""
    session_id = SessionId(new_id())
    opaque, token = fresh_token(user.id, session_id, now)
    session = Session(
        id=session_id,
        user_id=user.id,
        ip_address=origin.ip_address,
        user_agent=origin.user_agent,
        device_info=device_of(origin.user_agent),
        created_at=now,
        last_activity_at=now,
        expires_at=token.expires_at,
    )
    await uow.sessions.add(session, token)
    uow.record(*SIGN_IN.succeeded(user.id, session_id))
    return pair_of(tokens.issue(user.id, session_id, user.roles, now=now), opaque)
