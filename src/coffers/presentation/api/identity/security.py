"""/admin/security, /admin/users/{id}/rotations and the public keys of access tokens."""

from typing import Annotated

import msgspec
from pydantic import Field

from coffers.application.identity import security
from coffers.application.identity.security import GlobalRotation, SecurityConfig, UserRotation
from coffers.application.views import Versioned
from coffers.domain.identity.security import MAX_GRACE
from coffers.domain.ids import UserId
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import Body, CountIn

MAX_GRACE_MINUTES = MAX_GRACE.days * 24 * 60


class RotationWanted(Body):
    """How long the refresh tokens of today may still be traded for new ones."""

    grace_period_minutes: Annotated[CountIn, Field(ge=0, le=MAX_GRACE_MINUTES)] = 0


class JsonWebKeySet(msgspec.Struct, frozen=True):
    """The public keys that verify access tokens (RFC 7517); none for a symmetric algorithm."""

    keys: list[dict[str, str]]


async def rotate_everybody(call: Caller, body: RotationWanted | None = None) -> GlobalRotation:
    """Void every refresh token issued before now, after the grace period if one is named."""
    wanted = body or RotationWanted()
    return await security.rotate_everybody(
        call.uow, call.services.clock, grace_period_minutes=wanted.grace_period_minutes
    )


async def rotate_user(call: Caller, user_id: UserId) -> UserRotation:
    """Void every refresh token of this user issued before now."""
    return await security.rotate_user(call.uow, call.services.clock, user_id)


async def get_security_config(call: Caller) -> Versioned[SecurityConfig]:
    """What holds for everybody's tokens and passwords."""
    return await security.get_security_config(call.services.security_configs, call.services.clock)


async def get_key_set(call: Caller) -> Answer[JsonWebKeySet]:
    """The public keys that verify access tokens."""
    keys = call.services.access_tokens.key_set()
    return Answer(JsonWebKeySet(keys), {"Cache-Control": "public, max-age=300"})
