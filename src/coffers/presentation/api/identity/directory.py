"""/users, for administrators: who is here, what they may do."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from coffers.application.identity import directory
from coffers.application.identity.directory import ListedUser, UserFilter, UserList
from coffers.application.views import Versioned
from coffers.domain.identity.users import Role
from coffers.domain.ids import UserId
from coffers.domain.paging import DEFAULT_LIMIT
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Caller
from coffers.presentation.paging import CursorIn, LimitIn, next_link
from coffers.presentation.schemas import Body, FlagIn

RoleIn = Annotated[Role | None, Query(description="Only people with this role.")]
ActiveIn = Annotated[bool | None, Query(description="Only people who may sign in, or may not.")]


class UserChanges(Body):
    """Roles, activation or both; what is left out or null stays as it is."""

    roles: list[Role] | None = Field(default=None, min_length=1, max_length=len(Role))
    is_active: FlagIn | None = None


async def list_users(
    call: Caller,
    role: RoleIn = None,
    is_active: ActiveIn = None,
    limit: LimitIn = DEFAULT_LIMIT,
    cursor: CursorIn = None,
) -> Answer[UserList]:
    """Everybody with an account, newest first."""
    services = call.services
    page = await directory.list_users(
        services.directory,
        services.cursors,
        call.principal.user_id,
        UserFilter(role, is_active),
        limit=limit,
        cursor=cursor,
    )
    return Answer(page, next_link(call.request, page.next_cursor))


async def get_user(call: Caller, user_id: UserId) -> Versioned[ListedUser]:
    """Somebody with an account."""
    return await directory.get_user(call.services.directory, user_id)


async def change_user(call: Caller, user_id: UserId, body: UserChanges) -> Versioned[ListedUser]:
    """Change somebody's roles or activation; their sessions end."""
    return await directory.change_user(
        call.uow,
        call.services.clock,
        user_id,
        roles=body.roles,
        is_active=body.is_active,
        expected_version=call.expected_version,
    )
