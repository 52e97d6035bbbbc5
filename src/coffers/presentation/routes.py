"""THE REGISTRY: every endpoint, one line each. Nothing is reachable that does not stand here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from coffers.domain.errors import DomainError, PreconditionFailed
from coffers.domain.sessions import TokenInvalid, TokenReuse
from coffers.domain.users import (
    AccountInactive,
    AccountLocked,
    EmailNotVerified,
    EmailTaken,
    InvalidCredentials,
    PasswordTooWeak,
    ProfileInvalid,
    UsernameTaken,
)
from coffers.presentation.access import PUBLIC, SELF, SESSION, USER, Access
from coffers.presentation.api import operations, sessions, users
from coffers.presentation.limits import (
    API_READ,
    API_WRITE,
    AUTH_LOGIN,
    AUTH_REGISTER,
    AUTH_TOKEN_REFRESH,
    Policy,
)

PREFIX: Final = "/api/v1"
JSON: Final = "application/json"
DEADLINE_S: Final = 25.0


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint: where, what, who, how often, and which refusals of its own it may answer with.

    `is_secret`: the answer carries a secret, so it is never stored under an idempotency key.
    `body`: the media type that
    it reads. A policy of None is exempt from all limits.
    """

    method: str
    path: str
    endpoint: Callable[..., Any]  # Any: each endpoint has its own signature
    access: Access
    policy: Policy | None
    refusals: Sequence[type[DomainError]]
    is_secret: bool = False
    body: str | None = None
    deadline_s: float = DEADLINE_S
    is_root: bool = False

    @property
    def full_path(self) -> str:
        """The path as requested."""
        return self.path if self.is_root else PREFIX + self.path

    @property
    def family(self) -> str:
        """The resource family that API-key scopes name: the first segment."""
        return self.path.split("/")[1]

    @property
    def takes_idempotency_key(self) -> bool:
        """Whether a repetition gets the first outcome again: every POST without a secret in its answer."""
        return self.method == "POST" and not self.is_secret

    @property
    def status(self) -> int:
        """The status of success: creating 201, deleting 204, everything else 200."""
        if self.endpoint.__annotations__.get("return") in {None, "None"}:
            return 204
        return 201 if self.method == "POST" else 200


# fmt: off
ROUTES: Final[Sequence[Route]] = (
    Route("POST", "/users", users.register_user, PUBLIC, AUTH_REGISTER, [EmailTaken, PasswordTooWeak], body=JSON),
    Route("GET", "/users/me", users.get_profile, USER, API_READ, []),
    Route("PATCH", "/users/me", users.edit_profile, SESSION, API_WRITE, [UsernameTaken, ProfileInvalid, PreconditionFailed], body=JSON),

    Route("POST", "/sessions", sessions.create_session, PUBLIC, AUTH_LOGIN, [InvalidCredentials, AccountLocked, AccountInactive, EmailNotVerified], is_secret=True, body=JSON),
    Route("DELETE", "/sessions/current", sessions.end_current_session, SELF, API_WRITE, []),
    Route("POST", "/tokens", sessions.refresh_tokens, PUBLIC, AUTH_TOKEN_REFRESH, [TokenInvalid, TokenReuse], is_secret=True, body=JSON),

    Route("GET", "/health/live", operations.live, PUBLIC, None, [], is_root=True),

    Route("GET", "/metrics", operations.metrics, PUBLIC, None, [], is_root=True),
    Route("GET", "/errors/{slug}", operations.explain_error, PUBLIC, None, [], is_root=True),
)
# fmt: on
