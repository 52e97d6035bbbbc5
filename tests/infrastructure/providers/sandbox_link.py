"""Signing in at the real sandbox, as the owner's browser would."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

import httpx

from coffers.domain.linking.providers import Credentials, OAuthProvider
from tests.programs import NO_TLS

CLIENT_ID: Final = "coffers"
CLIENT_SECRET: Final = "sandbox-secret"
VERIFIER: Final = "v" * 43
BACK: Final = "https://us.example/back"


async def sign_in(provider: OAuthProvider, user: str, password: str) -> Credentials:
    """Credentials of this persona."""
    challenge = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    url = provider.authorization_url(state="s", code_challenge=challenge, redirect_uri=BACK)
    async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as browser:
        answer = await browser.post(url, data={"username": user, "password": password})
    code = httpx.URL(answer.headers["location"]).params["code"]
    return await provider.exchange_code(code=code, code_verifier=VERIFIER, redirect_uri=BACK)
