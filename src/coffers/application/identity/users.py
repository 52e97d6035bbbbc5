"""Registration and profile."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

import msgspec

from coffers.application.attempts import Attempt
from coffers.application.identity.verifications import Post, send_token
from coffers.application.ports import Clock, Passwords
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import Instant, Versioned
from coffers.domain.identity.passwords import check_password
from coffers.domain.identity.principals import Principal
from coffers.domain.identity.users import (
    EmailTaken,
    ProfileInvalid,
    Role,
    User,
    check_base_currency,
    check_email,
    check_time_zone,
    check_username,
)
from coffers.domain.identity.verifications import Purpose
from coffers.domain.ids import UserId, new_id
from coffers.domain.live.events import Event

DEFAULT_CURRENCY: Final = "USD"
DEFAULT_TIME_ZONE: Final = "UTC"
REGISTRATION: Final = Attempt("Registration")


class RegisteredUser(msgspec.Struct, frozen=True):
    """A new account; `is_verified` turns true when its address is confirmed."""

    id: UserId
    email: str
    is_verified: bool
    created_at: Instant


class UserProfile(msgspec.Struct, frozen=True):
    """Who one is here."""

    id: UserId
    email: str
    username: str | None
    display_name: str | None
    base_currency: str
    time_zone: str
    roles: list[Role]
    is_verified: bool
    created_at: Instant
    updated_at: Instant


class Profiles(Protocol):
    """Profiles to read."""

    async def profile(self, user_id: UserId) -> Versioned[UserProfile]:
        """Raises UserNotFound."""
        ...


async def register(
    uow: UnitOfWork,
    passwords: Passwords,
    clock: Clock,
    post: Post,
    *,
    email: str,
    password: str,
) -> RegisteredUser:
    """Create an unverified account and send its verification letter.

    Raises ProfileInvalid, PasswordTooWeak, EmailTaken.
    """
    check_email(email)
    check_password(password)
    user = newcomer(email, await passwords.hash(password), clock.now())
    try:
        async with uow:
            await uow.users.add(user)
            await send_token(uow, clock, post, user, Purpose.EMAIL_VERIFICATION)
            uow.record(*REGISTRATION.succeeded(user.id, user.id))
            await uow.commit()
    except EmailTaken:
        async with uow:
            uow.record(*REGISTRATION.failed(reason=EmailTaken.slug))
            await uow.commit()
        raise
    return RegisteredUser(user.id, user.email, user.is_verified, user.created_at)


def newcomer(email: str, password_hash: str, now: datetime) -> User:
    """Somebody who has just registered, not verified yet."""
    return User(
        id=UserId(new_id()),
        email=email,
        password_hash=password_hash,
        roles=frozenset({Role.USER}),
        is_verified=False,
        is_active=True,
        base_currency=DEFAULT_CURRENCY,
        time_zone=DEFAULT_TIME_ZONE,
        created_at=now,
        updated_at=now,
    )


async def get_profile(profiles: Profiles, principal: Principal) -> Versioned[UserProfile]:
    """The caller's own profile."""
    return await profiles.profile(principal.user_id)


async def edit_profile(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    changes: Mapping[str, str | None],
    expected_version: int | None,
) -> Versioned[UserProfile]:
    """Change the named fields: `username`, `display_name`, `base_currency`, `time_zone`.

    Raises ProfileInvalid, UsernameTaken, PreconditionFailed.
    """
    _check_changes(changes)
    async with uow:
        user = await uow.users.get(principal.user_id)
        edited = replace(user, updated_at=clock.now(), **changes)  # type: ignore[arg-type]  # the names are the body's
        stored = await uow.users.update(edited, expected_version=expected_version)
        uow.record(Event("ProfileChanged", user.id, user.id, {"fields": sorted(changes)}))
        await uow.commit()
    return profile_of(stored)


def _check_changes(changes: Mapping[str, str | None]) -> None:
    for field, value in changes.items():
        if value is None and field in {"base_currency", "time_zone"}:
            raise ProfileInvalid("This field cannot be emptied.", field=field)
        if value is not None and field in _CHECKS:
            _CHECKS[field](value)


_CHECKS: Final = {
    "username": check_username,
    "base_currency": check_base_currency,
    "time_zone": check_time_zone,
}


def profile_of(user: User) -> Versioned[UserProfile]:
    """The view of an entity at hand."""
    fields = {name: getattr(user, name) for name in UserProfile.__struct_fields__}
    return Versioned(UserProfile(**fields | {"roles": sorted(user.roles)}), user.version)
