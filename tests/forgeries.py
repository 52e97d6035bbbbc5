"""Forged and abused access tokens, each made from a good one of the same key."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

Json = dict[str, Any]  # Any: JSON

RSA_KEY: Final = generate_private_key(65537, 2048)
RSA_PEM: Final = RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
RSA_PUBLIC_PEM: Final = RSA_KEY.public_key().public_bytes(
    Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
)
ABSENT: Final = object()
#: Fixed, because the names of tests are made of it.
SOMEBODY: Final = UUID("01900000-0000-7000-8000-00000000abcd")
#: A claim or a header field → values that it must not have.
WRONG_CLAIMS: Final[dict[str, list[object]]] = {
    "iss": [ABSENT, None, "", "somebody-else", ["coffers"], 1],
    "aud": [ABSENT, None, "", "other-api", ["coffers-api"], ["coffers-api", "other"], 1],
    "sub": [ABSENT, None, "", "1", "admin", 1, ["x"], "{" + str(SOMEBODY) + "}", SOMEBODY.hex],
    "sid": [ABSENT, None, "", "1", 1, "urn:uuid:" + str(SOMEBODY), str(SOMEBODY).upper()],
    "jti": [ABSENT, None, "", "1", 1, {}],
    "typ": [ABSENT, None, "", "refresh", "Access", "JWT", ["access"]],
    "roles": [ABSENT, None, [], "admin", {"admin": 1}, ["root"], ["user", "user"], [1], [["user"]]],
}
WRONG_HEADERS: Final[dict[str, list[object]]] = {
    "alg": [ABSENT, None, "", "none", "None", "NONE", "nOnE", "hs256", "HS384", "HS512", "RS256",
            "ES256", "PS256", "dir", ["HS256"], 256, {"alg": "HS256"}],
    "typ": [ABSENT, None, "", "jwt", "at+jwt", "JWS", ["JWT"]],
    "kid": [ABSENT, None, "", "unknown", "../../../dev/null", "' OR 1=1 --", 0, [], {}, ["x"],
            "http://127.0.0.1/key", "x" * 1000],
}  # fmt: skip
#: Header fields that would have the reader fetch or trust a key, or understand an extension.
FOREIGN_HEADERS: Final[Json] = {
    "jwk": {"kty": "oct", "k": "AAAA"},
    "jku": "http://127.0.0.1:1/keys",
    "x5u": "http://127.0.0.1:1/chain",
    "x5c": ["MIIB"],
    "x5t": "abc",
    "crit": ["exp"],
    "b64": False,
    "zip": "DEF",
    "cty": "JWT",
    "enc": "A256GCM",
}


@dataclass(frozen=True)
class Mint:
    """The key of a service, in the wrong hands: HS256 over whatever it is given."""

    secret: bytes
    kid: str
    claims: Json

    def token(self, header: object = None, claims: object = None) -> str:
        """A signed token; without arguments, a good one. Bytes are signed as they are."""
        head = _bytes(self.header() if header is None else header)
        body = _bytes(self.claims if claims is None else claims)
        signed = f"{encoded(head)}.{encoded(body)}"
        mac = hmac.digest(self.secret, signed.encode(), hashlib.sha256)
        return f"{signed}.{encoded(mac)}"

    def header(self, **changes: object) -> Json:
        return _changed({"alg": "HS256", "typ": "JWT", "kid": self.kid}, changes)

    def with_claims(self, **changes: object) -> str:
        return self.token(claims=_changed(self.claims, changes))

    def with_header(self, **changes: object) -> str:
        return self.token(header=self.header(**changes))


def forgeries(mint: Mint, now: int) -> dict[str, str]:
    """Tokens by name, of which none may be believed."""
    return dict(
        [
            *_wrong("claim", WRONG_CLAIMS, mint.with_claims),
            *_wrong("header", WRONG_HEADERS, mint.with_header),
            *((f"header {key}", mint.with_header(**{key: FOREIGN_HEADERS[key]}))
              for key in FOREIGN_HEADERS),
            *_times(mint, now),
            *_structures(mint),
            *_spellings(mint),
            *_signatures(mint),
        ]
    )  # fmt: skip


def _wrong(
    what: str, values: dict[str, list[object]], make: Callable[..., str]
) -> Iterator[tuple[str, str]]:
    for name, wrongs in values.items():
        for wrong in wrongs:
            shown = "absent" if wrong is ABSENT else repr(wrong)[:40]
            yield f"{what} {name} {shown}", make(**{name: wrong})


def _times(mint: Mint, now: int) -> Iterator[tuple[str, str]]:
    life = 900
    wrong_times: dict[str, Json] = {
        "expired now": {"iat": now - life, "exp": now},
        "expired long ago": {"iat": now - 10 * life, "exp": now - 9 * life},
        "issued in the future": {"iat": now + 60, "exp": now + life},
        "lives a second too long": {"exp": mint.claims["iat"] + life + 1},
        "lives for ever": {"exp": 2**62},
        "exp beyond all integers": {"exp": 10**400},
        "exp before iat": {"iat": now, "exp": now - 1},
        "exp negative": {"exp": -1},
        "nbf in the future": {"nbf": now + 1000},
        "an extra claim": {"admin": True},
    }
    for name, changes in wrong_times.items():
        yield name, mint.with_claims(**changes)
    for claim in ("iat", "exp"):
        value = mint.claims[claim]
        for wrong in (ABSENT, None, True, float(value), str(value), [value], float("nan"), "soon"):
            shown = "absent" if wrong is ABSENT else repr(wrong)[:40]
            yield f"{claim} {shown}", mint.with_claims(**{claim: wrong})


def _structures(mint: Mint) -> Iterator[tuple[str, str]]:
    header, claims = json.dumps(mint.header()), json.dumps(mint.claims)
    deep = '{"alg":' + "[" * 5_000 + "]" * 5_000 + "}"
    yield "header nested 5,000 deep", mint.token(header=deep.encode())
    yield "header nested as deep as fits", mint.token(header=b"[" * 1_200 + b"]" * 1_200)
    yield "claims nested as deep as fits", mint.token(claims=b"[" * 1_200 + b"]" * 1_200)
    twice = header[:-1] + f', "alg": "HS256", "kid": "{mint.kid}"}}'
    yield "header keys twice", mint.token(header=twice.encode())
    yield "claim twice", mint.token(claims=(claims[:-1] + ', "typ": "access"}').encode())
    admin = claims[:-1] + ', "roles": ["admin"]}'
    yield "roles twice, the better ones last", mint.token(claims=admin.encode())
    for value in (b"", b"[]", b"null", b'"text"', b"1", b"\xff\xfe", b"{", claims.encode("utf-16")):
        yield f"header {value[:9]!r}", mint.token(header=value)
        yield f"claims {value[:9]!r}", mint.token(claims=value)
    yield "claims with NUL", mint.with_claims(sub="\0")
    yield "claims with a lone surrogate", mint.with_claims(sub="\ud800")
    yield "claims too long", mint.with_claims(jti="x" * 4_096)


def _spellings(mint: Mint) -> Iterator[tuple[str, str]]:
    good = mint.token()
    head, body, mac = good.split(".")
    yield "truncated by one", good[:-1]
    yield "without a signature", f"{head}.{body}."
    yield "with two parts", f"{head}.{body}"
    yield "with four parts", f"{good}.{mac}"
    yield "with five parts, as if encrypted", f"{head}.{body}.{mac}.{mac}.{mac}"
    yield "parts swapped", f"{body}.{head}.{mac}"
    yield "only dots", ".."
    yield "a space inside", f"{head}. {body}.{mac}"
    yield "a line break inside", f"{head[:5]}\n{head[5:]}.{body}.{mac}"
    yield "a tab behind", f"{good}\t"
    yield "padded", f"{head}.{body}.{mac}="
    yield "stray characters that lenient base64 skips", f"{head}.{body}.{mac[:5]}!{mac[5:]}"
    yield "the standard alphabet", f"{head}.{body}.{mac[:-1]}+"
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    stray = last[last.index(mac[-1]) ^ 1]
    yield "another spelling of the same signature", f"{head}.{body}.{mac[:-1]}{stray}"
    yield "not ASCII", f"{head}.{body}.{mac}é"
    yield "longer than any token", good + "A" * 5_000


def _signatures(mint: Mint) -> Iterator[tuple[str, str]]:
    head, body, mac = mint.token().split(".")
    other = Mint(b"another secret that is long enough", mint.kid, mint.claims)
    yield "signed by another key", other.token()
    yield "signed by nobody's key", Mint(b"", mint.kid, mint.claims).token()
    yield "signed by the key's own name", Mint(mint.kid.encode(), mint.kid, mint.claims).token()
    yield "signed with a public key", Mint(RSA_PUBLIC_PEM, mint.kid, mint.claims).token()
    yield "a signature of zeros", f"{head}.{body}.{encoded(bytes(32))}"
    yield "half a signature", f"{head}.{body}.{mac[:22]}"
    admin = encoded(json.dumps(mint.claims | {"roles": ["admin"]}).encode())
    yield "claims changed after signing", f"{head}.{admin}.{mac}"
    none = encoded(json.dumps(mint.header(alg="none")).encode())
    yield "alg none without a signature", f"{none}.{body}."
    yield "alg none with the old signature", f"{none}.{body}.{mac}"


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def _changed(fields: Json, changes: Json) -> Json:
    return {name: value for name, value in (fields | changes).items() if value is not ABSENT}
