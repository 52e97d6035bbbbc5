"""Amounts of trades: what follows from quantity, price, multiplier and commission."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.currencies import MINOR_UNITS
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.entries import MAX_LOTS, Entry, EntryInvalid, NamedLot
from coffers.domain.ledger.trades import traded
from coffers.domain.ledger.transactions import TYPE_OF, TransactionStatus
from coffers.domain.ledger.transactions import TransactionSubtype as Subtype
from coffers.presentation.api.ledger.entries import NewTransaction

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ONE = Decimal(1)


def trade(subtype: Subtype, quantity: str, price: str | None, currency: str = "USD") -> Entry:
    return Entry(
        id=new_id(),
        user_id=UserId(new_id()),
        account_id=new_id(),
        transaction_type=TYPE_OF[subtype],
        subtype=subtype,
        status=TransactionStatus.SETTLED,
        amount=Decimal(0),
        currency=currency,
        description="A trade",
        transaction_date=date(2026, 3, 1),
        created_at=NOW,
        updated_at=NOW,
        symbol="AAPL",
        quantity=Decimal(quantity),
        unit_price=None if price is None else Decimal(price),
    )


def numbers(most: int, places: int) -> st.SearchStrategy[str]:
    return st.decimals(min_value=Decimal(1).scaleb(-places), max_value=most, places=places).map(
        lambda number: f"{number:f}"
    )


@given(
    st.sampled_from([Subtype.BUY, Subtype.SELL, Subtype.SHORT_SELL, Subtype.BUY_TO_COVER]),
    numbers(10**6, 8),
    numbers(10**6, 6),
    st.none() | numbers(100, 2),
    st.sampled_from([Decimal(1), Decimal(100)]),
    st.sampled_from(["USD", "JPY", "BHD"]),
)
def test_what_follows_is_right_to_the_minor_unit_and_agrees_with_itself(
    subtype: Subtype,
    quantity: str,
    price: str,
    fee: str | None,
    multiplier: Decimal,
    currency: str,
) -> None:
    entry = replace(
        trade(subtype, quantity, price, currency), commission=None if fee is None else Decimal(fee)
    )
    unit = ONE.scaleb(-MINOR_UNITS[currency])
    exact = Decimal(quantity) * Decimal(price) * multiplier
    sign = -1 if subtype in {Subtype.BUY, Subtype.BUY_TO_COVER} else 1
    due = sign * exact - Decimal(fee or 0)
    if sign > 0 and due < unit:
        return

    made = traded(entry, multiplier, amount=None)

    assert abs(made.amount - due) <= unit / 2
    assert made.quantity is not None
    assert made.quantity.copy_abs() == Decimal(quantity)
    assert traded(made, multiplier, amount=made.amount) == made
    for wrong in (made.amount - 2 * unit, made.amount + 2 * unit):
        with pytest.raises(EntryInvalid):
            traded(entry, multiplier, amount=wrong)


@pytest.mark.parametrize(
    ("told", "is_fine"), [("-3.33", True), ("-3.34", True), ("-3.335", False), ("-3.32", False)]
)
def test_where_it_is_not_whole_either_neighbour_will_do(told: str, is_fine: bool) -> None:  # noqa: FBT001 - a parameter of the cases
    entry = trade(Subtype.BUY, "0.3333", "10")

    if is_fine:
        assert traded(entry, ONE, amount=Decimal(told)).amount == Decimal(told)
    else:
        with pytest.raises(EntryInvalid):
            traded(entry, ONE, amount=Decimal(told))


def test_halves_are_rounded_away_from_zero() -> None:
    assert traded(trade(Subtype.BUY, "3", "150.5", "JPY"), ONE, amount=None).amount == -452
    assert traded(trade(Subtype.SELL, "3", "150.5", "JPY"), ONE, amount=None).amount == 452


@pytest.mark.parametrize(
    ("subtype", "quantity", "kept"),
    [
        (Subtype.SELL, "-2", "-2"),
        (Subtype.TRANSFER_OUT, "2", "-2"),
        (Subtype.EXERCISE, "2", "-2"),
        (Subtype.ASSIGNMENT, "2", "2"),
        (Subtype.SPLIT, "-2", "-2"),
        (Subtype.EXPIRATION, "-2", "-2"),
    ],
)
def test_a_quantity_has_the_sign_of_what_it_adds(
    subtype: Subtype, quantity: str, kept: str
) -> None:
    price = "1" if subtype is Subtype.SELL else None

    assert traded(trade(subtype, quantity, price), ONE, amount=None).quantity == Decimal(kept)


def test_lots_add_up_to_what_is_sold() -> None:
    lots = (NamedLot(new_id(), Decimal(1)), NamedLot(new_id(), Decimal("0.5")))

    entry = replace(trade(Subtype.SELL, "1.5", "1"), lots=lots)
    assert traded(entry, ONE, amount=None).lots == lots
    with pytest.raises(EntryInvalid, match=r"add up to 1\.5, not to 1\.50000001"):
        traded(replace(entry, quantity=Decimal("1.50000001")), ONE, amount=None)


def test_a_sale_names_so_many_lots_and_no_more() -> None:
    def told(count: int) -> object:
        lot = {"transaction_id": str(new_id()), "quantity": "1"}
        days = {"transaction_date": "2026-03-01", "account_id": str(new_id())}
        return days | {"lots": [lot] * count}

    assert len(NewTransaction.model_validate(told(MAX_LOTS)).lots or ()) == MAX_LOTS
    with pytest.raises(ValueError, match="at most"):
        NewTransaction.model_validate(told(MAX_LOTS + 1))
