"""One admitted request: who calls, from where, and what it may use."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request

from coffers.application.rate_limits import Bucket, Level
from coffers.application.unit_of_work import HeldUnitOfWork, IdempotencyClaim
from coffers.domain.errors import DomainError
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import SYSTEM, SessionId
from coffers.domain.live.events import Origin
from coffers.presentation.answers import expected_version
from coffers.presentation.limits import Policy, RateLimitExceeded
from coffers.services import Services


@dataclass(slots=True)
class Call:
    """Filled by admission in front of the endpoint.

    `levels` end up in the answer's rate-limit headers.
    """

    request: Request
    services: Services
    principal: Principal
    origin: Origin
    policy: Policy | None
    claim: IdempotencyClaim | None = None
    levels: list[Level] = field(default_factory=list)
    _uow: HeldUnitOfWork | None = None

    @property
    def uow(self) -> HeldUnitOfWork:
        """The unit of work of this request, always the same one."""
        if self._uow is None:
            self._uow = self.services.unit_of_work(self.origin, self.claim)
        return self._uow

    @property
    def session_id(self) -> SessionId:
        """The session behind the access token; only for routes that API keys may not call."""
        if self.principal.session_id is None:
            raise RuntimeError("This route must not be open to API keys.")
        return self.principal.session_id

    @property
    def expected_version(self) -> int | None:
        """What `If-Match` demands."""
        return expected_version(self.request)

    async def charge(self, identity: object) -> None:
        """Take a token from the route's bucket of this identity; raises RateLimitExceeded.

        Of several buckets of the policy, the answer tells of the one that runs out first.
        """
        if self.policy is None:
            return
        name = self.policy.name
        await self.admit([self.policy.bucket(identity)], None)
        self.levels.sort(key=lambda level: (level.policy == name, -level.remaining))

    async def admit(self, buckets: list[Bucket], session_id: SessionId | None) -> bool | None:
        """Take the tokens; whether the session is revoked, None if only its row knows.

        Raises RateLimitExceeded.
        """
        admission = await self.services.rate_limiter.admit(buckets, session_id)
        self.levels += admission.levels
        if admission.refused_by is not None:
            wait_s = max(1, -int(-admission.refused_by.retry_after_s // 1))
            detail = f"Too many requests under {admission.refused_by.policy}: wait {wait_s} s."
            raise RateLimitExceeded(detail, retry_after_s=wait_s)
        return admission.is_revoked


NOBODY = Principal(SYSTEM, frozenset())


async def admitted(request: Request) -> Call:
    """The call that admission left in the scope."""
    call: Call = request.scope["coffers.call"]
    return call


Caller = Annotated[Call, Depends(admitted)]
Refusals = list[type[DomainError]]
Json = dict[str, Any]  # Any: JSON values
