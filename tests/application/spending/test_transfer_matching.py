"""Matching in stretches of days: it finds what one look at everything would find."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from coffers.application.spending.transfer_matching import (
    MATCHING,
    match_movements,
    movements_changed,
)
from coffers.domain.ids import UserId, new_id
from coffers.domain.jobs import Job
from coffers.domain.ledger.accounts import Account
from coffers.domain.markets.rates import ExchangeRates
from coffers.domain.spending.transfer_matching import match
from coffers.domain.spending.transfers import Leg, Transfer, TransferStatus
from coffers.infrastructure.db.markets.rates import SqlExchangeRates
from coffers.infrastructure.db.spending.transfer_rows import transfer_from, transfers
from coffers.infrastructure.markets.ecb_rates import BundledRates
from tests.ledgers import Ledger, ledger_at
from tests.spendings import DAY, bank_account, days, moved
from tests.stores import Store, open_store, user

SPAN = 200


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as store:
        yield store


@pytest.fixture
async def ledger(store: Store, database_url: str) -> AsyncIterator[Ledger]:
    user_id = UserId(new_id())
    uow = store.uow()
    async with uow:
        await uow.users.add(user(user_id, "ada"))
        await uow.commit()
    async with ledger_at(database_url, user_id) as ledger:
        yield ledger


@pytest.fixture
def rates(store: Store) -> ExchangeRates:
    return SqlExchangeRates(store.reader, BundledRates())


async def fill(ledger: Ledger, seed: int) -> list[Account]:
    """Three accounts with small amounts, so that much fits."""
    chance = random.Random(seed)
    accounts = [await bank_account(ledger, f"a{n}") for n in range(3)]
    for account in accounts:
        rows = [
            moved(
                f"{account.name}-{n}",
                f"{chance.choice(['', '-'])}{chance.randint(1, 15)}.00",
                DAY - days(chance.randrange(SPAN)),
            )
            for n in range(60)
        ]
        await ledger.move(account, *rows)
    return accounts


async def everything(ledger: Ledger) -> list[Leg]:
    async with ledger.uow() as uow:
        return await uow.transfers.candidates(ledger.user_id, DAY - days(SPAN), DAY)


async def held(store: Store) -> list[Transfer]:
    rows = await store.reader.rows(select(transfers).order_by(transfers.c.id))
    return [transfer_from(row) for row in rows]


async def look(ledger: Ledger, store: Store, rates: ExchangeRates, *, back: int = 1) -> None:
    since = (ledger.now - timedelta(hours=back)).isoformat()
    payload: dict[str, object] = {"since": since, "days": []}
    job = Job(new_id(), MATCHING, payload, ledger.now, ledger.user_id)
    await match_movements(store.uow(), rates, store.clock, job)


@pytest.mark.parametrize("seed", range(3))
async def test_stretches_find_what_one_look_at_everything_finds(
    ledger: Ledger, store: Store, rates: ExchangeRates, seed: int
) -> None:
    await fill(ledger, seed)
    legs = await everything(ledger)
    expected = match(legs)

    await look(ledger, store, rates)

    found = await held(store)
    by_status = {
        status: {each.key for each in found if each.status is status} for status in TransferStatus
    }
    assert by_status[TransferStatus.CONFIRMED] == {pair.key for pair in expected.certain}
    assert by_status[TransferStatus.SUGGESTED] == {pair.key for pair in expected.possible}
    assert expected.certain
    assert expected.possible


async def test_a_second_look_changes_nothing(
    ledger: Ledger, store: Store, rates: ExchangeRates
) -> None:
    await fill(ledger, 7)
    await look(ledger, store, rates)
    first = await held(store)

    await look(ledger, store, rates)

    assert await held(store) == first


async def test_a_suggestion_goes_when_its_leg_is_another_amount(
    ledger: Ledger, store: Store, rates: ExchangeRates
) -> None:
    giro, savings = await bank_account(ledger, "giro"), await bank_account(ledger, "savings")
    await ledger.move(giro, moved("out", "-5.00"))
    await ledger.move(savings, moved("one", "5.00"), moved("two", "5.00"))
    await look(ledger, store, rates)
    before = await held(store)

    await ledger.move(savings, moved("two", "6.00"))
    async with ledger.uow() as uow:
        freed = await movements_changed(uow, ledger.user_id, now=ledger.now)
        await uow.commit()
    await look(ledger, store, rates)

    (transfer,) = await held(store)
    assert (len(before), freed) == (2, True)
    assert (transfer.status, transfer.incoming_amount) == (TransferStatus.CONFIRMED, Decimal(5))
