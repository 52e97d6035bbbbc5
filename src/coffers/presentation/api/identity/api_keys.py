"""/api-keys: long-lived tokens for scripts."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from coffers.application.identity import api_keys
from coffers.application.identity.api_keys import ApiKeyList, CreatedApiKey
from coffers.domain.identity.api_keys import MAX_SCOPES, ScopeInvalid
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import Body, InstantIn, NameIn

ScopeIn = Annotated[str, StringConstraints(max_length=50)]


class NewApiKey(Body):
    """A key with scopes: `read`, `write`, or either of one family (`accounts:read`)."""

    name: NameIn = Field(examples=["nightly export"])
    scopes: list[ScopeIn] = Field(max_length=MAX_SCOPES, examples=[["accounts:read"]])
    expires_at: InstantIn | None = None


async def create_api_key(call: Caller, body: NewApiKey) -> CreatedApiKey:
    """Make an API key. It is shown this once."""
    _check_families(body.scopes, call.request.app.state.key_families)
    return await api_keys.create_api_key(
        call.uow,
        call.services.clock,
        call.principal,
        name=body.name,
        scopes=body.scopes,
        expires_at=body.expires_at,
    )


def _check_families(scopes: Iterable[str], known: frozenset[str]) -> None:
    """A key for a family that there is not would open nothing, and nobody would know why."""
    named = {family for family, colon, _ in (scope.partition(":") for scope in scopes) if colon}
    if not named <= known:
        families = ", ".join(sorted(known))
        raise ScopeInvalid(f"The families that keys open are {families}.", field="scopes")


async def list_api_keys(call: Caller) -> ApiKeyList:
    """The caller's API keys, without their secrets."""
    return await api_keys.list_api_keys(call.services.api_key_lookups, call.principal)


async def delete_api_key(call: Caller, api_key_id: UUID) -> None:
    """End an API key at once."""
    await api_keys.delete_api_key(call.uow, call.principal, api_key_id)
