"""The tables of spending in an export."""

from dataclasses import replace
from typing import Annotated, Final

import msgspec

from coffers.domain.errors import DomainError
from coffers.domain.money import check_bounds
from coffers.domain.spending.budgets import (
    MAX_BUDGETS,
    MAX_LENGTH_DAYS,
    MAX_THRESHOLD,
    MAX_THRESHOLDS,
    Period,
)
from coffers.domain.spending.cadences import Cadence
from coffers.domain.spending.categories import CategoryKind
from coffers.domain.spending.recurring import MAX_SERIES, RecurringKind, RecurringState
from coffers.domain.spending.rules import MAX_RULES, Actions, Conditions, check_rule
from coffers.domain.spending.transfers import MatchedBy, TransferStatus
from coffers.infrastructure.db.markets.rates import exchange_rates
from coffers.infrastructure.db.portability.ledger import IdText, currency
from coffers.infrastructure.db.portability.tables import Exported, Row
from coffers.infrastructure.db.spending.budgets import budget_alerts, budgets
from coffers.infrastructure.db.spending.categories import categories
from coffers.infrastructure.db.spending.recurring import recurring_series
from coffers.infrastructure.db.spending.rules import rules
from coffers.infrastructure.db.spending.transfer_rows import transfers

#: Of one user, as far as a file may bring them.
MAX_CATEGORIES: Final = 10_000
MAX_RATES: Final = 100_000
MAX_TRANSFERS: Final = 200_000
MAX_ALERTS: Final = 100_000

Threshold = Annotated[int, msgspec.Meta(gt=0, le=MAX_THRESHOLD)]
Word = Annotated[str, msgspec.Meta(max_length=40)]


def _check_budget(row: Row) -> None:
    length = row["length_days"]
    if (length is None) is (row["period"] == Period.CUSTOM.value):
        raise ValueError("A custom period has a length, and no other.")
    if length is not None and not 0 < length <= MAX_LENGTH_DAYS:
        raise ValueError(f"A period has 1 to {MAX_LENGTH_DAYS} days.")
    if row["amount"] <= 0:
        raise ValueError("A budget is above zero.")


def _check_rule(row: Row) -> None:
    conditions = msgspec.convert(row["conditions"], Conditions)
    actions = msgspec.convert(row["actions"], Actions)
    try:
        for amount in (conditions.min_amount, conditions.max_amount):
            if amount is not None:
                check_bounds(amount)
        check_rule(conditions, replace(actions, category_id=row["category_id"]))
    except DomainError as error:
        raise ValueError(error.detail) from error


SPENDING: Final = (
    Exported(
        categories,
        most=MAX_CATEGORIES,
        words={"kind": CategoryKind},
        refers={"parent_id": ["categories"]},
    ),
    Exported(
        transfers,
        most=MAX_TRANSFERS,
        words={"status": TransferStatus, "matched_by": MatchedBy},
        reads={"outgoing_currency": currency, "incoming_currency": currency},
        refers={"outgoing_id": ["transactions"], "incoming_id": ["transactions"]},
    ),
    Exported(
        recurring_series,
        most=MAX_SERIES,
        words={"kind": RecurringKind, "state": RecurringState, "cadence": Cadence},
        reads={"currency": currency},
        # The evidence may have been deleted since.
        shapes={"evidence": list[IdText], "chosen": list[Word]},
        refers={"account_id": ["accounts"], "category_id": ["categories"]},
    ),
    Exported(
        rules,
        most=MAX_RULES,
        shapes={"conditions": Conditions, "actions": Actions},
        refers={"category_id": ["categories"]},
        check=_check_rule,
    ),
    Exported(
        budgets,
        most=MAX_BUDGETS,
        words={"period": Period},
        reads={"currency": currency},
        shapes={
            "category_ids": list[IdText],
            "thresholds": Annotated[list[Threshold], msgspec.Meta(max_length=MAX_THRESHOLDS)],
        },
        check=_check_budget,
    ),
    Exported(
        budget_alerts,
        most=MAX_ALERTS,
        refers={"budget_id": ["budgets"]},
    ),
    Exported(
        exchange_rates,
        most=MAX_RATES,
        reads={"base": currency, "quote": currency},
    ),
)
