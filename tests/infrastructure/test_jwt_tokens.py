import time
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jose import jws, jwt

from coffers.domain.identity.sessions import TokenInvalid
from coffers.domain.identity.users import Role
from coffers.domain.ids import SessionId, UserId
from coffers.infrastructure import jwt_tokens
from coffers.infrastructure.jwt_keys import KeyRing, SigningKey, UnfitSigningKey
from coffers.infrastructure.jwt_tokens import JwtAccessTokens
from tests.forgeries import RSA_PEM, RSA_PUBLIC_PEM, Mint, forgeries

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECONDS: Final = int(NOW.timestamp())
SECRET: Final = "a secret of thirty-two bytes, ..."
EC_PEM: Final = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)
SECRETS: Final = {"HS256": SECRET, "RS256": RSA_PEM, "ES256": EC_PEM}
USER, SESSION = UserId(uuid4()), SessionId(uuid4())
CLAIMS: Final = {
    "iss": "coffers",
    "aud": "coffers-api",
    "sub": str(USER),
    "sid": str(SESSION),
    "jti": str(uuid4()),
    "iat": SECONDS,
    "exp": SECONDS + 900,
    "typ": "access",
    "roles": ["user"],
}
MINT: Final = Mint(SECRET.encode(), "first", CLAIMS)
FORGERIES: Final = forgeries(MINT, SECONDS)


def tokens(*keys: SigningKey, algorithm: str = "HS256") -> JwtAccessTokens:
    ring = KeyRing(keys or [SigningKey("first", SECRETS[algorithm])], algorithm=algorithm)
    return JwtAccessTokens(ring, issuer="coffers", audience="coffers-api")


def issue(maker: JwtAccessTokens, now: datetime = NOW) -> str:
    return maker.issue(USER, SESSION, frozenset({Role.USER}), now=now)


def test_the_corpus_is_made_of_one_good_token_and_many_bad_ones() -> None:
    assert tokens().verify(MINT.token(), now=NOW).user_id == USER
    assert len(FORGERIES) >= 60


@pytest.mark.parametrize("name", FORGERIES)
def test_no_forged_or_abused_token_is_believed(name: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens().verify(FORGERIES[name], now=NOW)


@pytest.mark.parametrize("algorithm", SECRETS)
def test_a_token_says_who_signed_in_where_and_as_what(algorithm: str) -> None:
    maker = tokens(algorithm=algorithm)

    claims = maker.verify(issue(maker), now=NOW)

    assert (claims.user_id, claims.session_id) == (USER, SESSION)
    assert claims.roles == {Role.USER}
    assert claims.expires_at == SECONDS + 900


def test_a_token_has_exactly_the_claims_of_the_contract() -> None:
    claims = jwt.get_unverified_claims(issue(tokens()))

    assert set(claims) == {"iss", "aud", "sub", "sid", "jti", "iat", "exp", "typ", "roles"}


@pytest.mark.parametrize("algorithm", SECRETS)
def test_a_remembered_token_still_ends_with_its_quarter_of_an_hour(algorithm: str) -> None:
    maker = tokens(algorithm=algorithm)
    token = issue(maker)
    maker.verify(token, now=NOW + timedelta(minutes=14, seconds=59))

    with pytest.raises(TokenInvalid):
        maker.verify(token, now=NOW + timedelta(minutes=15))


@pytest.mark.parametrize("algorithm", SECRETS)
def test_a_token_of_the_previous_key_still_verifies_and_the_new_key_signs(algorithm: str) -> None:
    old = SigningKey("old", SECRETS[algorithm])
    fresh = {"HS256": SECRET[::-1], "RS256": _rsa_pem(2048), "ES256": _ec_pem(ec.SECP256R1())}
    new = SigningKey("new", fresh[algorithm])
    before = issue(tokens(old, algorithm=algorithm))

    rotated = tokens(new, old, algorithm=algorithm)

    assert rotated.verify(before, now=NOW).user_id == USER
    assert jwt.get_unverified_header(issue(rotated))["kid"] == "new"
    with pytest.raises(TokenInvalid):
        tokens(new, algorithm=algorithm).verify(before, now=NOW)


def test_one_key_s_name_does_not_open_the_door_for_another_key_s_signature() -> None:
    ring = tokens(SigningKey("first", SECRET), SigningKey("second", SECRET[::-1]))
    forged = Mint(SECRET.encode(), "second", CLAIMS).token()

    with pytest.raises(TokenInvalid):
        ring.verify(forged, now=NOW)


def test_a_public_key_is_no_secret_to_sign_with() -> None:
    verifier = tokens(algorithm="RS256")

    for algorithm in ("HS256", "RS256"):
        forged = Mint(RSA_PUBLIC_PEM, "first", CLAIMS).with_header(alg=algorithm)
        with pytest.raises(TokenInvalid):
            verifier.verify(forged, now=NOW)


def test_another_algorithm_of_the_same_family_is_refused_though_its_key_is_ours() -> None:
    token = jws.sign(CLAIMS, RSA_PEM, {"kid": "first"}, "RS512")

    with pytest.raises(TokenInvalid):
        tokens(algorithm="RS256").verify(token, now=NOW)


def test_a_clock_a_few_seconds_ahead_is_forgiven() -> None:
    maker = tokens()
    token = issue(maker, NOW + timedelta(seconds=jwt_tokens.MAX_SKEW_S))

    assert maker.verify(token, now=NOW).user_id == USER
    with pytest.raises(TokenInvalid):
        maker.verify(issue(maker, NOW + timedelta(seconds=jwt_tokens.MAX_SKEW_S + 1)), now=NOW)


def test_only_so_many_tokens_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwt_tokens, "CACHED_TOKENS", 2)
    maker = tokens()

    for _ in range(3):
        maker.verify(issue(maker), now=NOW)

    assert len(maker._verified) == 2


