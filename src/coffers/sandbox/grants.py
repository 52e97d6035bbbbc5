"""Who may read what: codes, access tokens and refresh tokens (RFC 6749, RFC 7636, RFC 7009)."""

import time
from base64 import urlsafe_b64encode
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex
from typing import Final, TypeVar

from coffers.sandbox.seals import Claims, Seal

Value = TypeVar("Value")

SECOND: Final = 1_000_000_000
CODE_LIFE_S: Final = 60
ACCESS_LIFE_S: Final = 300
REFRESH_LIFE_S: Final = 30 * 24 * 3600
#: A rotated refresh token that comes back later than this was stolen: the sign-in ends.
REUSE_GRACE_S: Final = 10
#: Sign-ins, codes and revoked tokens that are remembered; the oldest are forgotten.
REMEMBERED: Final = 10_000


class GrantRefused(Exception):
    """The code or refresh token does not open anything (`invalid_grant`)."""


class TokenRefused(Exception):
    """The access token is not ours, or revoked."""


class TokenExpired(TokenRefused):
    """The access token ran out."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a grant gives; the access token lives `expires_in` seconds."""

    access: str
    refresh: str
    expires_in: int


@dataclass(slots=True)
class SignIn:
    """How far a sign-in has rotated: the serial of its living refresh token, and since when."""

    serial: int = 0
    rotated_at: int = 0
    is_dead: bool = False


class Grants:
    """The tokens of one sandbox: they carry what they say, kept are rotation and revocation."""

    def __init__(
        self, seal: Seal, access_life_s: int, now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self.counts = Counter(code_grants=0, refresh_attempts=0, refresh_grants=0)
        self._seal = seal
        self._access_life_s = access_life_s
        self._now = now_ns
        self._sign_ins: OrderedDict[str, SignIn] = OrderedDict()
        self._revoked: OrderedDict[str, None] = OrderedDict()
        self._expired_until = 0
        self._revoked_until = 0

    def code(self, user_name: str, redirect_uri: str, challenge: str) -> str:
        """Answer a code for one sign-in, good once and for a minute."""
        claims: Claims = {"user": user_name, "uri": _digest(redirect_uri), "challenge": challenge}
        return self._seal.close("code", claims | self._stamp(token_hex(8), CODE_LIFE_S))

    def redeem(self, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """Trade a code for tokens; one that comes back ends the sign-in that it began."""
        claims = self._opened("code", code)
        name = str(claims["sign_in"])
        if name in self._sign_ins:
            self._sign_ins[name].is_dead = True
            raise GrantRefused("The code was used before.")
        if claims["uri"] != _digest(redirect_uri) or claims["challenge"] != challenge_of(verifier):
            raise GrantRefused("The code belongs to another redirect_uri or code_challenge.")
        self.counts["code_grants"] += 1
        return self._issue(str(claims["user"]), name)

    def refresh(self, token: str) -> Tokens:
        """Trade a refresh token for the next pair."""
        self.counts["refresh_attempts"] += 1
        claims = self._opened("refresh", token)
        name, serial = str(claims["sign_in"]), int(claims["serial"])
        sign_in = self._sign_in(name, serial)
        if serial < sign_in.serial and self._now() > sign_in.rotated_at + REUSE_GRACE_S * SECOND:
            sign_in.is_dead = True
        if serial != sign_in.serial or sign_in.is_dead:
            raise GrantRefused("The refresh token was used before or is revoked.")
        self.counts["refresh_grants"] += 1
        return self._issue(str(claims["user"]), name)

    def user_of(self, access_token: str) -> str:
        """Answer who signed in; raises TokenExpired or TokenRefused."""
        claims = self._seal.open("access", access_token)
        if claims is None or self._is_revoked(claims, access_token):
            raise TokenRefused("The access token is not valid.")
        if self._now() >= int(claims["ends"]) or int(claims["made"]) <= self._expired_until:
            raise TokenExpired("The access token expired.")
        return str(claims["user"])

    def revoke(self, token: str) -> None:
        """End a token, and with a refresh token its whole sign-in; unknown ones are ignored."""
        claims = self._seal.open("refresh", token)
        if claims is not None:
            self._sign_in(str(claims["sign_in"]), int(claims["serial"])).is_dead = True
        elif self._seal.open("access", token) is not None:
            _remember(self._revoked, token, None)

    def expire_all(self) -> None:
        """Let every access token made so far expire."""
        self._expired_until = self._now()

    def revoke_all(self) -> None:
        """Revoke every code, access token and refresh token made so far."""
        self._revoked_until = self._now()

    def _issue(self, user_name: str, name: str) -> Tokens:
        sign_in = self._sign_in(name, 0)
        sign_in.serial += 1
        sign_in.rotated_at = self._now()
        claims: Claims = {"user": user_name, "serial": sign_in.serial}
        return Tokens(
            self._seal.close("access", claims | self._stamp(name, self._access_life_s)),
            self._seal.close("refresh", claims | self._stamp(name, REFRESH_LIFE_S)),
            self._access_life_s,
        )

    def _stamp(self, name: str, life_s: int) -> Claims:
        now = self._now()
        return {"sign_in": name, "made": now, "ends": now + life_s * SECOND}

    def _opened(self, purpose: str, word: str) -> Claims:
        claims = self._seal.open(purpose, word)
        if claims is None or self._now() >= int(claims["ends"]) or self._is_revoked(claims, word):
            raise GrantRefused(f"The {purpose} is not valid.")
        return claims

    def _is_revoked(self, claims: Claims, word: str) -> bool:
        sign_in = self._sign_ins.get(str(claims["sign_in"]))
        is_dead = sign_in is not None and sign_in.is_dead
        return is_dead or word in self._revoked or int(claims["made"]) <= self._revoked_until

    def _sign_in(self, name: str, serial: int) -> SignIn:
        """Answer what is known of a sign-in; after a restart, what its token says."""
        if name not in self._sign_ins:
            _remember(self._sign_ins, name, SignIn(serial))
        return self._sign_ins[name]


def challenge_of(verifier: str) -> str:
    """Answer the S256 challenge of a verifier (RFC 7636, section 4.2)."""
    digest = sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _remember(known: OrderedDict[str, Value], key: str, value: Value) -> None:
    known[key] = value
    while len(known) > REMEMBERED:
        known.popitem(last=False)
