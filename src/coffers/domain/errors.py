"""The kinds of refusal.

Each noun subclasses one beside its entity; the HTTP status follows the kind.
"""

from typing import ClassVar


class DomainError(Exception):
    """A refusal written for the caller: `detail` says precisely what was refused and why."""

    slug: ClassVar[str]

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotFound(DomainError):
    """There is no such thing."""

    slug = "not_found"


class Conflict(DomainError):
    """The request contradicts the present state."""

    slug = "conflict"


class Invalid(DomainError):
    """Well-formed, yet it breaks a rule. `field` names the culprit, in the caller's words."""

    slug = "validation_failed"

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.field = field


class BadRequest(DomainError):
    """The request contradicts itself."""

    slug = "bad_request"


class Unauthenticated(DomainError):
    """Nobody, or nobody that can be believed."""

    slug = "unauthenticated"


class Forbidden(DomainError):
    """Known, but not allowed."""

    slug = "forbidden"


class PreconditionFailed(DomainError):
    """The resource changed since the caller read it."""

    slug = "precondition_failed"


class TooManyRequests(DomainError):
    """Come back in `retry_after_s` seconds (whole, at least 1)."""

    slug = "too_many_requests"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = max(1, retry_after_s)


class Unavailable(DomainError):
    """Something of ours that the answer needs is not there at the moment."""

    slug = "unavailable"

    def __init__(self, detail: str, *, retry_after_s: int = 2) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class UpstreamFailed(DomainError):
    """A provider answered with an error or with nonsense."""

    slug = "upstream_failed"


class UpstreamTimedOut(DomainError):
    """A provider did not answer within its deadline."""

    slug = "upstream_timed_out"
