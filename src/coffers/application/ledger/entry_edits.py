"""Edits of entries: what changes, and what may not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from coffers.application.ledger.balances import latest_day, unlinked
from coffers.application.ledger.entry_annotations import said_in
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.annotations import BY_USER, check_splits
from coffers.domain.ledger.entries import (
    Entry,
    EntryInvalid,
    TransactionReconciled,
    check_day,
    described,
    kind_of,
)
from coffers.domain.ledger.trades import SIGNED, check_lots, follows, written
from coffers.domain.ledger.transactions import TransactionReported

#: What a source says of a movement, as far as its owner may write it.
FACTS: Final = (
    *("account_id", "amount", "transaction_date", "description"),
    *("transaction_type", "subtype", "status", "symbol", "asset_type", "security_name"),
    *("quantity", "unit_price", "commission", "acquired_date"),
)
#: What it can do without.
EMPTIED: Final = frozenset(
    {
        *("symbol", "asset_type", "security_name", "quantity", "unit_price", "commission"),
        *("acquired_date", "lots"),
    }
)
#: What a reconciliation stands on.
_RECONCILED: Final = frozenset({"account_id", "amount", "transaction_date", "status"})
#: What an amount is made of.
_PRICED: Final = frozenset(
    {
        *("transaction_type", "subtype", "symbol", "asset_type", "quantity", "unit_price"),
        *("commission", "acquired_date", "lots"),
    }
)


@dataclass(frozen=True, slots=True)
class EntryEdit:
    """What to change, by the names of an entry's fields and of its annotation's."""

    facts: Mapping[str, Any]  # Any: as each field has it
    said: Mapping[str, object]


class Kept(Enum):
    """The amount stays what it is."""

    AMOUNT = "amount"


KEPT: Final = Kept.AMOUNT


def edited(before: Entry, account: Account, edit: EntryEdit) -> Entry:
    """As it would be; raises EntryInvalid, AnnotationInvalid."""
    facts = dict(edit.facts)
    for name, value in facts.items():
        if value is None and name not in EMPTIED:
            raise EntryInvalid("This cannot be empty.", field=name)
    if "description" in facts:
        facts["description"] = described(facts["description"])
    if "lots" in facts:
        facts["lots"] = written(facts["lots"] or ())
    if facts.keys() & {"transaction_type", "subtype"}:
        facts |= _kind(before, facts)
    if account.currency != before.currency:
        detail = f"The entry is in {before.currency}, the account in {account.currency}."
        raise EntryInvalid(detail, field="account_id")
    annotation = before.annotation.told(said_in(edit.said, before.currency), BY_USER)
    return replace(before, **facts, annotation=annotation)


def _kind(before: Entry, facts: Mapping[str, Any]) -> Mapping[str, Any]:  # Any: as fields have it
    told = facts.get("transaction_type"), facts.get("subtype")
    kind, finer = kind_of(facts.get("amount", before.amount), None, *told)
    known = {"transaction_type": kind, "subtype": finer}
    if "quantity" in facts or before.quantity is None or finer in SIGNED:
        return known
    # Its sign follows what it is now.
    return known | {"quantity": before.quantity.copy_abs()}


def amount_told(before: Entry, after: Entry, edit: EntryEdit) -> Decimal | Kept | None:
    """The amount that is given; None where it follows from what is; else it is kept.

    What a source tells of is not looked at: nothing of it can be edited but its lots.
    """
    changed = {name for name in (*FACTS, "lots") if getattr(before, name) != getattr(after, name)}
    if not before.is_by_hand:
        if after.lots != before.lots:
            check_lots(after)
        return KEPT
    if "amount" in edit.facts:
        return after.amount
    if not changed & _PRICED:
        return KEPT
    return None if follows(after) else after.amount


def check_reported(before: Entry, after: Entry, accounts: Mapping[UUID, Account]) -> None:
    """Raises TransactionReported, AccountNotManual for what is not its owner's to change."""
    if all(getattr(before, name) == getattr(after, name) for name in FACTS):
        return
    if accounts[before.account_id].connection_id is not None or not before.is_by_hand:
        detail = "A provider or a file told of this movement: what it says, stands."
        raise TransactionReported(detail)
    unlinked(accounts[after.account_id])


def check_edit(before: Entry, after: Entry, now: datetime) -> None:
    """Raises TransactionReconciled, EntryInvalid, AnnotationInvalid."""
    changed = {name for name in FACTS if getattr(before, name) != getattr(after, name)}
    if changed & _RECONCILED:
        check_free(before)
    if "transaction_date" in changed:
        check_day(after.transaction_date, latest_day(now))
    if after.annotation.splits != before.annotation.splits or "amount" in changed:
        check_splits(after.annotation.splits, after.amount)


def check_free(entry: Entry) -> None:
    """Raises TransactionReconciled."""
    if entry.reconciliation_id is not None:
        detail = "A reconciliation stands on this movement: delete the reconciliation first."
        raise TransactionReconciled(detail)


def changes(before: Entry, after: Entry) -> list[str]:
    """The names of the fields that changed."""
    told = (*FACTS, "lots")
    facts = [name for name in told if getattr(before, name) != getattr(after, name)]
    old, new = before.annotation, after.annotation
    said = [name for name in old.__slots__ if getattr(old, name) != getattr(new, name)]
    return sorted({*facts, *said} - {"annotated_by"})
