"""Access tokens as JWT (RFC 7519, RFC 8725) around python-jose, which by itself accepts far too much."""

import json
from base64 import urlsafe_b64decode
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from jose import jwk, jwt

from coffers.application.ports import AccessClaims, AccessTokens
from coffers.domain.ids import SessionId, UserId, new_id
from coffers.domain.sessions import ACCESS_TOKEN_LIFE, TokenInvalid
from coffers.domain.users import Role

MAX_TOKEN: Final = 4096
CACHED_TOKENS: Final = 10_000
_HEADER_KEYS: Final = {"alg", "typ", "kid"}
_REQUIRED: Final = ("iss", "aud", "sub", "sid", "jti", "iat", "exp", "typ", "roles")
_OPTIONS: Final = {f"require_{claim}": True for claim in ("iss", "aud", "sub", "jti", "iat", "exp")}
_REFUSAL: Final = "The access token is not valid."


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of the ring.

    A secret of at least 32 bytes, or a private key in PEM. `kid` names it in token headers.
    """

    kid: str
    secret: str


class JwtAccessTokens(AccessTokens):
    """Tokens of exactly one algorithm. The first key of the ring signs; all of them verify."""

    def __init__(
        self, keys: Sequence[SigningKey], *, algorithm: str, issuer: str, audience: str
    ) -> None:
        self._algorithm = algorithm
        self._issuer = issuer
        self._audience = audience
        self._signer = keys[0].kid
        self._private = {key.kid: jwk.construct(key.secret, algorithm) for key in keys}
        self._public = {
            kid: key if algorithm.startswith("HS") else key.public_key()
            for kid, key in self._private.items()
        }
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
            "exp": issued_at + int(ACCESS_TOKEN_LIFE.total_seconds()),
            "typ": "access",
            "roles": sorted(roles),
        }
        key = self._private[self._signer]
        token: str = jwt.encode(claims, key, self._algorithm, headers={"kid": self._signer})
        return token

    def verify(self, token: str, *, now: datetime) -> AccessClaims:
        """As the port says."""
        claims = self._verified.get(token)
        if claims is None:
            claims = self._checked(token, now.timestamp())
            self._remember(token, claims)
        if claims.expires_at <= now.timestamp():
            raise TokenInvalid(_REFUSAL)
        return claims

    def key_set(self) -> list[dict[str, object]]:
        """As the port says."""
        if self._algorithm.startswith("HS"):
            return []
        return [
            {**_texts(key.to_dict()), "kid": kid, "use": "sig"} for kid, key in self._public.items()
        ]

    def _checked(self, token: str, now: float) -> AccessClaims:
        try:
            return self._decoded(token, now)
        except TokenInvalid:
            raise
        except (
            Exception
        ) as error:  # whatever a hostile token provokes, RecursionError included, is one refusal
            raise TokenInvalid(_REFUSAL) from error

    def _decoded(self, token: str, now: float) -> AccessClaims:
        kid = self._key_named_by(token)
        claims = jwt.decode(
            token,
            self._public[kid],
            algorithms=[self._algorithm],
            audience=self._audience,
            issuer=self._issuer,
            options={**_OPTIONS, "verify_exp": False, "verify_iat": False},
        )
        if set(claims) != set(_REQUIRED) or claims["typ"] != "access":
            raise TokenInvalid(_REFUSAL)
        if claims["aud"] != self._audience or not claims["jti"]:
            raise TokenInvalid(_REFUSAL)
        issued_at, expires_at = _instant(claims["iat"]), _instant(claims["exp"])
        life = ACCESS_TOKEN_LIFE.total_seconds()
        if not (issued_at <= now + 5 and issued_at < expires_at <= issued_at + life):
            raise TokenInvalid(_REFUSAL)
        return AccessClaims(
            user_id=UserId(UUID(claims["sub"])),
            session_id=SessionId(UUID(claims["sid"])),
            roles=frozenset(map(Role, claims["roles"])),
            expires_at=expires_at,
        )

    def _key_named_by(self, token: str) -> str:
        """The ring's key for this token, after reading its header by ourselves.

        Nothing in it is obeyed.
        """
        if len(token) > MAX_TOKEN or not token.isascii():
            raise TokenInvalid(_REFUSAL)
        encoded, _, _ = token.partition(".")
        header = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        if not set(header) <= _HEADER_KEYS or header.get("alg") != self._algorithm:
            raise TokenInvalid(_REFUSAL)
        if header.get("typ") != "JWT" or header.get("kid") not in self._public:
            raise TokenInvalid(_REFUSAL)
        return str(header["kid"])

    def _remember(self, token: str, claims: AccessClaims) -> None:
        self._verified[token] = claims
        if len(self._verified) > CACHED_TOKENS:
            self._verified.popitem(last=False)


def _instant(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TokenInvalid(_REFUSAL)
    return value


def _texts(fields: dict[str, Any]) -> dict[str, object]:  # Any: jose's own types, bytes or text
    return {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in fields.items()
    }
