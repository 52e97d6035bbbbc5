"""What a route asks of its caller, and who is calling."""

from dataclasses import dataclass
from typing import Final

from coffers.application.identity.api_keys import ApiKeyLookups
from coffers.domain.errors import Unauthenticated
from coffers.domain.identity.api_keys import PREFIX, allows
from coffers.domain.identity.principals import NotAllowed, Principal
from coffers.domain.identity.sessions import TokenInvalid
from coffers.services import Services

_READING: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call. `by_api_key`.

    Scripts may, not only sessions. `readonly_writes`: that role may, whatever the method.
    """

    name: str
    is_public: bool = False
    by_api_key: bool = False
    readonly_writes: bool = False
    admin_only: bool = False


PUBLIC: Final = Access("public", is_public=True)
#: Anyone signed in, or a key with the scope; readonly people only read.
USER: Final = Access("user", by_api_key=True)
#: Anyone signed in, readonly people too: their own sessions and password.
SELF: Final = Access("self", readonly_writes=True)
#: Anyone signed in who may write; no API keys: what decides over the account itself.
SESSION: Final = Access("session")
ADMIN: Final = Access("admin", admin_only=True)


class NotSignedIn(Unauthenticated):
    """There is no Bearer token."""


async def authenticate(services: Services, authorization: str | None) -> Principal:
    """Whoever the Bearer token proves.

    Raises NotSignedIn or TokenInvalid. Revocation is checked elsewhere.
    """
    token = _bearer(authorization)
    if not token:
        raise NotSignedIn("Sign in, and send the access token as `Authorization: Bearer …`.")
    if token.startswith(PREFIX):
        return await _by_api_key(services.api_key_lookups, token, services)
    return await _by_access_token(services, token)


def is_api_key(authorization: str | None) -> bool:
    """Whether the Bearer token looks like an API key."""
    return _bearer(authorization).startswith(PREFIX)


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


async def _by_access_token(services: Services, token: str) -> Principal:
    claims = services.access_tokens.verify(token, now=services.clock.now())
    if not await services.session_lists.vouch(claims.user_id, claims.session_id):
        raise TokenInvalid("The session of this access token is over.")
    return Principal(claims.user_id, claims.roles, session_id=claims.session_id)


async def _by_api_key(lookups: ApiKeyLookups, token: str, services: Services) -> Principal:
    principal = await lookups.find(token, services.clock.now())
    if principal is None:
        raise TokenInvalid("The API key is not valid.")
    return principal


def authorize(principal: Principal, access: Access, *, method: str, family: str) -> None:
    """Raises NotAllowed when roles or scopes do not cover this call."""
    writing = method not in _READING
    if access.admin_only and not principal.is_admin:
        raise NotAllowed("Only administrators may do this.")
    if writing and not access.readonly_writes and not principal.may_write:
        raise NotAllowed("This account may only read.")
    if principal.api_key_id is not None:
        _authorize_key(principal, access, family=family, writing=writing)


def _authorize_key(principal: Principal, access: Access, *, family: str, writing: bool) -> None:
    if not access.by_api_key:
        raise NotAllowed("API keys may not do this: sign in.")
    if principal.scopes is not None and not allows(
        principal.scopes, family=family, writing=writing
    ):
        raise NotAllowed("The API key's scopes do not cover this.")
