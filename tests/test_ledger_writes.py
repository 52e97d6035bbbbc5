"""The ledger's write repositories: one contract, two engines."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from coffers.domain.errors import PreconditionFailed
from coffers.domain.identity.principals import NotYours
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.accounts import Account, AccountNotFound, AccountType
from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.tombstones import Burial, Tombstone
from coffers.domain.ledger.transactions import TransactionKnown, TransactionStatus
from coffers.domain.linking.syncs import Counts
from coffers.domain.money import AmountInvalid
from coffers.infrastructure.db.ledger.holdings import holdings
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from tests.ledgers import NOON, Ledger, ledger_at, movement, position, reported_account

PENDING = TransactionStatus.PENDING


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    async with ledger_at(database_url) as opened:
        yield opened


async def stored(ledger: Ledger, table: Any) -> list[Any]:
    async with ledger.uow() as uow:
        mine = select(table).where(table.c.user_id == ledger.user_id).order_by(table.c.id)
        return list(await uow.transaction.rows(mine))


async def replaced(ledger: Ledger, *rows: Any) -> tuple[list[Account], Counts]:
    async with ledger.uow() as uow:
        told = await uow.accounts.replace_reported(
            ledger.origin, rows, now=ledger.now, seal=lambda number, _: number.encode()
        )
        await uow.commit()
    return told


async def test_reported_accounts_are_matched_on_their_provider_s_id(ledger: Ledger) -> None:
    (first,), made = await replaced(ledger, reported_account(name="Old name"))

    (again,), counts = await replaced(ledger, reported_account(name="New name"))

    assert made == Counts(created=1)
    assert counts == Counts(updated=1)
    assert (again.id, again.name) == (first.id, "New name")


async def test_an_account_that_is_reported_alike_is_unchanged_but_freshly_synced(
    ledger: Ledger,
) -> None:
    (first,), _ = await replaced(ledger, reported_account(balance=Decimal(25000)))
    ledger.now += timedelta(hours=1)

    (again,), counts = await replaced(ledger, reported_account(balance=Decimal("25000.00")))

    assert counts == Counts(unchanged=1)
    assert again.updated_at == first.updated_at
    assert again.last_synced_at == ledger.now


async def test_an_account_no_longer_reported_is_deactivated_and_comes_back_when_it_is(
    ledger: Ledger,
) -> None:
    await replaced(ledger, reported_account("a1"), reported_account("a2"))

    _, gone = await replaced(ledger, reported_account("a1"))
    (_, back), returned = await replaced(ledger, reported_account("a1"), reported_account("a2"))

    assert gone == Counts(unchanged=1, deactivated=1)
    assert returned == Counts(updated=1, unchanged=1)
    assert back.is_active


async def test_a_balance_that_is_not_reported_stays_what_it_was(ledger: Ledger) -> None:
    await replaced(ledger, reported_account(balance=Decimal("12.5")))

    (account,), _ = await replaced(ledger, reported_account(balance=None))

    assert str(account.balance) == "12.50"


async def test_amounts_of_another_currency_are_forgotten_with_the_currency(ledger: Ledger) -> None:
    await replaced(ledger, reported_account(balance=Decimal("12.5")))

    (account,), _ = await replaced(ledger, reported_account(balance=None, currency="EUR"))

    assert (account.balance, account.currency) == (None, "EUR")


async def test_of_an_account_number_only_the_last_four_digits_are_in_the_clear(
    ledger: Ledger,
) -> None:
    account = await ledger.account(account_number="123456789")

    assert account.account_number_masked == "****6789"
    assert account.account_number == b"123456789"  # as the ledger's stand-in for a vault seals it


async def test_somebody_else_s_account_is_told_from_none(ledger: Ledger) -> None:
    account = await ledger.account()

    async with ledger.uow() as uow:
        with pytest.raises(NotYours):
            await uow.accounts.get(UserId(new_id()), account.id)
        with pytest.raises(AccountNotFound):
            await uow.accounts.get(ledger.user_id, new_id())


async def test_an_account_is_not_updated_from_a_stale_version(ledger: Ledger) -> None:
    account = await ledger.account()

    async with ledger.uow() as uow:
        await uow.accounts.update(replace(account, account_type=AccountType.TRUST))
        with pytest.raises(PreconditionFailed):
            await uow.accounts.update(account)


async def test_positions_are_replaced_by_what_is_reported(ledger: Ledger) -> None:
    account = await ledger.account()
    await ledger.hold(account, position("AAPL"), position("MSFT"), position("IBM"))

    counts = await ledger.hold(
        account, position("AAPL"), position("MSFT", quantity=Decimal(7)), position("NEW")
    )

    assert counts == Counts(created=1, updated=1, unchanged=1, deactivated=1)
    assert {row.symbol: row.is_active for row in await stored(ledger, holdings)} == {
        "AAPL": True,
        "MSFT": True,
        "IBM": False,
        "NEW": True,
    }


async def test_only_changed_positions_move_their_updated_at_but_all_are_freshly_synced(
    ledger: Ledger,
) -> None:
    account = await ledger.account()
    await ledger.hold(account, position("AAPL"), position("MSFT"))
    ledger.now += timedelta(hours=1)

    await ledger.hold(account, position("AAPL"), position("MSFT", market_value=Decimal(1)))

    rows = {row.symbol: row for row in await stored(ledger, holdings)}
    assert rows["AAPL"].updated_at == NOON
    assert rows["MSFT"].updated_at == ledger.now
    assert {row.last_synced_at for row in rows.values()} == {ledger.now}


async def test_two_positions_in_one_security_stay_two(ledger: Ledger) -> None:
    account = await ledger.account()
    twin = position(provider_holding_id="the other lot")

    counts = await ledger.hold(account, position(), twin)

    assert counts == Counts(created=2)


async def test_a_short_position_is_legal(ledger: Ledger) -> None:
    account = await ledger.account()
    short = position(quantity=Decimal(-5), cost_basis=Decimal(-500), market_value=Decimal(-450))

    await ledger.hold(account, short)

    (row,) = await stored(ledger, holdings)
    assert str(row.quantity) == "-5.00000000"
    assert str(row.market_value) == "-450.00"


async def test_transactions_are_counted_as_created_updated_and_unchanged(ledger: Ledger) -> None:
    account = await ledger.account()
    first = await ledger.move(account, movement("t1"), movement("t2"))

    second = await ledger.move(
        account, movement("t1"), movement("t2", amount=Decimal(-9)), movement("t3")
    )

    assert first == Counts(created=2)
    assert second == Counts(created=1, updated=1, unchanged=1)


async def test_an_unchanged_transaction_is_not_touched(ledger: Ledger) -> None:
    account = await ledger.account()
    await ledger.move(account, movement("t1", amount=Decimal("-3.5")))
    (before,) = await stored(ledger, transactions)
    ledger.now += timedelta(hours=1)

    await ledger.move(account, movement("t1", amount=Decimal("-3.50")))

    assert await stored(ledger, transactions) == [before]


async def test_a_transaction_that_comes_twice_in_one_report_counts_once(ledger: Ledger) -> None:
    account = await ledger.account()

    counts = await ledger.move(account, movement("t1"), movement("t1", description="Tea"))

    assert counts == Counts(created=1)
    assert [row.description for row in await stored(ledger, transactions)] == ["Tea"]


async def test_two_accounts_may_use_the_same_transaction_id(ledger: Ledger) -> None:
    one, two = await ledger.accounts(reported_account("a1"), reported_account("a2"))
    await ledger.move(one, movement("t1"))

    counts = await ledger.move(two, movement("t1"))

    assert counts == Counts(created=1)


async def test_pending_and_posted_are_one_transaction_that_keeps_its_id(ledger: Ledger) -> None:
    account = await ledger.account()
    await ledger.move(account, movement("pending", status=PENDING))
    (pending,) = await stored(ledger, transactions)

    counts = await ledger.move(account, movement("posted", transaction_date=date(2026, 3, 9)))

    (posted,) = await stored(ledger, transactions)
    assert counts == Counts(updated=1)
    assert posted.id == pending.id
    assert (posted.provider_transaction_id, posted.status) == ("posted", "settled")


async def test_nine_days_later_a_like_transaction_is_another_one(ledger: Ledger) -> None:
    account = await ledger.account()
    await ledger.move(account, movement("pending", status=PENDING))

    counts = await ledger.move(account, movement("posted", transaction_date=date(2026, 3, 10)))

    assert counts == Counts(created=1)


async def test_a_named_link_settles_whatever_the_amount_became(ledger: Ledger) -> None:
    account = await ledger.account()
    await ledger.move(account, movement("hold", status=PENDING, amount=Decimal(-100)))
    tipped = movement("posted", amount=Decimal(-118), pending_transaction_id="hold")

    counts = await ledger.move(account, tipped)

    (row,) = await stored(ledger, transactions)
    assert counts == Counts(updated=1)
    assert str(row.amount) == "-118.00"


async def test_a_pending_row_reported_beside_its_posted_one_is_not_stored_twice(
    ledger: Ledger,
) -> None:
    account = await ledger.account()
    hold = movement("hold", status=PENDING)
    await ledger.move(account, hold)

    counts = await ledger.move(account, hold, movement("posted", pending_transaction_id="hold"))

    assert counts == Counts(updated=1)
    assert len(await stored(ledger, transactions)) == 1


async def test_a_known_posted_row_does_not_swallow_a_new_pending_one(ledger: Ledger) -> None:
    account = await ledger.account()
    posted = movement("posted")
    await ledger.move(account, posted, movement("pending", status=PENDING))

    counts = await ledger.move(account, posted)

    assert counts == Counts(unchanged=1)
    assert len(await stored(ledger, transactions)) == 2


async def test_what_its_owner_deleted_stays_deleted(ledger: Ledger) -> None:
    account = await ledger.account()
    await _bury(ledger, account, "t1")

    counts = await ledger.move(account, movement("t1"), movement("t2"))

    assert counts == Counts(created=1, unchanged=1)


async def _bury(ledger: Ledger, account: Account, key: str) -> None:
    tombstone = Tombstone(
        user_id=ledger.user_id,
        account_id=account.id,
        transaction_id=new_id(),
        burial=Burial.DELETED_ID,
        key=key,
        import_id=None,
        created_at=NOON,
    )
    async with ledger.uow() as uow:
        await uow.tombstones.add([tombstone])
        await uow.commit()


async def test_added_rows_keep_order_import_and_fingerprint(ledger: Ledger) -> None:
    account = await ledger.account()
    import_id = new_id()

    ids = await _add(ledger, account, [movement(None), movement("t2")], import_id)

    rows = await stored(ledger, transactions)
    assert [row.id for row in rows] == ids
    assert [(row.fingerprint, row.import_id) for row in rows] == [
        ("f" * 64, import_id),
        (None, import_id),
    ]


async def _add(
    ledger: Ledger,
    account: Account,
    rows: list[ReportedTransaction],
    import_id: UUID | None = None,
) -> list[UUID]:
    async with ledger.uow() as uow:
        ids = await uow.transactions.add(
            account, rows, now=NOON, import_id=import_id, fingerprints={0: "f" * 64}
        )
        await uow.commit()
    return ids


async def test_adding_a_known_id_is_refused(ledger: Ledger) -> None:
    account = await ledger.account()
    await ledger.move(account, movement("t1"))

    with pytest.raises(TransactionKnown):
        await _add(ledger, account, [movement("t2"), movement("t1")])

    assert len(await stored(ledger, transactions)) == 1


async def test_every_digit_of_an_amount_is_kept(ledger: Ledger) -> None:
    account = await ledger.account()
    amount, quantity = "99999999999999999999.123456789012345678", "0.000000001"

    await ledger.move(account, movement(amount=Decimal(amount), quantity=Decimal(quantity)))

    (row,) = await stored(ledger, transactions)
    assert format(row.amount, "f") == amount
    assert format(row.quantity, "f") == quantity


@pytest.mark.parametrize("amount", ["1E+20", "NaN", "Infinity", "1E-19"])
async def test_an_amount_that_cannot_be_kept_exactly_is_refused(
    ledger: Ledger, amount: str
) -> None:
    account = await ledger.account()

    with pytest.raises(AmountInvalid):
        await ledger.move(account, movement(amount=Decimal(amount)))


async def test_more_rows_than_a_batch_are_all_stored(ledger: Ledger) -> None:
    account = await ledger.account()
    rows = [movement(f"t{number}") for number in range(10_001)]

    counts = await ledger.move(account, *rows)
    again = await ledger.move(account, *rows)

    assert counts == Counts(created=10_001)
    assert again == Counts(unchanged=10_001)


async def test_deleting_an_account_deletes_what_is_in_it_and_nothing_else(ledger: Ledger) -> None:
    one, two = await ledger.accounts(reported_account("a1"), reported_account("a2"))
    for account in (one, two):
        await ledger.hold(account, position())
        await ledger.move(account, movement())

    async with ledger.uow() as uow:
        await uow.accounts.delete(one)
        await uow.commit()

    assert [row.account_id for row in await stored(ledger, holdings)] == [two.id]
    assert [row.account_id for row in await stored(ledger, transactions)] == [two.id]
