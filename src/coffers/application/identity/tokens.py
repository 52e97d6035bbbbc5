"""Token pairs: made at sign-in, renewed one for one."""

from datetime import datetime
from typing import Protocol

import msgspec

from coffers.application.identity.opaque_tokens import hash_token, new_token
from coffers.application.ports import AccessTokens, Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.identity.sessions import (
    ACCESS_TOKEN_LIFE,
    REFRESH_TOKEN_LIFE,
    RefreshToken,
    TokenInvalid,
    TokenReuse,
)
from coffers.domain.identity.users import User
from coffers.domain.ids import SessionId, UserId, new_id
from coffers.domain.live.events import Event


class TokenPair(msgspec.Struct, frozen=True):
    """What opens the API.

    The access token for `expires_in` seconds, the refresh token once, for the next pair.
    """

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int


class RefreshTokenLookups(Protocol):
    """Refresh tokens to read."""

    async def session_of(self, token_hash: str) -> SessionId | None:
        """The session that this refresh token, used or not, belongs to."""
        ...


async def session_of(lookups: RefreshTokenLookups, refresh_token: str) -> SessionId | None:
    """Which session a refresh token is of, for counting its refreshes.

    None for a token never issued.
    """
    return await lookups.session_of(hash_token(refresh_token))


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
        opaque, fresh = fresh_token(used.user_id, used.session_id, now)
        await uow.sessions.rotate(used, fresh)
        uow.record(Event("TokenRefreshed", used.user_id, used.session_id))
        await uow.commit()
    return pair_of(tokens.issue(user.id, used.session_id, user.roles, now=now), opaque)


async def _still_welcome(uow: UnitOfWork, token: RefreshToken, now: datetime) -> User:
    user = await uow.users.get(token.user_id)
    session = await uow.sessions.get(token.user_id, token.session_id)
    is_over = session.revoked_at is not None or token.expires_at <= now
    bounds = (user.tokens_valid_from, await uow.rotations.valid_from(now))
    is_void = any(bound is not None and token.issued_at < bound for bound in bounds)
    if is_over or is_void or not user.is_active:
        raise TokenInvalid("The refresh token is not valid.")
    return user


def fresh_token(user_id: UserId, session_id: SessionId, now: datetime) -> tuple[str, RefreshToken]:
    """A new refresh token of this session, and what is kept of it."""
    opaque = new_token()
    token = RefreshToken(
        id=new_id(),
        user_id=user_id,
        session_id=session_id,
        token_hash=hash_token(opaque),
        issued_at=now,
        expires_at=now + REFRESH_TOKEN_LIFE,
    )
    return opaque, token


def pair_of(access_token: str, refresh_token: str) -> TokenPair:
    """The two, as they are answered."""
    return TokenPair(access_token, refresh_token, "bearer", int(ACCESS_TOKEN_LIFE.total_seconds()))
