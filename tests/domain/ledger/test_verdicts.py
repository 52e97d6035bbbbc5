from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.tombstones import Burial
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.ledger.verdicts import Known, KnownMovement, Ruling, Verdict, fingerprint, judge

DAY: Final = date(2026, 1, 15)
PENDING: Final = TransactionStatus.PENDING
SETTLED: Final = TransactionStatus.SETTLED


def row(own_id: str | None = None, **changes: Any) -> ReportedTransaction:
    made = ReportedTransaction(
        provider_transaction_id=own_id,
        transaction_type=TransactionType.EXPENSE,
        subtype=TransactionSubtype.PURCHASE,
        status=SETTLED,
        amount=Decimal("-3.50"),
        currency="USD",
        description="Coffee",
        transaction_date=DAY,
    )
    made = replace(made, **changes)
    told = f"{made.transaction_date}|{made.amount}|{made.description}|{made.status}"
    return made if made.raw else replace(made, raw=told)


def stored(rows: Sequence[ReportedTransaction], **changes: Any) -> list[KnownMovement]:
    """The movements that these rows became."""
    return [
        KnownMovement(
            id=UUID(int=number),
            provider_transaction_id=one.provider_transaction_id,
            fingerprint=fingerprint(one),
            amount=one.amount,
            currency=one.currency,
            transaction_date=one.transaction_date,
            status=one.status,
            is_foreign=False,
        )._replace(**changes)
        for number, one in enumerate(rows, 1)
    ]


def ruled(rows: Sequence[ReportedTransaction], known: Known | None = None) -> list[Ruling]:
    return judge(rows, [fingerprint(one) for one in rows], known or Known())


def verdicts(
    rows: Sequence[ReportedTransaction], known: Sequence[KnownMovement] = (), **more: Any
) -> list[str]:
    return [ruling.verdict.value for ruling in ruled(rows, Known(known, **more))]


def test_two_identical_coffees_are_two() -> None:
    assert verdicts([row(), row()]) == ["new", "new"]


def test_a_third_coffee_in_an_overlapping_file_is_one_more() -> None:
    known = stored([row(), row()])

    assert sorted(verdicts([row(), row(), row()], known)) == ["duplicate", "duplicate", "new"]


def test_the_same_id_with_another_amount_or_currency_is_a_conflict() -> None:
    known = stored([row("a")])

    assert verdicts([row("a", amount=Decimal(4))], known) == ["conflict"]
    assert verdicts([row("a", currency="EUR")], known) == ["conflict"]


@pytest.mark.parametrize(
    ("days", "verdict"), [(8, "duplicate"), (-8, "duplicate"), (9, "conflict")]
)
def test_the_same_id_may_be_posted_days_later_but_not_weeks(days: int, verdict: str) -> None:
    known = stored([row("a")])

    again = row("a", transaction_date=DAY + timedelta(days=days))

    assert verdicts([again], known) == [verdict]


def test_an_amount_written_with_more_digits_is_the_same_amount() -> None:
    known = stored([row("a")])

    assert verdicts([row("a", amount=Decimal("-3.500"))], known) == ["duplicate"]


def test_what_was_deleted_is_ignored_as_often_as_it_was_deleted() -> None:
    mark = fingerprint(row())
    assert mark is not None
    deleted = {(Burial.DELETED_FINGERPRINT, mark): 1, (Burial.DELETED_ID, "a"): 1}

    rulings = ruled([row("a"), row(), row()], Known((), deleted))

    assert [ruling.verdict.value for ruling in rulings] == ["ignored", "ignored", "new"]
    assert rulings[0].reason == "deleted"


def test_a_posted_row_settles_the_pending_one_with_its_amount_within_eight_days() -> None:
    known = stored([row("p", status=PENDING)])

    for days, verdict in ((0, "update"), (8, "update"), (9, "new"), (-1, "new")):
        posted = row("q", transaction_date=DAY + timedelta(days=days))
        assert verdicts([posted], known) == [verdict]


def test_one_pending_movement_is_settled_once() -> None:
    known = stored([row("p", status=PENDING)])

    assert sorted(verdicts([row("q"), row("r")], known)) == ["new", "update"]


def test_the_link_that_the_source_names_comes_before_day_and_amount() -> None:
    known = stored([row("p1", status=PENDING), row("p2", status=PENDING)])

    rulings = ruled([row("q", pending_transaction_id="p2")], Known(known))

    assert rulings == [Ruling(Verdict.UPDATE, "settled", known[1].id)]


def test_a_pending_row_of_an_older_file_is_what_was_posted_since() -> None:
    posted = stored([row("q", transaction_date=DAY + timedelta(days=3))])

    assert verdicts([row("p", status=PENDING)], posted) == ["duplicate"]
    assert verdicts([row("p", status=PENDING), row("q")], posted) == ["new", "duplicate"]


