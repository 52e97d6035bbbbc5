"""Pending and posted are one transaction."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from coffers.domain.ids import new_id
from coffers.domain.ledger.transactions import PendingMovement, settle
from tests.ledgers import movement


def pending(number: str = "p", day: int = 1, amount: str = "-3.50", **more: Any) -> PendingMovement:
    currency = more.get("currency", "USD")
    return PendingMovement(new_id(), number, Decimal(amount), currency, date(2026, 3, day))


def posted(number: str, day: int = 2, **more: Any) -> Any:
    return movement(number, transaction_date=date(2026, 3, day), **more)


def names(pairs: dict[UUID, Any]) -> dict[UUID, str]:
    return {key: row.provider_transaction_id for key, row in pairs.items()}


def test_a_link_that_the_source_names_comes_first() -> None:
    one, two = pending("p1"), pending("p2")
    rows = [posted("x", pending_transaction_id="p2"), posted("y")]

    assert names(settle([one, two], rows)) == {two.id: "x", one.id: "y"}


def test_each_is_taken_once_the_earliest_first() -> None:
    early, late = pending("p1", day=1), pending("p2", day=2)

    assert names(settle([late, early], [posted("x", day=3)])) == {early.id: "x"}


def test_two_identical_coffees_settle_one_to_one() -> None:
    one, two = pending("p1"), pending("p2")

    pairs = settle([one, two], [posted("x"), posted("y")])

    assert sorted(names(pairs).values()) == ["x", "y"]


def test_the_amount_must_be_exact() -> None:
    assert not settle([pending(amount="-3.51")], [posted("x")])


def test_the_currency_must_be_the_same() -> None:
    assert not settle([pending(currency="EUR")], [posted("x")])


def test_it_may_be_posted_up_to_eight_days_later() -> None:
    assert settle([pending(day=1)], [posted("x", day=9)])
    assert not settle([pending(day=1)], [posted("x", day=10)])


def test_it_is_not_posted_before_it_was_pending() -> None:
    assert not settle([pending(day=3)], [posted("x", day=2)])
