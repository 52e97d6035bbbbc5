"""The rate-limit policies, and whose bucket a request takes from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from coffers.application.rate_limits import Bucket
from coffers.domain.errors import TooManyRequests
from coffers.presentation.addresses import counted_as


class Scope(StrEnum):
    """Whose bucket it is.

    Those of `later` scopes are known only from the body or a row: the endpoint charges them.
    """

    IP = "ip"
    USER = "user"
    SESSION = "session"
    PROVIDER = "provider"

    @property
    def is_later(self) -> bool:
        """Whether only the endpoint knows the identity."""
        return self in {Scope.SESSION, Scope.PROVIDER}


@dataclass(frozen=True, slots=True)
class Policy:
    """A token bucket: `capacity` tokens at most, `refill` more a minute.

    `strict_share` of it while Redis is away.
    """

    name: str
    capacity: int
    refill: int
    scope: Scope
    strict_share: float = 1.0

    def bucket(self, identity: object) -> Bucket:
        """The bucket of this identity; all addresses of one IPv6 customer share one."""
        owner = counted_as(str(identity)) if self.scope is Scope.IP else identity
        return Bucket(
            policy=self.name,
            key=f"{self.name}:{owner}",
            capacity=self.capacity,
            refill_per_minute=self.refill,
            strict_capacity=max(1, int(self.capacity * self.strict_share)),
        )


API_READ: Final = Policy("API_READ", 100, 100, Scope.USER)
API_WRITE: Final = Policy("API_WRITE", 50, 50, Scope.USER)
PROVIDER_CONNECT: Final = Policy("PROVIDER_CONNECT", 5, 5, Scope.USER)
PROVIDER_SYNC: Final = Policy("PROVIDER_SYNC", 10, 5, Scope.PROVIDER)
AUTH_LOGIN: Final = Policy("AUTH_LOGIN", 5, 5, Scope.IP, 0.5)
AUTH_REGISTER: Final = Policy("AUTH_REGISTER", 3, 3, Scope.IP, 0.5)
AUTH_RECOVERY: Final = Policy("AUTH_RECOVERY", 3, 1, Scope.IP, 0.5)
AUTH_TOKEN_REFRESH: Final = Policy("AUTH_TOKEN_REFRESH", 10, 10, Scope.SESSION)
EVENT_STREAM: Final = Policy("EVENT_STREAM", 10, 5, Scope.USER)
REPORT: Final = Policy("REPORT", 10, 2, Scope.USER)
EXPORT: Final = Policy("EXPORT", 5, 1, Scope.USER)
#: In front of all the others; the only one of what has no policy of its own.
ADDRESS: Final = Policy("ADDRESS", 600, 600, Scope.IP)

POLICIES: Final = {
    policy.name: policy
    for policy in (
        API_READ,
        API_WRITE,
        PROVIDER_CONNECT,
        PROVIDER_SYNC,
        AUTH_LOGIN,
        AUTH_REGISTER,
        AUTH_RECOVERY,
        AUTH_TOKEN_REFRESH,
        EVENT_STREAM,
        REPORT,
        EXPORT,
        ADDRESS,
    )
}


class RateLimitExceeded(TooManyRequests):
    """The bucket of this policy is empty."""

    slug = "rate_limit_exceeded"


def with_overrides(overrides: Mapping[str, tuple[int, int]]) -> dict[str, Policy]:
    """The policies by name, some with another capacity and refill.

    Raises KeyError for an unknown name.
    """
    changed = {
        name: replace(POLICIES[name], capacity=capacity, refill=refill)
        for name, (capacity, refill) in overrides.items()
    }
    return POLICIES | changed
