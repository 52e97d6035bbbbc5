"""OAuth 2: the login page, the tokens, their end."""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from hmac import compare_digest
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from coffers.sandbox.bank import PERSONAS
from coffers.sandbox.grants import GrantRefused, Grants, Tokens
from coffers.sandbox.login import login_page
from coffers.sandbox.sandbox import bounded_body, sandbox_of

CLIENT_ID: Final = "coffers"
CLIENT_SECRET: Final = "sandbox-secret"  # noqa: S105 - printed in the documentation
MAX_REDIRECT_URI: Final = 2_000
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_STATE: Final = re.compile(r"[\x20-\x7e]{1,500}")
_PARAMETERS: Final = (
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "scope",
)
_NO_STORE: Final = {"Cache-Control": "no-store"}


class OAuthRefused(Exception):
    """An error of the token endpoint (RFC 6749, section 5.2)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


async def show_login(request: Request) -> Response:
    """Show the login page, or say at once why there is no sign-in."""
    parameters = _chosen(request.query_params)
    refused = _unfit(parameters)
    return refused or HTMLResponse(login_page(parameters), headers=_NO_STORE)


async def sign_in(request: Request) -> Response:
    """Take the form of the login page and send the owner back with a code or a refusal."""
    form = dict(request.query_params) | await _form(request)
    parameters = _chosen(form)
    refused = _unfit(parameters)
    if refused is not None:
        return refused
    if form.get("action") == "deny":
        return _back(parameters, error="access_denied")
    user_name = form.get("username", "")
    if not _knows(user_name, form.get("password", "")):
        page = login_page(parameters, "The user name or the password is wrong.")
        return HTMLResponse(page, HTTPStatus.UNAUTHORIZED, _NO_STORE)
    uri, challenge = parameters["redirect_uri"], parameters["code_challenge"]
    return _back(parameters, code=sandbox_of(request).grants.code(user_name, uri, challenge))


async def grant_tokens(request: Request) -> Response:
    """Trade a code or a refresh token for tokens."""
    try:
        tokens = _granted(sandbox_of(request).grants, await _client_form(request))
    except GrantRefused as error:
        return _oauth_error("invalid_grant", str(error))
    except OAuthRefused as error:
        return _oauth_error(error.error, str(error))
    answer = {
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
        "refresh_token": tokens.refresh,
        "scope": "read",
    }
    return JSONResponse(answer, headers=_NO_STORE)


async def revoke_token(request: Request) -> Response:
    """End a token."""
    try:
        form = await _client_form(request)
        sandbox_of(request).grants.revoke(_field(form, "token"))
    except OAuthRefused as error:
        return _oauth_error(error.error, str(error))
    return Response()


def _granted(grants: Grants, form: Mapping[str, str]) -> Tokens:
    kind = _field(form, "grant_type")
    if kind == "authorization_code":
        names = ("code", "redirect_uri", "code_verifier")
        return grants.redeem(*(_field(form, name) for name in names))
    if kind == "refresh_token":
        return grants.refresh(_field(form, "refresh_token"))
    raise OAuthRefused("unsupported_grant_type", "authorization_code or refresh_token.")


def _unfit(parameters: Mapping[str, str]) -> Response | None:
    """Answer why these parameters cannot begin a sign-in; None when they can."""
    redirect_uri = parameters.get("redirect_uri", "")
    if parameters.get("client_id") != CLIENT_ID or not _is_address(redirect_uri):
        page = "<!doctype html><title>Refused</title><p>Unknown client_id or bad redirect_uri.</p>"
        return HTMLResponse(page, HTTPStatus.BAD_REQUEST)
    if parameters.get("response_type") != "code":
        return _back(parameters, error="unsupported_response_type")
    is_state = _STATE.fullmatch(parameters.get("state", ""))
    is_challenge = _CHALLENGE.fullmatch(parameters.get("code_challenge", ""))
    if not (is_state and is_challenge and parameters.get("code_challenge_method") == "S256"):
        return _back(parameters, error="invalid_request")
    return None


def _is_address(uri: str) -> bool:
    if len(uri) > MAX_REDIRECT_URI or not uri.isascii() or not uri.isprintable():
        return False
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "#" not in uri


def _back(parameters: Mapping[str, str], **outcome: str) -> Response:
    """Send the owner back to the program that asked."""
    uri = parameters["redirect_uri"]
    query = urlencode(outcome | {"state": parameters.get("state", "")})
    address = f"{uri}{'&' if '?' in uri else '?'}{query}"
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, _NO_STORE)


def _chosen(form: Mapping[str, str]) -> dict[str, str]:
    return {name: form[name] for name in _PARAMETERS if name in form}


def _knows(user_name: str, password: str) -> bool:
    persona = PERSONAS.get(user_name)
    return persona is not None and compare_digest(persona.password.encode(), password.encode())


def _field(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise OAuthRefused("invalid_request", f"{name} is missing.")
    return form[name]


async def _client_form(request: Request) -> dict[str, str]:
    """Read the form of a client that proves who it is."""
    form = await _form(request)
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, word = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        client_id, secret = _basic(word)
    if client_id != CLIENT_ID or not compare_digest(secret.encode(), CLIENT_SECRET.encode()):
        raise OAuthRefused("invalid_client", "client_id or client_secret is wrong.")
    return form


def _basic(word: str) -> tuple[str, str]:
    try:
        name, _, secret = b64decode(word, validate=True).decode().partition(":")
    except (Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


async def _form(request: Request) -> dict[str, str]:
    body = await bounded_body(request)
    return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


def _oauth_error(error: str, description: str) -> Response:
    document = {"error": error, "error_description": description}
    if error == "invalid_client":
        headers = _NO_STORE | {"WWW-Authenticate": 'Basic realm="sandbox"'}
        return JSONResponse(document, HTTPStatus.UNAUTHORIZED, headers)
    return JSONResponse(document, HTTPStatus.BAD_REQUEST, _NO_STORE)


ROUTES: Final = [
    Route("/oauth/authorize", show_login, methods=["GET"]),
    Route("/oauth/authorize", sign_in, methods=["POST"]),
    Route("/oauth/token", grant_tokens, methods=["POST"]),
    Route("/oauth/revoke", revoke_token, methods=["POST"]),
]
