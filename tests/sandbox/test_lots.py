from datetime import date
from decimal import Decimal

from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import TransactionSubtype as Subtype
from coffers.sandbox.books import Leg, Movement
from coffers.sandbox.lots import Position, positions
from coffers.sandbox.securities import Security, Split

DAY = date(2024, 3, 4)
SHARE = Security("SHRE", "A share", AssetType.EQUITY)
BOND = Security("BOND", "A bond", AssetType.FIXED_INCOME, multiplier=Decimal("0.01"))


def moved(
    quantity: str,
    amount: str,
    *,
    subtype: Subtype = Subtype.BUY,
    price: str | None = "1",
    split: Split | None = None,
    security: Security = SHARE,
) -> Movement:
    leg = Leg(security, Decimal(quantity), None if price is None else Decimal(price), split=split)
    return Movement(DAY, subtype, Decimal(amount), "moved", leg)


def held(*movements: Movement) -> Position:
    (position,) = positions(movements)
    return position


def test_a_sale_uses_the_oldest_lot_first() -> None:
    # published example: 109 for 3149.20 and 52 for 1684.92, then 15 sold, leave 4400.74
    position = held(moved("109", "-3149.20"), moved("52", "-1684.92"), moved("-15", "531.50"))

    assert (position.quantity, position.basis) == (Decimal(146), Decimal("4400.74"))


def test_a_sale_may_use_several_lots() -> None:
    position = held(
        moved("4", "-400.00"), moved("5", "-555.55"), moved("6", "-733.32"), moved("-12", "1500")
    )

    assert (position.quantity, position.basis) == (Decimal(3), Decimal("366.66"))


def test_the_basis_of_a_short_position_is_what_was_received_below_zero() -> None:
    position = held(moved("-10", "499.00"), moved("4", "-220.00"))

    assert (position.quantity, position.basis) == (Decimal(-6), Decimal("-299.40"))


def test_what_was_sold_out_is_gone() -> None:
    assert positions([moved("10", "-100.00"), moved("-10", "90.00")]) == []


def test_a_split_changes_the_units_and_not_the_basis() -> None:
    five = moved("40", "0", price=None, split=Split(DAY, 5, 1))
    three = moved("100", "0", price=None, split=Split(DAY, 3, 1))

    position = held(moved("10", "-2160.00"), five, three)

    assert (position.quantity, position.basis) == (Decimal(150), Decimal("2160.00"))


def test_a_reverse_split_leaves_fractions() -> None:
    reverse = moved("-123.3", "0", price=None, split=Split(DAY, 1, 10))

    position = held(moved("137", "-1000.00"), reverse)

    assert (position.quantity, position.basis) == (Decimal("13.7"), Decimal("1000.00"))


def test_a_position_transferred_in_without_a_price_has_no_basis() -> None:
    unknown = moved("120", "0", subtype=Subtype.TRANSFER_IN, price=None)

    assert held(unknown, moved("10", "-100.00")).basis is None
    assert held(unknown, moved("10", "-100.00"), moved("-120", "900.00")).basis == Decimal(100)


def test_a_position_transferred_in_with_a_price_keeps_what_was_once_paid() -> None:
    bonds = moved("20000", "0", subtype=Subtype.TRANSFER_IN, price="98.25", security=BOND)

    assert held(bonds).basis == Decimal("19650.00")


def test_positions_come_by_symbol() -> None:
    opened = positions([moved("1", "-1"), moved("1", "-1", security=BOND)])

    assert [position.security for position in opened] == [BOND, SHARE]
