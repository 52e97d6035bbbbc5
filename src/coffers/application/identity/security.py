"""Breach rotation: making refresh tokens worthless, everybody's or one person's."""

from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from coffers.application.attempts import Attempt
from coffers.application.ports import Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import Instant, Versioned
from coffers.domain.identity.security import Rotation
from coffers.domain.identity.users import UserNotFound
from coffers.domain.ids import SYSTEM, UserId, new_id

ROTATION: Final = Attempt("Rotation")
USER_ROTATION: Final = Attempt("UserRotation")


class GlobalRotation(msgspec.Struct, frozen=True):
    """Refresh tokens issued before `tokens_valid_from` stop working at `enforced_from`."""

    version: int
    tokens_valid_from: Instant
    enforced_from: Instant
    grace_period_minutes: int
    message: str


class UserRotation(msgspec.Struct, frozen=True):
    """This user's refresh tokens issued before `tokens_valid_from` work no more."""

    user_id: UserId
    tokens_valid_from: Instant
    message: str


class SecurityConfig(msgspec.Struct, frozen=True):
    """What holds for everybody's tokens and passwords.

    `version` counts the rotations so far. Refresh tokens issued before `tokens_valid_from` are
    void; a later bound waits in `pending_valid_from` for the end of its grace period.
    """

    version: int
    tokens_valid_from: Instant | None
    pending_valid_from: Instant | None
    pending_enforced_from: Instant | None
    access_token_minutes: int
    refresh_token_days: int
    max_failed_sign_ins: int
    lock_out_minutes: int


class SecurityConfigs(Protocol):
    """The configuration to read."""

    async def config(self, now: datetime) -> Versioned[SecurityConfig]:
        """As it is at this instant."""
        ...


async def get_security_config(configs: SecurityConfigs, clock: Clock) -> Versioned[SecurityConfig]:
    """What holds for everybody at this moment."""
    return await configs.config(clock.now())


async def rotate_everybody(
    uow: UnitOfWork, clock: Clock, *, grace_period_minutes: int
) -> GlobalRotation:
    """Void all refresh tokens issued before now, once the grace period (0 to MAX_GRACE) is over."""
    now = clock.now()
    rotation = Rotation(new_id(), now, now + timedelta(minutes=grace_period_minutes))
    async with uow:
        version = await uow.rotations.add(rotation)
        details = {"version": version, "grace_period_minutes": grace_period_minutes}
        uow.record(*ROTATION.succeeded(SYSTEM, rotation.id, **details))
        await uow.commit()
    when = f"in {grace_period_minutes} minutes" if grace_period_minutes else "at once"
    return GlobalRotation(
        version,
        rotation.valid_from,
        rotation.enforced_from,
        grace_period_minutes,
        f"Refresh tokens issued before now stop working {when}.",
    )


async def rotate_user(uow: UnitOfWork, clock: Clock, user_id: UserId) -> UserRotation:
    """Void this user's refresh tokens issued before now, at once; raises UserNotFound."""
    async with uow:
        if await uow.users.find(user_id) is None:
            uow.record(*USER_ROTATION.failed(reason=UserNotFound.slug))
            await uow.commit()
            raise UserNotFound("User not found")
        now = clock.now()
        await uow.users.void_tokens(user_id, issued_before=now)
        uow.record(*USER_ROTATION.succeeded(user_id, user_id))
        await uow.commit()
    return UserRotation(user_id, now, "This user's refresh tokens issued before now are void.")
