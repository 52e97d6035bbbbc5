"""A new encryption key: everything opens with it alone when the former one is gone."""

import os
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert, select

from coffers.application.linking import resealing
from coffers.application.linking.resealing import Resealed, reseal_secrets
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.accounts import Account, AccountType
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.linking.connections import connection_credentials
from coffers.infrastructure.vault import AesGcmVault, VaultKey
from tests.stores import NOON, Store, open_store

FORMER, PRESENT = (VaultKey(letter * 12, os.urandom(32)) for letter in "ab")
ROTATED = AesGcmVault([PRESENT, FORMER])
SECRETS = [b"first", b"second", b"third"]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as store:
        yield store


async def keep(store: Store, user_id: UserId, secret: bytes, key: VaultKey = FORMER) -> None:
    connection_id = new_id()
    sealed = AesGcmVault([key]).seal(secret, bound_to=connection_id)
    row = {"user_id": user_id, "connection_id": connection_id, "obtained_at": NOON}
    async with store.engines.write.begin() as connection:
        await connection.execute(insert(connection_credentials).values(**row, sealed=sealed))


async def opened(store: Store, *keys: VaultKey) -> list[bytes]:
    vault, kept = AesGcmVault(keys), connection_credentials.c
    rows = await store.reader.rows(select(kept.connection_id, kept.sealed))
    return sorted(vault.open(row.sealed, bound_to=row.connection_id) for row in rows)


async def test_everything_opens_with_the_present_key_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "BATCH", 2)
    ada = await store.add_user()
    for secret in SECRETS:
        await keep(store, ada, secret)

    told = await reseal_secrets(store.uow(), ROTATED)

    assert told == Resealed(changed=3)
    assert await opened(store, PRESENT) == SECRETS


async def test_what_has_the_present_key_stays_as_it_is(store: Store) -> None:
    await keep(store, await store.add_user(), b"secret", PRESENT)

    assert await reseal_secrets(store.uow(), ROTATED) == Resealed()


async def test_what_no_key_opens_is_counted_and_left(store: Store) -> None:
    ada = await store.add_user()
    await keep(store, ada, b"lost", VaultKey("c" * 12, os.urandom(32)))
    await keep(store, ada, b"secret")

    told = await reseal_secrets(store.uow(), ROTATED)

    assert told == Resealed(changed=1, lost=1)


async def test_account_numbers_are_resealed_and_their_accounts_keep_their_version(
    store: Store,
) -> None:
    ada, account_id = await store.add_user(), new_id()
    sealed = AesGcmVault([FORMER]).seal(b"4111", bound_to=account_id)
    card = Account(
        id=account_id,
        user_id=ada,
        source="file",
        name="Card",
        account_type=AccountType.CREDIT_CARD,
        currency="USD",
        created_at=NOON,
        updated_at=NOON,
        account_number=sealed,
    )
    uow = store.uow()
    async with uow:
        await uow.accounts.add(card)
        await uow.commit()
    (before,) = await store.reader.rows(select(accounts))

    await reseal_secrets(store.uow(), ROTATED)

    (after,) = await store.reader.rows(select(accounts))
    number = AesGcmVault([PRESENT]).open(after.account_number, bound_to=account_id)
    assert number == b"4111"
    assert after._asdict() | {"account_number": sealed} == before._asdict()
