"""OAuth 2: the authorization code grant and refreshing (RFC 6749), with PKCE (RFC 7636)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import httpx

from coffers.application.ports import Clock
from coffers.domain.linking.providers import (
    Credentials,
    ProviderAnsweredNonsense,
    ProviderFailed,
    ProviderRefusedCredentials,
)
from coffers.infrastructure.providers.http import Answer, HttpClient, basic_auth, json_of
from coffers.infrastructure.providers.reading import Fields

MAX_TOKEN_LIFE_S: Final = 10 * 365 * 24 * 3600

#: The owner has to sign in again; Schwab calls an expired refresh token an unsupported type.
_GRANT_IS_OVER: Final = {"invalid_grant", "access_denied", "unsupported_token_type"}
#: The fault is in how this service was registered with the provider; no owner can mend that.
_CLIENT_IS_WRONG: Final = {"invalid_client", "unauthorized_client", "invalid_request"}


@dataclass(frozen=True, slots=True)
class OAuthApplication:
    """What a provider knows this service as. Without a secret the client is public."""

    authorize_url: str
    token_url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scope: str = ""


class CodeGrant:
    """The three steps of `OAuthProvider`, the same for every provider."""

    def __init__(self, http: HttpClient, clock: Clock, application: OAuthApplication) -> None:
        self._http = http
        self._clock = clock
        self._application = application

    def authorization_url(self, *, state: str, code_challenge: str, redirect_uri: str) -> str:
        """As the port says."""
        asked = {
            "response_type": "code",
            "client_id": self._application.client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "code_challenge": code_challenge,
            "code_challenge_method": "S256",
        }
        if self._application.scope:
            asked["scope"] = self._application.scope
        return str(httpx.URL(self._application.authorize_url, params=asked))

    async def exchange_code(
        self, *, code: str, code_verifier: str, redirect_uri: str
    ) -> Credentials:
        """As the port says."""
        return await self._tokens(
            {
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": code_verifier,
                "redirect_uri": redirect_uri,
            }
        )

    async def refresh(self, credentials: Credentials) -> Credentials:
        """As the port says; a refresh token that is not replaced stays."""
        kept = credentials.secret("refresh_token")
        return await self._tokens({"grant_type": "refresh_token", "refresh_token": kept})

    async def _tokens(self, form: dict[str, str]) -> Credentials:
        application, headers = self._application, dict[str, str]()
        if application.client_secret:
            headers = basic_auth(application.client_id, application.client_secret)
        else:
            form = {**form, "client_id": application.client_id}
        answer = await self._http.post(application.token_url, form=form, headers=headers)
        _refuse_ended_grants(answer)
        granted = Fields(json_of(self._http.accepted(answer)), "token answer")
        return self._credentials(granted, form)

    def _credentials(self, granted: Fields, form: Mapping[str, str]) -> Credentials:
        secrets = {"access_token": granted.secret("access_token")}
        if granted.has("refresh_token"):
            secrets["refresh_token"] = granted.secret("refresh_token")
        elif "refresh_token" in form:
            secrets["refresh_token"] = form["refresh_token"]
        if not granted.has("expires_in"):
            return Credentials(secrets)
        seconds = granted.number("expires_in")
        if not 0 < seconds <= MAX_TOKEN_LIFE_S:
            raise ProviderAnsweredNonsense("token answer: 'expires_in' cannot be believed.")
        return Credentials(secrets, self._clock.now() + timedelta(seconds=int(seconds)))


def _refuse_ended_grants(answer: Answer) -> None:
    if answer.status not in {400, 401}:
        return
    try:
        code = Fields(json_of(answer), "token answer").prose("error")
    except ProviderAnsweredNonsense:
        return
    if code in _GRANT_IS_OVER:
        raise ProviderRefusedCredentials(f"{answer.host} says that the sign-in there has ended.")
    if code in _CLIENT_IS_WRONG:
        raise ProviderFailed(f"{answer.host} does not accept this service as its client.")
