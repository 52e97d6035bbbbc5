"""Every environment variable, typed.

In production, weak or default secrets are refused at the start.
"""

import ipaddress
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MIN_SECRET: Final = 32
SANDBOX_URL: Final = "http://127.0.0.1:8010"
_WEAK: Final = ("change", "secret", "default", "example", "password", "insecure", "12345")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Environment(StrEnum):
    """Where this runs. Only `production` insists on secrets of its own."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


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
    public_base_url: str = "http://127.0.0.1:8000"

    #: Signs access tokens: the current secret first, then those that still verify. Or PEM private
    #: keys.
    secret_key: SecretStr | None = None
    previous_secret_keys: Annotated[list[SecretStr], NoDecode] = []
    jwt_algorithm: str = "HS256"
    jwt_issuer: str = "coffers"
    jwt_audience: str = "coffers-api"
    #: Encrypts providers' credentials: 32 bytes in base64, the current one first.
    encryption_key: SecretStr | None = None
    previous_encryption_keys: Annotated[list[SecretStr], NoDecode] = []

    trusted_proxies: Annotated[list[Network], NoDecode] = []
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

    smtp_url: SecretStr | None = None
    mail_from: str = "coffers@localhost"

    #: Runs the background work inside the service; by default exactly when the database is SQLite.
    embedded_worker: bool | None = None
    #: How long a worker may be silent before its jobs are given to others.
    worker_lease_s: Annotated[float, Field(ge=0.5, le=3600)] = 60
    argon2_time_cost: int = 2
    argon2_memory_kib: int = 19_456
    #: How long a stopping service waits for requests under way.
    graceful_timeout_s: Annotated[int, Field(ge=0, le=12)] = 10
    #: Requests that one process serves at once, and connections that it keeps; beyond: 503.
    max_requests: Annotated[int, Field(ge=1)] = 1000
    max_connections: Annotated[int, Field(ge=1)] = 5000

    @field_validator(
        "previous_secret_keys",
        "previous_encryption_keys",
        "trusted_proxies",
        "redirect_uris",
        "private_origins",
        mode="before",
    )
    @classmethod
    def _split(cls, value: Any) -> Any:  # Any: text from the environment, or a list from a program
        return (
            [part.strip() for part in value.split(",") if part.strip()]
            if isinstance(value, str)
            else value
        )

    @model_validator(mode="after")
    def _refuse_weak_secrets(self) -> Self:
        if self.environment is Environment.PRODUCTION:
            for name in ("secret_key", "encryption_key"):
                _check_secret(name, getattr(self, name))
            if self.database_url is None:
                raise ValueError("COFFERS_DATABASE_URL must be set in production.")
        return self

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


def _check_secret(name: str, secret: SecretStr | None) -> None:
    variable = f"COFFERS_{name.upper()}"
    if secret is None:
        raise ValueError(f"{variable} must be set in production.")
    text = secret.get_secret_value()
    if len(text) < MIN_SECRET or len(set(text)) < 10 or any(word in text.lower() for word in _WEAK):  # noqa: PLR2004 - too few different characters to be random
        raise ValueError(f"{variable} is weak: use at least {MIN_SECRET} random characters.")
