"""What the environment may say, and what an installation refuses to start with."""

import base64
import os
import secrets
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from coffers.local_secrets import encryption_keys, secret_keys
from coffers.settings import Environment, Settings, is_weak, unknown_variables
from tests.forgeries import RSA_PEM

SECRET = secrets.token_urlsafe(48)
ENCRYPTION = base64.b64encode(os.urandom(32)).decode()
PRODUCTION = {
    "environment": Environment.PRODUCTION,
    "database_url": "postgresql+asyncpg://coffers@db/coffers",
    "secret_key": SECRET,
    "encryption_key": ENCRYPTION,
}


def made(**changes: object) -> Settings:
    return Settings.model_validate(PRODUCTION | changes)


def refusal(**changes: object) -> str:
    with pytest.raises(ValidationError) as refused:
        made(**changes)
    return str(refused.value)


def test_production_takes_strong_secrets() -> None:
    assert made().environment is Environment.PRODUCTION


@pytest.mark.parametrize("name", ["secret_key", "encryption_key", "database_url"])
def test_production_misses_what_is_not_set(name: str) -> None:
    assert f"COFFERS_{name.upper()} must be set in production" in refusal(**{name: None})


@pytest.mark.parametrize(
    "secret",
    [
        "change-me-change-me-change-me-change-me-1234",
        "a" * 64,
        "abcdefghijklmnop" * 4,
        "this-is-the-default-key-of-the-installation",
        "0123456789" * 4 + "qwertyuiop",
    ],
)
def test_production_refuses_a_secret_that_is_no_secret(secret: str) -> None:
    told = refusal(secret_key=secret)

    assert "COFFERS_SECRET_KEY is weak" in told
    assert secret not in told


def test_a_former_key_must_be_strong_too() -> None:
    assert "COFFERS_SECRET_KEY is weak" in refusal(previous_secret_keys="a" * 40)


def test_a_signing_secret_has_32_bytes_everywhere() -> None:
    with pytest.raises(ValidationError, match="32 bytes"):
        Settings(secret_key="short")


def test_a_former_key_is_the_same_however_it_is_written() -> None:
    was = secret_keys(made(jwt_algorithm="RS256", secret_key=RSA_PEM))
    escaped = RSA_PEM.replace("\n", "\\n")

    now = made(
        jwt_algorithm="RS256", secret_key=RSA_PEM, previous_secret_keys=f"{RSA_PEM},{escaped}"
    )

    assert secret_keys(now) == was * 3
    assert encryption_keys(made(encryption_key=ENCRYPTION + "\n")) == [ENCRYPTION]


def test_an_encryption_key_is_32_bytes_in_base64() -> None:
    assert "32 random bytes in base64" in refusal(encryption_key=secrets.token_urlsafe(48))


@pytest.mark.parametrize("algorithm", ["none", "HS1", "HS512", "PS256", "hs256", ""])
def test_only_three_algorithms_sign_tokens(algorithm: str) -> None:
    assert "jwt_algorithm" in refusal(jwt_algorithm=algorithm)


def test_an_asymmetric_algorithm_needs_its_own_kind_of_key() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

    assert made(jwt_algorithm="ES256", secret_key=key.decode()).jwt_algorithm == "ES256"
    assert "private key" in refusal(jwt_algorithm="RS256", secret_key=key.decode())
    assert "needs a secret" in refusal(jwt_algorithm="HS256", secret_key=key.decode())


def test_an_asymmetric_key_is_not_made_but_asked_for() -> None:
    with pytest.raises(ValidationError, match="COFFERS_SECRET_KEY"):
        Settings(jwt_algorithm="ES256")


def test_random_secrets_of_all_usual_kinds_are_strong() -> None:
    for made_up in (secrets.token_hex(16), secrets.token_hex(64), secrets.token_urlsafe(24)):
        assert not is_weak(made_up)


def test_limits_are_capacity_and_refill_of_known_policies() -> None:
    assert made(limits={"api_read": "10/20", "EXPORT": "7"}).limit_overrides == {
        "API_READ": (10, 20),
        "EXPORT": (7, 7),
    }
    assert "There is no policy FREE_BEER" in refusal(limits={"FREE_BEER": "1/1"})
    for wrong in ("0/1", "1/0", "-1", "many", "1/1/1", "9999999999"):
        assert "capacity/refill" in refusal(limits={"API_READ": wrong})


def test_the_public_address_is_one_and_ends_without_a_slash() -> None:
    assert made(public_base_url="https://a.example/").public_base_url == "https://a.example"
    assert made(port=9001).public_base_url == "http://127.0.0.1:9001"
    assert "It begins with http" in refusal(public_base_url="a.example")


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COFFERS_TRUSTED_PROXIES", "10.0.0.0/8, 192.168.0.1")
    monkeypatch.setenv("COFFERS_CORS_ORIGINS", "https://a.example,https://b.example")

    settings = Settings()

    assert [str(network) for network in settings.trusted_proxies] == [
        "10.0.0.0/8",
        "192.168.0.1/32",
    ]
    assert settings.cors_origins == ["https://a.example", "https://b.example"]


def test_a_variable_that_is_no_setting_is_found() -> None:
    environment = ["COFFERS_PROT", "COFFERS_HOME", "COFFERS_LIMITS__API_READ", "PATH", "COFFERS_X"]

    assert unknown_variables(environment) == {"COFFERS_PROT": "COFFERS_PORT", "COFFERS_X": None}


def test_without_a_database_url_the_database_is_a_file_at_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)

    assert settings.database == f"sqlite+aiosqlite:///{tmp_path}/coffers.sqlite3"
    assert settings.is_embedded


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("database_url", "postgresql://coffers:secret@db/coffers"),
        ("database_url", "coffers"),
        ("redis_url", "valkey:6379"),
        ("smtp_url", "mail.example.com"),
    ],
)
def test_an_address_that_nothing_could_be_reached_at_is_refused_and_not_repeated(
    name: str, url: str
) -> None:
    with pytest.raises(ValidationError, match="It begins with") as refused:
        Settings.model_validate({name: url})

    assert url not in refused.value.errors(include_input=False)[0]["msg"]
