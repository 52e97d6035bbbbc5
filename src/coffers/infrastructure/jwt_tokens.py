"""Access tokens as JWT (RFC 7519, RFC 8725).

python-jose signs and compares signatures; by itself it accepts far too much, so everything else is
read and judged here.
"""

import base64
import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from jose import jws

from coffers.application.ports import AccessClaims, AccessTokens
from coffers.domain.identity.sessions import ACCESS_TOKEN_LIFE, TokenInvalid
from coffers.domain.identity.users import Role
from coffers.domain.ids import SessionId, UserId, new_id
from coffers.infrastructure.jwt_keys import KeyRing

MAX_TOKEN: Final = 4096
CACHED_TOKENS: Final = 10_000
#: How far another process's clock may be ahead.
MAX_SKEW_S: Final = 5
_LIFE_S: Final = int(ACCESS_TOKEN_LIFE.total_seconds())
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HEADER: Final = {"alg", "typ", "kid"}
_CLAIMS: Final = {"iss", "aud", "sub", "sid", "jti", "iat", "exp", "typ", "roles"}
_REFUSAL: Final = "The access token is not valid."


class JwtAccessTokens(AccessTokens):
    """Tokens of exactly one algorithm. The first key of the ring signs; all of them verify."""

    def __init__(self, ring: KeyRing, *, issuer: str, audience: str) -> None:
        self._ring = ring
        self._issuer = issuer
        self._audience = audience
        self._verified: OrderedDict[str, AccessClaims] = OrderedDict()

    def issue(
        self, user_id: UserId, session_id: SessionId, roles: frozenset[Role], *, now: datetime
    ) -> str:
        """As the port says."""
        issued_at = int(now.timestamp())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(user_id),
            "sid": str(session_id),
            "jti": str(new_id()),
            "iat": issued_at,
            "exp": issued_at + _LIFE_S,
            "typ": "access",
            "roles": sorted(roles),
        }
        ring = self._ring
        token: str = jws.sign(claims, ring.signer, {"kid": ring.kid}, ring.algorithm)
        return token

    def verify(self, token: str, *, now: datetime) -> AccessClaims:
        """As the port says. What is remembered of a token still ends with it."""
        claims = self._verified.get(token)
        if claims is None:
            claims = self._checked(token, now.timestamp())
            self._remember(token, claims)
        if claims.expires_at <= now.timestamp():
            raise TokenInvalid(_REFUSAL)
        return claims

    def key_set(self) -> list[dict[str, str]]:
        """As the port says."""
        return self._ring.public_keys()

    def _checked(self, token: str, now: float) -> AccessClaims:
        try:
            return self._read(token, now)
        except TokenInvalid:
            raise
        except Exception as error:  # whatever a hostile token provokes is one refusal
            raise TokenInvalid(_REFUSAL) from error

    def _read(self, token: str, now: float) -> AccessClaims:
        _require(len(token) <= MAX_TOKEN and _TOKEN.fullmatch(token) is not None)
        header, payload, _ = map(_canonical, token.split("."))
        ring = self._ring
        key = ring.verifier(self._kid(_object(header)))
        jws.verify(token, key, [ring.algorithm])
        return self._judged(_object(payload), now)

    def _kid(self, header: Mapping[str, object]) -> str:
        """Which key the token claims; nothing else in a header is obeyed, or allowed."""
        _require(set(header) == _HEADER and header["typ"] == "JWT")
        _require(header["alg"] == self._ring.algorithm)
        return _text(header["kid"])

    def _judged(self, claims: Mapping[str, object], now: float) -> AccessClaims:
        _require(set(claims) == _CLAIMS and claims["typ"] == "access")
        _require(claims["iss"] == self._issuer and claims["aud"] == self._audience)
        _uuid(claims["jti"])
        issued_at, expires_at = _seconds(claims["iat"]), _seconds(claims["exp"])
        _require(issued_at <= now + MAX_SKEW_S and now < expires_at)
        _require(issued_at < expires_at <= issued_at + _LIFE_S)
        return AccessClaims(
            user_id=UserId(_uuid(claims["sub"])),
            session_id=SessionId(_uuid(claims["sid"])),
            roles=_roles(claims["roles"]),
            expires_at=expires_at,
        )

    def _remember(self, token: str, claims: AccessClaims) -> None:
        self._verified[token] = claims
        if len(self._verified) > CACHED_TOKENS:
            self._verified.popitem(last=False)


def _require(holds: bool) -> None:  # noqa: FBT001 - an assertion
    if not holds:
        raise TokenInvalid(_REFUSAL)


def _canonical(segment: str) -> bytes:
    """The bytes of a segment, which has one spelling only: no padding, no stray bits."""
    decoded = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    _require(base64.urlsafe_b64encode(decoded).rstrip(b"=") == segment.encode())
    return decoded


def _object(text: bytes) -> dict[str, object]:
    found = json.loads(text.decode(), object_pairs_hook=_without_duplicates)
    _require(isinstance(found, dict))
    fields: dict[str, object] = found
    return fields


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:  # Any: JSON values
    found = dict(pairs)
    _require(len(found) == len(pairs))
    return found


def _text(value: object) -> str:
    _require(isinstance(value, str))
    return str(value)


def _uuid(value: object) -> UUID:
    found = UUID(_text(value))
    _require(str(found) == value)
    return found


def _seconds(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TokenInvalid(_REFUSAL)
    return value


def _roles(value: object) -> frozenset[Role]:
    if not isinstance(value, list) or not value:
        raise TokenInvalid(_REFUSAL)
    roles = frozenset(Role(_text(word)) for word in value)
    _require(len(roles) == len(value))
    return roles