def test_forgeries_are_never_remembered() -> None:
    maker = tokens()

    for forged in FORGERIES.values():
        with pytest.raises(TokenInvalid):
            maker.verify(forged, now=NOW)

    assert not maker._verified


def test_a_remembered_token_costs_no_signature() -> None:
    maker = tokens(algorithm="RS256")
    token = issue(maker)
    first = _seconds(maker, token)

    again = min(_seconds(maker, token) for _ in range(5))

    assert again < first


def test_a_secret_has_no_public_half() -> None:
    assert tokens().key_set() == []


@pytest.mark.parametrize(("algorithm", "kind"), [("RS256", "RSA"), ("ES256", "EC")])
def test_the_key_set_verifies_tokens_and_holds_nothing_private(algorithm: str, kind: str) -> None:
    maker = tokens(algorithm=algorithm)

    (key,) = maker.key_set()

    assert (key["kty"], key["kid"], key["use"], key["alg"]) == (kind, "first", "sig", algorithm)
    assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)
    claims = jwt.decode(issue(maker, datetime.now(UTC)), key, algorithm, audience="coffers-api")
    assert claims["sub"] == str(USER)


def test_the_key_set_shows_the_previous_keys_too() -> None:
    ring = tokens(SigningKey("new", RSA_PEM), SigningKey("old", _rsa_pem(2048)), algorithm="RS256")

    assert [key["kid"] for key in ring.key_set()] == ["new", "old"]


def test_a_private_key_may_come_on_one_line() -> None:
    one_line = SigningKey("first", RSA_PEM.replace("\n", "\\n"))

    assert tokens(one_line, algorithm="RS256").key_set() == tokens(algorithm="RS256").key_set()


def _rsa_pem(bits: int) -> str:
    return _pem(rsa.generate_private_key(65537, bits))


def _ec_pem(curve: ec.EllipticCurve) -> str:
    return _pem(ec.generate_private_key(curve))


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


UNFIT: Final = {
    "a secret one byte too short": ("HS256", "x" * 31),
    "an empty secret": ("HS256", ""),
    "a private key as a secret": ("HS256", RSA_PEM),
    "a public key as a secret": ("HS256", RSA_PUBLIC_PEM.decode()),
    "a secret for RS256": ("RS256", SECRET),
    "a public key for RS256": ("RS256", RSA_PUBLIC_PEM.decode()),
    "a short RSA key": ("RS256", _rsa_pem(1024)),
    "an EC key for RS256": ("RS256", EC_PEM),
    "an RSA key for ES256": ("ES256", RSA_PEM),
    "another curve": ("ES256", _ec_pem(ec.SECP384R1())),
    "no algorithm": ("none", SECRET),
    "an unknown algorithm": ("HS1", SECRET),
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_key_that_its_algorithm_cannot_use_safely_is_refused_at_the_start(name: str) -> None:
    algorithm, secret = UNFIT[name]

    with pytest.raises(UnfitSigningKey, match=r"COFFERS_SECRET_KEY does not fit|algorithm must be"):
        KeyRing([SigningKey("first", secret)], algorithm=algorithm)


def _seconds(maker: JwtAccessTokens, token: str) -> float:
    began = time.perf_counter()
    maker.verify(token, now=NOW)
    return time.perf_counter() - began
