"""Linking a provider: to its page and back, or by its keys."""

import base64
import hashlib
import secrets
from collections.abc import Collection, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from coffers.application.identity.opaque_tokens import hash_token
from coffers.application.linking.connections import ConnectionView, seal, view_of
from coffers.application.linking.credentials import ProviderAccess
from coffers.application.linking.providers import source_of
from coffers.application.uninterrupted import uninterrupted
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import Versioned
from coffers.domain.errors import DomainError
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.linking.connections import (
    LINK_LIFE,
    Connection,
    ConnectionStatus,
    LinkAttempt,
    OAuthStateInvalid,
    ProviderNotOffered,
    RedirectNotAllowed,
    SealedCredentials,
    WrongCredentialType,
)
from coffers.domain.linking.providers import (
    Credentials,
    CredentialType,
    KeyProvider,
    OAuthProvider,
    Source,
)
from coffers.domain.linking.schedules import FIRST_AFTER
from coffers.domain.live.events import Event


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

    Raises ProviderNotFound, WrongCredentialType, RedirectNotAllowed, TooManyConnections,
    ConnectionNotFound, NotYours.
    """
    provider = source_of(access.catalogue, link.slug)
    if not isinstance(provider, OAuthProvider):
        raise _wrong_kind(provider)
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
        await _check_place(uow, link)
        await uow.connections.keep_attempt(attempt)
        uow.record(_event("Attempted", link))
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
    history and all. Raises OAuthStateInvalid, ProviderNotOffered, TooManyConnections, and what the
    provider refuses.
    """
    async with uow:
        attempt = await uow.connections.take_attempt(principal.user_id, hash_token(state))
        await uow.commit_claim()
    if attempt is None or attempt.expires_at <= access.clock.now():
        raise OAuthStateInvalid("The state is unknown, used or expired: begin the link again.")
    provider = access.catalogue.get(attempt.provider_slug)
    if not isinstance(provider, OAuthProvider):
        detail = f"This installation does not offer '{attempt.provider_slug}' any more."
        raise ProviderNotOffered(detail)
    verifier = access.vault.open(attempt.sealed_verifier, bound_to=attempt.id).decode()
    exchange = provider.exchange_code(
        code=code, code_verifier=verifier, redirect_uri=attempt.redirect_uri
    )
    link = Link(principal.user_id, attempt.provider_slug, attempt.alias, attempt.connection_id)
    return await uninterrupted(_link_up(uow, access, link, exchange))


async def connect_with_keys(
    uow: UnitOfWork,
    access: ProviderAccess,
    link: Link,
    fields: Mapping[str, str],
) -> Versioned[ConnectionView]:
    """Check the keys against the provider and keep them.

    Raises ProviderNotFound, WrongCredentialType, CredentialFieldsInvalid, TooManyConnections,
    ConnectionNotFound, NotYours, and what the provider refuses.
    """
    provider = source_of(access.catalogue, link.slug)
    if not isinstance(provider, KeyProvider):
        raise _wrong_kind(provider)
    provider.profile.check_fields(fields)
    async with uow:
        await _check_place(uow, link)
        uow.record(_event("Attempted", link))
        await uow.commit_claim()
    return await uninterrupted(_link_up(uow, access, link, provider.connect(fields)))


def _wrong_kind(source: Source) -> WrongCredentialType:
    if source.profile.credential_type is CredentialType.FILE:
        detail = "Files are not linked: send them to POST /imports."
        return WrongCredentialType(detail, field="provider_slug")
    is_keyed = source.profile.credential_type is CredentialType.API_KEY
    detail = f"This provider is {'' if is_keyed else 'not '}connected with keys."
    return WrongCredentialType(detail, field="credentials")


def _check_redirect(uri: str, allowed: Collection[str]) -> None:
    """Compared as text: a URI that has to be interpreted to be allowed is not allowed."""
    if uri not in allowed or urlsplit(uri).fragment:
        raise RedirectNotAllowed("This redirect URI is not allowed here.", field="redirect_uri")


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def _check_place(uow: UnitOfWork, link: Link) -> None:
    """Before the provider is asked: what it gives may be had only once."""
    if link.renews is None:
        await uow.connections.check_room(link.user_id)
        return
    connection = await uow.connections.get(link.user_id, link.renews)
    if connection.provider_slug != link.slug:
        raise WrongCredentialType("That connection is to another provider.", field="connection_id")


async def _link_up(
    uow: UnitOfWork,
    access: ProviderAccess,
    link: Link,
    asked: Coroutine[Any, Any, Credentials],  # Any: what a coroutine yields inside
) -> Versioned[ConnectionView]:
    """Keep what the provider gives, even when nobody waits any more: it gives it once."""
    try:
        credentials = await asked
        return await _linked(uow, access, link, credentials)
    except DomainError as refusal:
        await _link_failed(uow, link, refusal)
        raise


async def _linked(
    uow: UnitOfWork, access: ProviderAccess, link: Link, credentials: Credentials
) -> Versioned[ConnectionView]:
    async with uow:
        now = access.clock.now()
        connection = await _connection_for(uow, link, now)
        sealed = SealedCredentials(
            user_id=link.user_id,
            connection_id=connection.id,
            sealed=seal(access.vault, connection.id, credentials),
            expires_at=credentials.expires_at,
            obtained_at=now,
        )
        await uow.connections.keep_credentials(sealed)
        uow.record(_event("Succeeded", link, connection.id))
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
        next_sync_at=now + FIRST_AFTER,
        failures=0,
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
        next_sync_at=now + FIRST_AFTER,
        created_at=now,
        updated_at=now,
    )


async def _link_failed(uow: UnitOfWork, link: Link, refusal: DomainError) -> None:
    # The refusal is the caller's, whether or not the log can take it now.
    with suppress(DomainError):
        async with uow:
            uow.record(_event("Failed", link, problem=refusal.slug))
            await uow.commit_claim()


def _event(outcome: str, link: Link, made: UUID | None = None, **more: str) -> Event:
    details = {"provider": link.slug, **more}
    return Event(f"Connection{outcome}", link.user_id, made or link.renews, details)
