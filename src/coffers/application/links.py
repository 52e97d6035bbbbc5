"""Linking a provider: to its page and back, or by its keys."""

import base64
import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from coffers.application.connections import ConnectionView, seal, view_of
from coffers.application.credentials import ProviderAccess
from coffers.application.opaque_tokens import hash_token
from coffers.application.ports import UnitOfWork
from coffers.application.providers import source_of
from coffers.application.views import Versioned
from coffers.domain.connections import (
    LINK_LIFE,
    SYNC_INTERVAL,
    Connection,
    ConnectionStatus,
    LinkAttempt,
    OAuthStateInvalid,
    RedirectNotAllowed,
    SealedCredentials,
    WrongCredentialType,
)
from coffers.domain.errors import DomainError
from coffers.domain.events import Event
from coffers.domain.ids import UserId, new_id
from coffers.domain.principals import Principal
from coffers.domain.providers import Credentials, KeyProvider, OAuthProvider


class LinkStarted(msgspec.Struct, frozen=True):
    """Where to send the owner's browser, within `expires_in` seconds."""

    authorization_url: str
    state: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class Link:
    """What is to be linked: `renews` gets the new credentials; without it a connection is made."""

    user_id: UserId
    slug: str
    alias: str | None
    renews: UUID | None


async def begin_link(
    uow: UnitOfWork,
    access: ProviderAccess,
    link: Link,
    *,
    redirect_uri: str,
    allowed_redirects: Collection[str],
) -> LinkStarted:
    """Prepare an OAuth link (PKCE, S256) and say where its owner signs in.

    Raises ProviderNotFound, WrongCredentialType, RedirectNotAllowed, ConnectionNotFound, NotYours.
    """
    provider = source_of(access.catalogue, link.slug)
    if not isinstance(provider, OAuthProvider):
        raise WrongCredentialType("This provider is connected with keys.", field="credentials")
    _check_redirect(redirect_uri, allowed_redirects)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    attempt_id = new_id()
    attempt = LinkAttempt(
        id=attempt_id,
        user_id=link.user_id,
        state_hash=hash_token(state),
        provider_slug=link.slug,
        alias=link.alias,
        redirect_uri=redirect_uri,
        sealed_verifier=access.vault.seal(verifier.encode(), bound_to=attempt_id),
        expires_at=access.clock.now() + LINK_LIFE,
        connection_id=link.renews,
    )
    async with uow:
        await _check_renewal(uow, link)
        await uow.connections.keep_attempt(attempt)
        uow.record(Event("ConnectionAttempted", link.user_id, None, {"provider": link.slug}))
        await uow.commit()
    url = provider.authorization_url(
        state=state, code_challenge=_challenge(verifier), redirect_uri=redirect_uri
    )
    return LinkStarted(url, state, int(LINK_LIFE.total_seconds()))


async def finish_link(
    uow: UnitOfWork,
    access: ProviderAccess,
    principal: Principal,
    *,
    code: str,
    state: str,
) -> Versioned[ConnectionView]:
    """Trade the code that the provider's page sent back for a connection.

    The state works once, whatever comes of it. A link begun to renew a connection renews that one,
    history and all. Raises OAuthStateInvalid, and what the provider refuses.
    """
    async with uow:
        attempt = await uow.connections.take_attempt(principal.user_id, hash_token(state))
        await uow.commit_claim()
    if attempt is None or attempt.expires_at <= access.clock.now():
        raise OAuthStateInvalid("The state is unknown, used or expired: begin the link again.")
    provider = source_of(access.catalogue, attempt.provider_slug)
    if not isinstance(provider, OAuthProvider):
        raise OAuthStateInvalid("This provider no longer works that way: begin the link again.")
    verifier = access.vault.open(attempt.sealed_verifier, bound_to=attempt.id).decode()
    try:
        credentials = await provider.exchange_code(
            code=code, code_verifier=verifier, redirect_uri=attempt.redirect_uri
        )
    except DomainError as refusal:
        await _link_failed(uow, principal.user_id, attempt.provider_slug, refusal)
        raise
    link = Link(principal.user_id, attempt.provider_slug, attempt.alias, attempt.connection_id)
    return await _linked(uow, access, link, credentials)


async def connect_with_keys(
    uow: UnitOfWork,
    access: ProviderAccess,
    link: Link,
    fields: Mapping[str, str],
) -> Versioned[ConnectionView]:
    """Check the keys against the provider and keep them.

    Raises ProviderNotFound, WrongCredentialType, CredentialFieldsInvalid, and what the provider
    refuses.
    """
    provider = source_of(access.catalogue, link.slug)
    if not isinstance(provider, KeyProvider):
        raise WrongCredentialType("This provider is not connected with keys.", field="credentials")
    provider.profile.check_fields(fields)
    async with uow:
        await _check_renewal(uow, link)
        uow.record(Event("ConnectionAttempted", link.user_id, None, {"provider": link.slug}))
        await uow.commit_claim()
    try:
        credentials = await provider.connect(fields)
    except DomainError as refusal:
        await _link_failed(uow, link.user_id, link.slug, refusal)
        raise
    return await _linked(uow, access, link, credentials)


def _check_redirect(uri: str, allowed: Collection[str]) -> None:
    """Compared as text: a URI that has to be interpreted to be allowed is not allowed."""
    if uri not in allowed or urlsplit(uri).fragment:
        raise RedirectNotAllowed("This redirect URI is not allowed here.", field="redirect_uri")


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def _check_renewal(uow: UnitOfWork, link: Link) -> None:
    if link.renews is None:
        return
    connection = await uow.connections.get(link.user_id, link.renews)
    if connection.provider_slug != link.slug:
        raise WrongCredentialType("That connection is to another provider.", field="connection_id")


async def _linked(
    uow: UnitOfWork, access: ProviderAccess, link: Link, credentials: Credentials
) -> Versioned[ConnectionView]:
    async with uow:
        connection = await _connection_for(uow, link, access.clock.now())
        sealed = seal(access.vault, connection.id, credentials)
        await uow.connections.keep_credentials(
            SealedCredentials(link.user_id, connection.id, sealed, credentials.expires_at)
        )
        details = {"provider": link.slug}
        uow.record(Event("ConnectionSucceeded", link.user_id, connection.id, details))
        await uow.commit()
    return view_of(connection)


async def _connection_for(uow: UnitOfWork, link: Link, now: datetime) -> Connection:
    if link.renews is None:
        fresh = _fresh(link.user_id, link.slug, link.alias, now)
        await uow.connections.add(fresh)
        return fresh
    known = await uow.connections.get(link.user_id, link.renews)
    renewed = replace(
        known,
        status=ConnectionStatus.ACTIVE,
        alias=link.alias or known.alias,
        connected_at=now,
        next_sync_at=now + SYNC_INTERVAL,
        updated_at=now,
    )
    return await uow.connections.update(renewed)


def _fresh(user_id: UserId, slug: str, alias: str | None, now: datetime) -> Connection:
    return Connection(
        id=new_id(),
        user_id=user_id,
        provider_slug=slug,
        alias=alias,
        status=ConnectionStatus.ACTIVE,
        connected_at=now,
        last_sync_at=None,
        next_sync_at=now + SYNC_INTERVAL,
        created_at=now,
        updated_at=now,
    )


async def _link_failed(uow: UnitOfWork, user_id: UserId, slug: str, refusal: DomainError) -> None:
    async with uow:
        details = {"provider": slug, "problem": refusal.slug}
        uow.record(Event("ConnectionFailed", user_id, None, details))
        await uow.commit_claim()
