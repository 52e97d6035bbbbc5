"""/admin/audit-log: who did what, and the proof that the log was not rewritten."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from coffers.application.live import audit_log
from coffers.application.live.audit_log import AuditFilter, AuditPage, AuditVerification
from coffers.domain.paging import DEFAULT_LIMIT
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Caller
from coffers.presentation.paging import CursorIn, LimitIn, next_link
from coffers.presentation.schemas import InstantIn

ChainIn = Annotated[UUID | None, Query(description="Whose events; all zeros: the system's.")]
NameIn = Annotated[str | None, Query(min_length=1, max_length=80, description="Of this name.")]
ActorIn = Annotated[UUID | None, Query(description="Done by this user.")]
SinceIn = Annotated[InstantIn | None, Query(alias="from", description="Not before this instant.")]
UntilIn = Annotated[InstantIn | None, Query(alias="to", description="Before this instant.")]


async def list_audit_log(  # noqa: PLR0913, PLR0917 - filters
    call: Caller,
    user_id: ChainIn = None,
    name: NameIn = None,
    actor_id: ActorIn = None,
    since: SinceIn = None,
    until: UntilIn = None,
    limit: LimitIn = DEFAULT_LIMIT,
    cursor: CursorIn = None,
) -> Answer[AuditPage]:
    """Everything that happened to anybody, newest first."""
    services = call.services
    page = await audit_log.list_entries(
        services.audit_logs,
        services.cursors,
        AuditFilter(user_id, name, actor_id, since, until),
        cursor=cursor,
        limit=limit,
    )
    return Answer(page, next_link(call.request, page.next_cursor))


async def verify_audit_log(call: Caller) -> AuditVerification:
    """Follow every hash chain from its first event to its head."""
    return await audit_log.verify_audit_log(call.services.audit_logs, call.services.clock)
