"""/connections: linking providers, and what becomes of the links."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from coffers.application.linking import connections, credentials, links
from coffers.application.linking.connections import ConnectionList, ConnectionView, Standing
from coffers.application.linking.credentials import TokenRefreshed
from coffers.application.linking.links import Link, LinkStarted
from coffers.application.views import Versioned
from coffers.domain.errors import BadRequest
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Call, Caller
from coffers.presentation.schemas import Body, FieldNameIn, FlagIn, NameIn

SecretIn = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class NewConnection(Body):
    """What to link. An OAuth provider is begun without credentials, others are sent theirs.

    `connection_id` renews an earlier connection to the same provider.
    """

    provider_slug: Annotated[str, StringConstraints(max_length=60)] = Field(examples=["sandbox"])
    alias: NameIn | None = None
    redirect_uri: Annotated[str, StringConstraints(max_length=2000)] | None = None
    credentials: dict[FieldNameIn, SecretIn] | None = Field(default=None, max_length=10)
    connection_id: UUID | None = None


class Callback(Body):
    """What the provider's page sent back."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    state: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ConnectionChanges(Body):
    """Another alias, or null for none."""

    alias: NameIn | None


class TokenRefresh(Body):
    """`force` fetches new tokens even when the present ones are good."""

    force: FlagIn = False


class NoRedirect(BadRequest):
    """This installation has no redirect URI configured."""


async def create_connection(
    call: Caller, body: NewConnection
) -> Answer[LinkStarted | ConnectionView]:
    """Begin an OAuth link, or connect with keys.

    An OAuth provider answers with the page where its owner signs in; a provider with keys answers
    with the connection.
    """
    link = Link(call.principal.user_id, body.provider_slug, body.alias, body.connection_id)
    if body.credentials is None:
        return Answer(await _begin(call, link, body.redirect_uri))
    access = call.services.provider_access
    made = await links.connect_with_keys(call.uow, access, link, body.credentials)
    return Answer(made.view, _location(made), made.version)


async def _begin(call: Call, link: Link, redirect_uri: str | None) -> LinkStarted:
    allowed = call.services.redirect_uris
    if not allowed:
        raise NoRedirect("This installation has no redirect URI configured.")
    return await links.begin_link(
        call.uow,
        call.services.provider_access,
        link,
        redirect_uri=redirect_uri or allowed[0],
        allowed_redirects=allowed,
    )


async def complete_connection(call: Caller, body: Callback) -> Answer[ConnectionView]:
    """Finish an OAuth link with what the provider's page sent back."""
    access = call.services.provider_access
    made = await links.finish_link(
        call.uow, access, call.principal, code=body.code, state=body.state
    )
    return Answer(made.view, _location(made), made.version)


def _location(made: Versioned[ConnectionView]) -> dict[str, str]:
    return {"Location": f"/api/v1/connections/{made.view.id}"}


async def list_connections(call: Caller) -> ConnectionList:
    """List the caller's links, newest first."""
    return await connections.list_connections(call.services.connection_lookups, call.principal)


async def get_connection(call: Caller, connection_id: UUID) -> Versioned[ConnectionView]:
    """One link and its state."""
    lookups = call.services.connection_lookups
    return await connections.get_connection(lookups, call.principal, connection_id)


async def rename_connection(
    call: Caller, connection_id: UUID, body: ConnectionChanges
) -> Versioned[ConnectionView]:
    """Give a link another alias."""
    return await connections.rename_connection(
        call.uow,
        call.services.clock,
        call.principal,
        connection_id,
        alias=body.alias,
        expected_version=call.expected_version,
    )


async def disconnect(call: Caller, connection_id: UUID) -> None:
    """Wipe the credentials for good; accounts and history stay."""
    await connections.disconnect(
        call.uow, call.services.clock, call.principal, connection_id, call.expected_version
    )


async def refresh_connection_tokens(
    call: Caller, connection_id: UUID, body: TokenRefresh | None = None
) -> TokenRefreshed:
    """Make sure that the provider's tokens are good."""
    await charge_provider(call, connection_id)
    return await credentials.refresh_provider_tokens(
        call.uow,
        call.services.provider_access,
        call.principal,
        connection_id,
        force=body is not None and body.force,
    )


async def charge_provider(call: Call, connection_id: UUID) -> Standing:
    """Take a token from this user's bucket for the connection's provider.

    Raises ConnectionNotFound, NotYours, RateLimitExceeded.
    """
    lookups = call.services.connection_lookups
    standing = await lookups.standing(call.principal.user_id, connection_id)
    await call.charge(f"{call.principal.user_id}:{standing.provider_slug}")
    return standing
