"""Signing in, staying signed in, signing out."""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

import msgspec

from coffers.application.ports import AccessTokens, Clock, Passwords, UnitOfWork
from coffers.application.users import hash_token
from coffers.domain.events import Event, Origin
from coffers.domain.ids import SessionId, UserId, new_id
from coffers.domain.sessions import (
    ACCESS_TOKEN_LIFE,
    REFRESH_TOKEN_LIFE,
    RefreshToken,
    Session,
    TokenInvalid,
    TokenReuse,
)
from coffers.domain.users import (
    LOCK_OUT,
    MAX_FAILED_SIGN_INS,
    AccountInactive,
    AccountLocked,
    EmailNotVerified,
    InvalidCredentials,
    User,
)

_WRONG: Final = "Wrong e-mail address or password."


class TokenPair(msgspec.Struct, frozen=True):
    """What opens the API.

    The access token for `expires_in` seconds, the refresh token once, for the next pair.
    """

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int


async def sign_in(
    uow: UnitOfWork,
    passwords: Passwords,
    tokens: AccessTokens,
    clock: Clock,
    origin: Origin,
    *,
    name: str,
    password: str,
) -> TokenPair:
    """Begin a session for whoever has this e-mail address or username and password.

    Raises InvalidCredentials for anything wrong and, only after a right password, AccountLocked,
    AccountInactive,
    EmailNotVerified. The cost does not tell whether the account exists.
    """
    async with uow:
        user = await uow.users.find_by_sign_in_name(name)
    is_right = await passwords.verify(password, user.password_hash if user else None)
    async with uow:
        now = clock.now()
        if user is None or not is_right:
            await _remember_failure(uow, user, now)
            raise InvalidCredentials(_WRONG)
        user = await uow.users.get(user.id)
        _refuse_unfit(user, now)
        await uow.users.update(replace(user, failed_sign_ins=0, locked_until=None))
        pair = await _begin(uow, tokens, user, origin, now)
        uow.record(Event("SignInAttempted", user.id), Event("SignInSucceeded", user.id))
        await uow.commit()
    return pair


async def _remember_failure(uow: UnitOfWork, user: User | None, now: datetime) -> None:
    if user is None:
        uow.record(Event("SignInAttempted"), Event("SignInFailed"))
    else:
        await _count_failure(uow, await uow.users.get(user.id), now)
    await uow.commit()


async def _count_failure(uow: UnitOfWork, user: User, now: datetime) -> None:
    failed = user.failed_sign_ins + 1
    locks = failed >= MAX_FAILED_SIGN_INS
    changed = replace(user, failed_sign_ins=0 if locks else failed)
    if locks:
        changed = replace(changed, locked_until=now + LOCK_OUT)
        uow.record(Event("AccountLocked", user.id))
    await uow.users.update(changed)
    uow.record(Event("SignInAttempted", user.id), Event("SignInFailed", user.id))


def _refuse_unfit(user: User, now: datetime) -> None:
    if user.is_locked(now):
        raise AccountLocked(
            "Too many wrong passwords: the account is locked for a quarter of an hour."
        )
    if not user.is_active:
        raise AccountInactive("This account was deactivated.")
    if not user.is_verified:
        raise EmailNotVerified("The e-mail address has not been confirmed yet.")


async def _begin(
    uow: UnitOfWork, tokens: AccessTokens, user: User, origin: Origin, now: datetime
) -> TokenPair:
    session_id = SessionId(new_id())
    opaque, token = _fresh_token(user.id, session_id, now)
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
    return _pair(tokens.issue(user.id, session_id, user.roles, now=now), opaque)


async def refresh(
    uow: UnitOfWork, tokens: AccessTokens, clock: Clock, *, refresh_token: str
) -> TokenPair:
    """The next pair for a refresh token, which is used up by this.

    Raises TokenInvalid, and TokenReuse after ending the whole session.
    """
    async with uow:
        now = clock.now()
        used = await uow.sessions.find_token(hash_token(refresh_token))
        if used is None:
            raise TokenInvalid("The refresh token is not valid.")
        if used.used_at is not None:
            await uow.sessions.revoke(used.user_id, at=now, only=used.session_id)
            uow.record(Event("TokenReuseDetected", used.user_id, used.session_id))
            await uow.commit()
            raise TokenReuse("This refresh token was used before: the session is over.")
        user = await _still_welcome(uow, used, now)
        opaque, fresh = _fresh_token(used.user_id, used.session_id, now)
        await uow.sessions.rotate(used, fresh)
        uow.record(Event("TokenRefreshed", used.user_id, used.session_id))
        await uow.commit()
    return _pair(tokens.issue(user.id, used.session_id, user.roles, now=now), opaque)


async def _still_welcome(uow: UnitOfWork, token: RefreshToken, now: datetime) -> User:
    user = await uow.users.get(token.user_id)
    session = await uow.sessions.get(token.user_id, token.session_id)
    is_over = session.revoked_at is not None or token.expires_at <= now
    is_void = user.tokens_valid_from is not None and token.issued_at < user.tokens_valid_from
    if is_over or is_void or not user.is_active:
        raise TokenInvalid("The refresh token is not valid.")
    if (await uow.security.state()).refuses(token.issued_at, now):
        raise TokenInvalid("The refresh token is not valid.")
    return user


async def sign_out(
    uow: UnitOfWork, clock: Clock, *, user_id: UserId, session_id: SessionId
) -> None:
    """End one session of the user's; raises SessionNotFound."""
    async with uow:
        await uow.sessions.get(user_id, session_id)
        await uow.sessions.revoke(user_id, at=clock.now(), only=session_id)
        uow.record(Event("SessionRevoked", user_id, session_id))
        await uow.commit()


def _fresh_token(user_id: UserId, session_id: SessionId, now: datetime) -> tuple[str, RefreshToken]:
    opaque = secrets.token_urlsafe(32)
    token = RefreshToken(
        id=new_id(),
        user_id=user_id,
        session_id=session_id,
        token_hash=hash_token(opaque),
        issued_at=now,
        expires_at=now + REFRESH_TOKEN_LIFE,
    )
    return opaque, token


def _pair(access_token: str, refresh_token: str) -> TokenPair:
    return TokenPair(access_token, refresh_token, "bearer", int(ACCESS_TOKEN_LIFE.total_seconds()))


def device_of(user_agent: str | None) -> str | None:
    """A few words to recognise a device by, from its User-Agent."""
    if not user_agent:
        return None
    systems = ("Windows", "Android", "iPhone", "iPad", "Mac OS", "Linux")
    programs = ("Edg", "Firefox", "Chrome", "Safari", "curl", "python")
    system = next((name for name in systems if name in user_agent), None)
    program = next((name for name in programs if name in user_agent), None)
    words = [word for word in (program, system) if word]
    return " on ".join(words) or user_agent[:40]


class SessionLists(Protocol):
    """Sessions to read."""

    async def is_live(self, user_id: UserId, session_id: SessionId) -> bool:
        """Whether the session row itself says that it has neither ended nor expired."""
        ...

    async def find_by_token(self, token_hash: str) -> SessionId | None:
        """The session that this refresh token, used or not, belongs to."""
        ...


async def session_of(lists: SessionLists, refresh_token: str) -> SessionId | None:
    """Which session a refresh token is of, for counting its refreshes.

    None for a token never issued.
    """
    return await lists.find_by_token(hash_token(refresh_token))
