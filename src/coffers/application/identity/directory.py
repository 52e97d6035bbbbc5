"""The directory of people, for administrators: who is here, what they may do."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

import msgspec

from coffers.application.ports import Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import Instant, Versioned
from coffers.domain.identity.users import LastAdmin, ProfileInvalid, Role, User
from coffers.domain.ids import UserId
from coffers.domain.live.events import Event
from coffers.domain.paging import Cursors, Page


class ListedUser(msgspec.Struct, frozen=True):
    """Somebody with an account, as administrators see them."""

    id: UserId
    email: str
    username: str | None
    display_name: str | None
    roles: list[Role]
    is_verified: bool
    is_active: bool
    created_at: Instant
    updated_at: Instant


class UserList(msgspec.Struct, frozen=True):
    """Some of the people, newest first; `next_cursor` is null on the last page."""

    users: list[ListedUser]
    total_count: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Whom to list: None for everybody."""

    role: Role | None = None
    is_active: bool | None = None


class Directory(Protocol):
    """People to read."""

    async def page(
        self, wanted: UserFilter, *, before: UUID | None, limit: int
    ) -> Page[ListedUser]:
        """The newest of those who came before this one."""
        ...

    async def one(self, user_id: UserId) -> Versioned[ListedUser]:
        """Raises UserNotFound."""
        ...


async def list_users(
    directory: Directory,
    cursors: Cursors,
    asker: UserId,
    wanted: UserFilter,
    *,
    limit: int,
    cursor: str | None,
) -> UserList:
    """Everybody who matches, newest first. Raises CursorInvalid."""
    binding = (asker, "users", wanted.role, wanted.is_active, "newest first")
    before = UUID(cursors.open(cursor, binding)[0]) if cursor is not None else None
    page = await directory.page(wanted, before=before, limit=limit)
    following = None if page.next_key is None else cursors.seal(page.next_key, binding)
    return UserList(page.rows, page.total_count, following)


async def get_user(directory: Directory, user_id: UserId) -> Versioned[ListedUser]:
    """One person. Raises UserNotFound."""
    return await directory.one(user_id)


async def change_user(
    uow: UnitOfWork,
    clock: Clock,
    user_id: UserId,
    *,
    roles: Collection[Role] | None,
    is_active: bool | None,
    expected_version: int | None,
) -> Versioned[ListedUser]:
    """Give roles, open or close the account; None leaves it as it is. Their sessions end.

    Raises UserNotFound, LastAdmin, ProfileInvalid, PreconditionFailed.
    """
    if roles is not None and not roles:
        raise ProfileInvalid(
            "Somebody without a role may do nothing: deactivate them.", field="roles"
        )
    async with uow:
        admins = await uow.users.lock_admins()
        user = await uow.users.get(user_id)
        changed = replace(
            user,
            roles=user.roles if roles is None else frozenset(roles),
            is_active=user.is_active if is_active is None else is_active,
            updated_at=clock.now(),
        )
        if admins == [user.id] and not (changed.is_active and Role.ADMIN in changed.roles):
            raise LastAdmin("Somebody must remain who administers this installation.")
        stored = await uow.users.update(changed, expected_version=expected_version)
        if (stored.roles, stored.is_active) != (user.roles, user.is_active):
            await uow.sessions.revoke(user.id, at=stored.updated_at)
        details = {"roles": sorted(stored.roles), "is_active": stored.is_active}
        uow.record(Event("UserChanged", user.id, user.id, details))
        await uow.commit()
    return Versioned(listed(stored), stored.version)


def listed(user: User) -> ListedUser:
    """The view of an entity at hand."""
    fields = {name: getattr(user, name) for name in ListedUser.__struct_fields__}
    return ListedUser(**fields | {"roles": sorted(user.roles)})
