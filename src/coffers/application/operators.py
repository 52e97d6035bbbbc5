"""What whoever runs an installation does at its machine, without an account of their own."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from coffers.application.identity.directory import Directory, ListedUser, UserFilter, listed
from coffers.application.identity.directory import change_user as change
from coffers.application.identity.passwords import PASSWORD_RESET
from coffers.application.identity.users import REGISTRATION, newcomer
from coffers.application.identity.verifications import EMAIL_VERIFICATION
from coffers.application.ports import Clock, Passwords
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.identity.passwords import check_password
from coffers.domain.identity.users import Role, User, UserNotFound, check_email
from coffers.domain.ids import UserId

#: People fetched at once.
CHUNK: Final = 100


async def add_user(
    uow: UnitOfWork,
    passwords: Passwords,
    clock: Clock,
    *,
    email: str,
    password: str,
    roles: Collection[Role],
) -> ListedUser:
    """An account whose address counts as verified.

    Raises ProfileInvalid, PasswordTooWeak, EmailTaken.
    """
    check_email(email)
    check_password(password)
    made = newcomer(email, await passwords.hash(password), clock.now())
    user = replace(made, roles=frozenset(roles), is_verified=True)
    async with uow:
        await uow.users.add(user)
        uow.record(*REGISTRATION.succeeded(user.id, user.id))
        await uow.commit()
    return listed(user)


async def ensure_demo_user(
    uow: UnitOfWork, passwords: Passwords, clock: Clock, *, email: str, password: str
) -> UserId:
    """The demo user, who may do everything; as they are when they exist already."""
    async with uow:
        known = await uow.users.find_by_sign_in_name(email)
    if known is None:
        roles = {Role.USER, Role.ADMIN}
        await add_user(uow, passwords, clock, email=email, password=password, roles=roles)
    async with uow:
        return (await _find(uow, email)).id


async def list_everybody(directory: Directory) -> Sequence[ListedUser]:
    """All people, newest first."""
    everybody: list[ListedUser] = []
    before = None
    while True:
        page = await directory.page(UserFilter(), before=before, limit=CHUNK)
        everybody += page.rows
        if page.next_key is None:
            return everybody
        before = page.rows[-1].id


async def verify_user(uow: UnitOfWork, clock: Clock, name: str) -> None:
    """Take somebody's address for verified. Raises UserNotFound."""
    async with uow:
        user = await uow.users.get((await _find(uow, name)).id)
        if not user.is_verified:
            await uow.users.update(replace(user, is_verified=True, updated_at=clock.now()))
            uow.record(*EMAIL_VERIFICATION.succeeded(user.id, user.id))
            await uow.commit()


async def change_user(
    uow: UnitOfWork,
    clock: Clock,
    name: str,
    *,
    roles: Collection[Role] | None = None,
    is_active: bool | None = None,
) -> None:
    """Give roles, open or close the account; their sessions end.

    Raises UserNotFound, LastAdmin, ProfileInvalid.
    """
    async with uow:
        user = await _find(uow, name)
    await change(uow, clock, user.id, roles=roles, is_active=is_active, expected_version=None)


async def set_password(
    uow: UnitOfWork, passwords: Passwords, clock: Clock, name: str, password: str
) -> None:
    """Give somebody another password and end all their sessions.

    Raises UserNotFound, PasswordTooWeak.
    """
    check_password(password)
    password_hash = await passwords.hash(password)
    async with uow:
        user = await _find(uow, name)
        await uow.users.set_password(user.id, password_hash)
        await uow.sessions.revoke(user.id, at=clock.now())
        uow.record(*PASSWORD_RESET.succeeded(user.id, user.id))
        await uow.commit()


async def _find(uow: UnitOfWork, name: str) -> User:
    user = await uow.users.find_by_sign_in_name(name)
    if user is None:
        raise UserNotFound(f"Nobody here is called {name}.")
    return user
