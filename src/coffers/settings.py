"""Every environment variable, typed.

In production, weak or default secrets are refused at the start.
"""

import difflib
import ipaddress
import re
from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from coffers.infrastructure.jwt_keys import KeyRing, SigningKey
from coffers.infrastructure.vault import VaultKey
from coffers.presentation.limits import POLICIES

MIN_SECRET: Final = 32
SANDBOX_URL: Final = "http://127.0.0.1:8010"
_WEAK: Final = ("change", "secret", "default", "example", "password", "insecure", "12345")
_MIN_DIFFERENT: Final = 10
#: How the addresses of what stands beside the service begin.
_SCHEMES: Final = {
    "database_url": ("postgresql+asyncpg://", "sqlite+aiosqlite://"),
    "redis_url": ("redis://", "rediss://", "unix://"),
    "smtp_url": ("smtp://", "smtps://"),
}
_LIMIT: Final = re.compile(r"[1-9][0-9]{0,8}(/[1-9][0-9]{0,8})?")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Environment(StrEnum):
    """Where this runs. Only `production` insists on secrets of its own."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


def _as_one_writes_it(key: Any) -> Any:  # Any: text from the environment, or what a program gives
    """The same key with line ends or their escapes, and whatever blanks a file has around it."""
    if not isinstance(key, str):
        return key
    text = key.replace("\\n", "\n") if "-----BEGIN" in key else key
    return text.strip()


Key = Annotated[SecretStr, BeforeValidator(_as_one_writes_it)]


class Settings(BaseSettings):
    """COFFERS_… variables; lists are separated by commas, nested names by two underscores."""

    model_config = SettingsConfigDict(
        env_prefix="COFFERS_", env_nested_delimiter="__", extra="forbid", hide_input_in_errors=True
    )

    environment: Environment = Environment.DEVELOPMENT
    #: Where the embedded set-up keeps its database, secrets, mail and lock file.
    home: Path = Path(".coffers")
    database_url: str | None = None
    redis_url: str | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    #: Without it, this machine at the port.
    public_base_url: str = ""

    #: Signs access tokens: at least 32 random characters, or a private key in PEM.
    secret_key: Key | None = None
    #: Those that still verify.
    previous_secret_keys: Annotated[list[Key], NoDecode] = []
    jwt_algorithm: Literal["HS256", "RS256", "ES256"] = "HS256"
    jwt_issuer: str = "coffers"
    jwt_audience: str = "coffers-api"
    #: Encrypts providers' credentials: 32 random bytes in base64.
    encryption_key: Key | None = None
    #: Those that still open what they sealed.
    previous_encryption_keys: Annotated[list[Key], NoDecode] = []

    #: Networks whose X-Forwarded-For is believed.
    trusted_proxies: Annotated[list[Network], NoDecode] = []
    #: Origins whose pages may call this API from a browser.
    cors_origins: Annotated[list[str], NoDecode] = []
    #: Policy → "capacity/refill per minute".
    limits: dict[str, str] = {}

    #: Where this installation may send browsers back to; by default its own /oauth/callback.
    redirect_uris: Annotated[list[str], NoDecode] = []
    #: The sandbox broker; by default on this machine, and off in production.
    sandbox_url: str | None = None
    #: Where browsers find it, when that is another address.
    sandbox_public_url: str = ""
    schwab_client_id: str | None = None
    schwab_client_secret: SecretStr | None = None
    #: Origins (scheme://host:port) on private networks that providers may be reached at.
    private_origins: Annotated[list[str], NoDecode] = []
    #: Where prices come from, in the order of preference; `http` needs its address.
    price_sources: Annotated[list[Literal["demo", "http", "yahoo"]], NoDecode] = ["demo", "http"]
    price_source_url: str | None = None
    price_source_token: SecretStr | None = None
    #: Where a file of the European Central Bank's rates is fetched now and then; by itself nowhere.
    rate_source_url: str | None = None
    #: How long one call to a provider may take, with everything.
    provider_deadline_s: Annotated[float, Field(gt=0, le=30)] = 20
    #: How long a sync may be silent before another one takes its place.
    sync_lease_s: Annotated[float, Field(ge=1, le=3600)] = 90

    smtp_url: SecretStr | None = None
    mail_from: str = "coffers@localhost"

    #: Runs the background work inside the service; by default exactly when the database is SQLite.
    embedded_worker: bool | None = None
    #: How long a worker may be silent before its jobs are given to others.
    worker_lease_s: Annotated[float, Field(ge=0.5, le=3600)] = 60
    argon2_time_cost: int = 2
    argon2_memory_kib: int = 19_456
    #: How long a stopping service waits for requests under way.
    graceful_timeout_s: Annotated[int, Field(ge=0, le=11)] = 10
    #: Requests that one process serves at once, and connections that it keeps; beyond: 503.
    max_requests: Annotated[int, Field(ge=1)] = 1000
    max_connections: Annotated[int, Field(ge=1)] = 5000

    @field_validator(
        "previous_secret_keys",
        "previous_encryption_keys",
        "trusted_proxies",
        "cors_origins",
        "redirect_uris",
        "private_origins",
        "price_sources",
        mode="before",
    )
    @classmethod
    def _split(cls, value: Any) -> Any:  # Any: text from the environment, or a list from a program
        return (
            [part.strip() for part in value.split(",") if part.strip()]
            if isinstance(value, str)
            else value
        )

    @field_validator("public_base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("It begins with http:// or https://.")
        return url.rstrip("/")

    @field_validator("database_url", "redis_url", "smtp_url", mode="before")
    @classmethod
    def _of_a_known_kind(cls, url: Any, found: ValidationInfo) -> Any:  # Any: text, if anything
        known = _SCHEMES[str(found.field_name)]
        if isinstance(url, str) and not url.startswith(known):
            raise ValueError(f"It begins with {' or '.join(known)}.")
        return url

    @field_validator("limits")
    @classmethod
    def _known_limits(cls, limits: dict[str, str]) -> dict[str, str]:
        for name, text in limits.items():
            if name.upper() not in POLICIES:
                raise ValueError(f"There is no policy {name.upper()}.")
            if _LIMIT.fullmatch(text) is None:
                raise ValueError(f"{name.upper()} is capacity/refill, such as 100/50.")
        return limits

    @model_validator(mode="after")
    def _be_where_it_listens(self) -> Self:
        if not self.public_base_url:
            self.public_base_url = f"http://127.0.0.1:{self.port}"
        return self

    @model_validator(mode="after")
    def _refuse_to_make_asymmetric_keys(self) -> Self:
        if self.jwt_algorithm != "HS256" and self.secret_key is None:
            raise ValueError(
                f"{self.jwt_algorithm} needs a private key in PEM as COFFERS_SECRET_KEY."
            )
        return self

    @model_validator(mode="after")
    def _refuse_weak_secrets(self) -> Self:
        if self.environment is Environment.PRODUCTION:
            for name in ("secret_key", "encryption_key"):
                if getattr(self, name) is None:
                    raise ValueError(f"COFFERS_{name.upper()} must be set in production.")
            if self.database_url is None:
                raise ValueError("COFFERS_DATABASE_URL must be set in production.")
        for name in ("secret_key", "encryption_key"):
            for key in (getattr(self, name), *getattr(self, f"previous_{name}s")):
                if key is not None:
                    self._check(name, key.get_secret_value())
        return self

    def _check(self, name: str, secret: str) -> None:
        if name == "encryption_key":
            VaultKey.from_text("-", secret)
        else:
            KeyRing([SigningKey("-", secret)], algorithm=self.jwt_algorithm)
        if self.environment is Environment.PRODUCTION and is_weak(secret):
            raise ValueError(
                f"COFFERS_{name.upper()} is weak: use at least {MIN_SECRET} random characters."
            )

    @property
    def database(self) -> str:
        """The database URL; without one, SQLite in the home folder."""
        return (
            self.database_url or f"sqlite+aiosqlite:///{self.home.absolute() / 'coffers.sqlite3'}"
        )

    @property
    def sandbox(self) -> str | None:
        """The sandbox broker's address, None without one."""
        if self.sandbox_url is None and self.environment is Environment.DEVELOPMENT:
            return SANDBOX_URL
        return self.sandbox_url or None

    @property
    def callbacks(self) -> list[str]:
        """The redirect URIs that links may use; the first is the default."""
        return self.redirect_uris or [f"{self.public_base_url}/oauth/callback"]

    @property
    def listed_origins(self) -> list[str]:
        """Where calls may go although the address is private: those listed, and the sandbox."""
        return [*self.private_origins, *([self.sandbox] if self.sandbox else [])]

    @property
    def outbox(self) -> Path:
        """The folder of letters, while there is no mail server."""
        return self.home / "mail"

    @property
    def is_embedded(self) -> bool:
        """Whether one process does everything on SQLite."""
        return self.database.startswith("sqlite")

    @property
    def runs_worker(self) -> bool:
        """Whether the service does the background work itself."""
        return self.is_embedded if self.embedded_worker is None else self.embedded_worker

    @property
    def worker_lease(self) -> timedelta:
        """The lease of a job in hand."""
        return timedelta(seconds=self.worker_lease_s)

    @property
    def limit_overrides(self) -> dict[str, tuple[int, int]]:
        """The limits as numbers.

        Capacity and refill per minute; raises ValueError for what is not.
        """
        parsed = {}
        for name, text in self.limits.items():
            capacity, _, refill = text.partition("/")
            parsed[name.upper()] = (int(capacity), int(refill or capacity))
        return parsed


def is_weak(secret: str) -> bool:
    """Whether a secret is too short, a placeholder, or too regular to be random."""
    repeats_itself = secret in (secret + secret)[1:-1]
    return (
        len(secret) < MIN_SECRET
        or len(set(secret)) < _MIN_DIFFERENT
        or repeats_itself
        or any(word in secret.lower() for word in _WEAK)
    )


def unknown_variables(environment: Iterable[str]) -> dict[str, str | None]:
    """COFFERS_… variables that are no settings, each with the setting that may be meant."""
    known = [name.upper() for name in Settings.model_fields]
    unknown = {}
    for variable in sorted(environment):
        name = variable.upper().removeprefix("COFFERS_")
        if variable.upper() == name or name in known or name.startswith("LIMITS__"):
            continue
        meant = difflib.get_close_matches(name, known, 1, cutoff=0.7)
        unknown[variable] = f"COFFERS_{meant[0]}" if meant else None
    return unknown
