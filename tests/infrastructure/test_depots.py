"""Which accounts hold something apart from their balance, on both engines."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.accounts import MANUAL, Account, AccountType
from coffers.domain.ledger.snapshots import Snapshot, SnapshotSource
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.infrastructure.db.lean import LeanReader
from coffers.infrastructure.db.ledger.net_worth import SqlNetWorthLookups
from tests.ledgers import movement, position
from tests.stores import NOON, Store, open_store


def an_account(user_id: UserId, name: str, **more: object) -> Account:
    made = Account(
        new_id(),
        user_id,
        MANUAL,
        name,
        AccountType.BROKERAGE,
        "USD",
        NOON,
        NOON,
        balance=Decimal(5),
    )
    return replace(made, **more)  # type: ignore[arg-type]  # whatever a test says


async def fill(store: Store, *accounts: Account) -> None:
    """Each with a purchase."""
    bought = movement(
        "b",
        transaction_type=TransactionType.TRADE,
        subtype=TransactionSubtype.BUY,
        symbol="AAPL",
        quantity=Decimal(1),
    )
    uow = store.uow()
    async with uow:
        for account in accounts:
            await uow.accounts.add(account)
            await uow.transactions.add(account, [bought], now=NOON)
        await uow.commit()


async def test_accounts_that_hold_securities_apart_are_found(database_url: str) -> None:
    async with open_store(database_url) as store:
        ada = await store.add_user()
        lookups = SqlNetWorthLookups(LeanReader(store.engines, store.reader))
        by_hand = an_account(ada, "by hand")
        stated = an_account(ada, "stated", source="files")
        told = an_account(ada, "told apart", source="files", cash_balance=Decimal(2))
        opened = an_account(
            ada, "opened", source="files", cash_balance=Decimal(2), opening_balance=Decimal(1)
        )
        linked = an_account(ada, "linked", source="sandbox", connection_id=new_id())
        gone = an_account(ada, "gone", deactivated_at=NOON)
        await fill(store, by_hand, stated, told, opened, linked, gone)
        purse, reported = an_account(ada, "purse"), an_account(ada, "reported", balance=None)
        uow = store.uow()
        async with uow:
            await uow.accounts.add(purse)
            await uow.accounts.add(reported)
            await uow.holdings.replace_reported(reported, [position("AAPL")], now=NOON)
            await uow.commit()

        apart = {each.id for each in (by_hand, stated, opened, reported)}
        assert set(await lookups.depots(ada)) == apart
        rest, explained = await lookups.balances(ada), await lookups.told_balances(ada)

        assert set(rest.depots) == set(explained.depots) == apart
        assert (len(rest.balances), rest.without_balance) == (3, 0)
        assert {each.account for each in explained.told} == {"told apart", "linked", "purse"}
        every = (by_hand, stated, told, opened, linked, reported)
        assert {each.id for each in every if each.holds_apart} == apart


async def test_a_sighting_tells_the_money_of_a_balance(database_url: str) -> None:
    async with open_store(database_url) as store:
        ada = await store.add_user()
        lookups = SqlNetWorthLookups(LeanReader(store.engines, store.reader))
        account = an_account(ada, "broker")
        await fill(store, account)
        snapshot = Snapshot(
            *(new_id(), ada, account.id, Decimal("7.00"), "USD", SnapshotSource.FILE_IMPORT),
            *(NOON, NOON),
            cash_value=Decimal("2.00"),
        )
        uow = store.uow()
        async with uow:
            await uow.snapshots.add(snapshot)
            await uow.commit()

        (seen,) = await lookups.sightings(ada, NOON, NOON + timedelta(days=1))

        assert (seen.account_id, str(seen.balance), str(seen.cash)) == (
            str(account.id),
            "7.00",
            "2.00",
        )