def test_a_name_given_up_when_it_was_posted_does_not_come_back() -> None:
    waiting = row(status=PENDING)
    mark = fingerprint(waiting)
    assert mark is not None
    buried = {(Burial.SETTLED_ID, "p"): 1, (Burial.SETTLED_FINGERPRINT, mark): 1}

    rows = [row("p", status=PENDING), waiting, waiting]

    assert verdicts(rows, buried=buried) == ["duplicate", "duplicate", "new"]


def test_a_provider_s_movement_of_the_day_and_amount_is_the_same() -> None:
    known = stored([row("theirs")], is_foreign=True)

    assert sorted(verdicts([row("file:a"), row("file:b")], known)) == ["duplicate", "new"]


def test_a_provider_s_pending_movement_is_left_for_it_to_settle() -> None:
    known = stored([row("theirs", status=PENDING)], is_foreign=True)

    rulings = ruled([row("file:a", transaction_date=DAY + timedelta(days=2))], Known(known))

    assert rulings == [Ruling(Verdict.DUPLICATE, "pending at its provider", known[0].id)]


def test_files_with_and_without_ids_may_tell_of_the_same() -> None:
    assert verdicts([row()], stored([row("a", raw="other")])) == ["duplicate"]
    assert verdicts([row("a", raw="other")], stored([row()])) == ["duplicate"]


def test_a_movement_that_one_row_names_answers_for_no_other_row() -> None:
    known = stored([row("a")])

    assert verdicts([row("a"), row()], known) == ["duplicate", "new"]


def test_another_id_on_the_same_day_is_another_movement() -> None:
    assert verdicts([row("b")], stored([row("a")])) == ["new"]


def test_twenty_thousand_pending_rows_of_one_amount_are_settled_at_once() -> None:
    waiting = [row(f"p{number}", status=PENDING) for number in range(20_000)]
    posted = [row(f"q{number}") for number in range(20_000)]

    assert set(verdicts(posted, stored(waiting))) == {"update"}


AMOUNTS = st.sampled_from([Decimal("-3.50"), Decimal("-4.00")])
ROWS = st.lists(
    st.builds(
        lambda amount, day, status: row(
            amount=amount, transaction_date=DAY + timedelta(days=day), status=status
        ),
        AMOUNTS,
        st.integers(0, 12),
        st.sampled_from([SETTLED, SETTLED, PENDING]),
    ),
    max_size=12,
)


def with_ids(rows: Sequence[ReportedTransaction]) -> list[ReportedTransaction]:
    return [replace(one, provider_transaction_id=f"id{number}") for number, one in enumerate(rows)]


@given(rows=ROWS, named=st.booleans())
def test_the_same_file_again_brings_nothing_new(
    rows: list[ReportedTransaction],
    named: bool,  # noqa: FBT001 - drawn
) -> None:
    rows = with_ids(rows) if named else rows

    assert set(verdicts(rows, stored(rows))) <= {"duplicate"}


@given(rows=ROWS, order=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: list[ReportedTransaction], order: Any) -> None:
    known = stored(rows[: len(rows) // 2])
    shuffled = list(rows)
    order.shuffle(shuffled)

    assert Counter(verdicts(rows, known)) == Counter(verdicts(shuffled, known))


@given(rows=ROWS, more=ROWS, named=st.booleans())
def test_no_known_movement_answers_for_two_rows(
    rows: list[ReportedTransaction],
    more: list[ReportedTransaction],
    named: bool,  # noqa: FBT001 - drawn
) -> None:
    known = stored(rows)
    told = with_ids(more) if named else more

    concerned = [ruling.transaction_id for ruling in ruled(told, Known(known))]

    taken = [movement_id for movement_id in concerned if movement_id is not None]
    assert len(taken) == len(set(taken))


@given(first=ROWS, second=ROWS)
def test_there_are_as_many_of_a_row_as_one_file_ever_had(
    first: list[ReportedTransaction], second: list[ReportedTransaction]
) -> None:
    settled = [[replace(r, status=SETTLED, raw="") for r in rows] for rows in (first, second)]
    one, two = [[row(**_told(r)) for r in rows] for rows in settled]

    new = [
        r for r, verdict in zip(two, verdicts(two, stored(one)), strict=True) if verdict == "new"
    ]

    assert Counter(r.raw for r in [*one, *new]) == Counter(r.raw for r in one) | Counter(
        r.raw for r in two
    )


def _told(one: ReportedTransaction) -> dict[str, Any]:
    return {"amount": one.amount, "transaction_date": one.transaction_date}
