"""What happens while a password is being verified, which takes long enough for it to matter."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from coffers.application.identity import passwords, sign_ins
from coffers.application.identity.sessions import Viewer
from coffers.application.identity.sign_ins import Credentials
from coffers.application.ports import AccessTokens, Passwords
from coffers.domain.identity.passwords import WrongPassword
from coffers.domain.identity.users import AccountInactive, InvalidCredentials, UserNotFound
from coffers.domain.ids import SessionId, UserId, new_id
from coffers.domain.live.events import Origin
from coffers.infrastructure.jwt_keys import KeyRing, SigningKey
from coffers.infrastructure.jwt_tokens import JwtAccessTokens
from tests.stores import Store, open_store

CREDENTIALS = Credentials("ada@example.com", "right")


@dataclass
class SlowPasswords(Passwords):
    """The password of every user as added is right; something happens while that is found out."""

    meanwhile: Callable[[], Awaitable[None]]

    async def hash(self, password: str) -> str:
        return password

    async def verify(self, password: str, password_hash: str | None) -> bool:
        await self.meanwhile()
        return bool(password) and password_hash == "-"

    def is_outdated(self, password_hash: str) -> bool:
        return not password_hash


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as store:
        yield store


@pytest.fixture
def tokens() -> AccessTokens:
    ring = KeyRing([SigningKey("key", "x" * 32)], algorithm="HS256")
    return JwtAccessTokens(ring, issuer="coffers", audience="coffers-api")


async def test_a_password_that_is_replaced_meanwhile_opens_nothing(
    store: Store, tokens: AccessTokens
) -> None:
    ada = await store.add_user()

    async def reset() -> None:
        uow = store.uow()
        async with uow:
            await uow.users.set_password(ada, "another hash")
            await uow.commit()

    with pytest.raises(InvalidCredentials):
        await sign_ins.sign_in(
            store.uow(), SlowPasswords(reset), tokens, store.clock, Origin(), CREDENTIALS
        )


async def test_an_account_that_is_erased_meanwhile_is_nobody_s(
    store: Store, tokens: AccessTokens
) -> None:
    ada = await store.add_user()

    with pytest.raises(InvalidCredentials):
        await sign_ins.sign_in(
            store.uow(),
            SlowPasswords(_erasing(store, ada)),
            tokens,
            store.clock,
            Origin(),
            CREDENTIALS,
        )


async def test_a_wrong_password_of_an_account_that_is_erased_meanwhile_is_still_just_wrong(
    store: Store, tokens: AccessTokens
) -> None:
    ada = await store.add_user()

    class WrongPasswords(SlowPasswords):
        async def verify(self, password: str, password_hash: str | None) -> bool:
            await super().verify(password, password_hash)
            return False

    with pytest.raises(InvalidCredentials):
        await sign_ins.sign_in(
            store.uow(),
            WrongPasswords(_erasing(store, ada)),
            tokens,
            store.clock,
            Origin(),
            CREDENTIALS,
        )


async def test_an_account_that_is_deactivated_meanwhile_is_shut(
    store: Store, tokens: AccessTokens
) -> None:
    ada = await store.add_user()

    async def deactivate() -> None:
        uow = store.uow()
        async with uow:
            user = await uow.users.get(ada)
            await uow.users.update(replace(user, is_active=False))
            await uow.commit()

    with pytest.raises(AccountInactive):
        await sign_ins.sign_in(
            store.uow(), SlowPasswords(deactivate), tokens, store.clock, Origin(), CREDENTIALS
        )


async def test_of_two_password_changes_at_once_the_later_one_is_refused(store: Store) -> None:
    ada = await store.add_user()

    async def change_elsewhere() -> None:
        uow = store.uow()
        async with uow:
            await uow.users.set_password(ada, "another hash")
            await uow.commit()

    with pytest.raises(WrongPassword):
        await passwords.change_password(
            store.uow(),
            SlowPasswords(change_elsewhere),
            store.clock,
            asker=Viewer(ada, SessionId(new_id())),
            current_password="right",
            new_password="another long password",
        )


def _erasing(store: Store, user_id: UserId) -> Callable[[], Awaitable[None]]:
    async def erase() -> None:
        uow = store.uow()
        with suppress(UserNotFound):  # erased before
            async with uow:
                await uow.erasures.erase(user_id)
                await uow.commit()

    return erase
