"""What a route is: an endpoint and everything that is asked of it before it runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from coffers.domain.errors import DomainError, PreconditionFailed
from coffers.presentation.access import Access
from coffers.presentation.limits import Policy

PREFIX: Final = "/api/v1"
JSON: Final = "application/json"
MULTIPART: Final = "multipart/form-data"
HTML: Final = "text/html"
CSV: Final = "text/csv"
TEXT: Final = "text/plain"
DEADLINE_S: Final = 25.0


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """An endpoint: where, what, who, how often, and which refusals of its own it may answer with.

    `is_secret`: the answer carries a secret, so it is never stored under an idempotency key.
    `body`: the media type that it reads, if `is_large` to disk as it comes; `produces`: the one of
    an answer that is not a view. A policy of None is exempt from all limits. `takes_any_query`:
    what sends browsers here adds parameters of its own.
    """

    method: str
    path: str
    endpoint: Callable[..., Any]  # Any: each endpoint has its own signature
    access: Access
    policy: Policy | None
    refusals: Sequence[type[DomainError]]
    is_secret: bool = False
    body: str | None = None
    is_large: bool = False
    produces: str = JSON
    deadline_s: float = DEADLINE_S
    is_root: bool = False
    takes_any_query: bool = False

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
        """Whether a repetition gets the first outcome again: POST, unless it answers a secret."""
        return self.method == "POST" and not self.is_secret

    @property
    def has_versions(self) -> bool:
        """Whether what it changes has an ETag, which `If-Match` may demand."""
        return any(issubclass(kind, PreconditionFailed) for kind in self.refusals)

    @property
    def status(self) -> int:
        """The status of success: creating 201, deleting 204, everything else 200."""
        if self.endpoint.__annotations__.get("return") in {None, "None"}:
            return 204
        return 201 if self.method == "POST" else 200
