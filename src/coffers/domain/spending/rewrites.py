"""Rewrites: entries that a plan changes or deletes, whole, so that it can be taken back."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.annotations import Annotation, AnnotationInvalid, check_splits
from coffers.domain.ledger.entries import Entry

#: What plans change of entries by hand besides what is said of them.
FACTS: Final = (
    *("account_id", "amount", "transaction_date", "description"),
    *("transaction_type", "subtype", "status"),
)
#: What a reconciliation stands on.
RECONCILED: Final = frozenset({"account_id", "amount", "transaction_date", "status"})


class EditVerdict(StrEnum):
    """What a plan does with a movement, or why it leaves it alone."""

    CHANGED = "changed"
    DELETED = "deleted"
    #: A provider or a file told of it: what they say, stands.
    REPORTED = "reported"
    #: A reconciliation stands on it.
    RECONCILED = "reconciled"
    #: Movements of securities are changed and deleted one at a time: sales stand on purchases.
    SECURITY = "security"
    #: It would not add up, or be in an account of another currency.
    IMPOSSIBLE = "impossible"

    @property
    def is_done(self) -> bool:
        """Whether the plan does anything with it."""
        return self in {EditVerdict.CHANGED, EditVerdict.DELETED}


@dataclass(frozen=True, slots=True)
class Rewrite:
    """An entry as it is, None if it is not there, and as it is to be, None if it is to go."""

    before: Entry | None
    after: Entry | None

    @property
    def one(self) -> Entry:
        """It, as it is or as it is to be."""
        entry = self.before or self.after
        if entry is None:
            raise ValueError("A rewrite is of an entry.")
        return entry

    @property
    def account_ids(self) -> set[UUID]:
        """The accounts whose balances follow."""
        return {each.account_id for each in (self.before, self.after) if each is not None}

    def facts(self) -> Iterator[str]:
        """The fields that are to be another."""
        before, after = self.before, self.after
        if before is None or after is None:
            return
        yield from (name for name in FACTS if getattr(before, name) != getattr(after, name))
        if before.annotation.splits != after.annotation.splits:
            yield "splits"


def check_deletable(entry: Entry, account: Account) -> EditVerdict:
    """Whether plans may delete it."""
    if account.connection_id is not None and entry.import_id is None:
        return EditVerdict.REPORTED
    if is_of_security(entry):
        return EditVerdict.SECURITY
    return EditVerdict.DELETED if entry.reconciliation_id is None else EditVerdict.RECONCILED


def is_of_security(entry: Entry) -> bool:
    """Whether securities move with it."""
    return entry.symbol is not None or entry.quantity is not None


def put_back(deleted: Entry) -> Rewrite:
    """A deleted entry again; what it was a leg of is looked at anew."""
    return Rewrite(None, replace(deleted, transfer_id=None))


def unwritten(done: Rewrite, current: Entry) -> Rewrite | None:
    """The entry without what was done to it, but for what was done since; None if nothing is left.

    As it is, too, when that would not add up, or a reconciliation stands on it by now.
    """
    before, after = done.before, done.after
    if before is None or after is None:
        return None
    undone = {
        name: getattr(before, name)
        for name in done.facts()
        if name != "splits" and getattr(current, name) == getattr(after, name)
    }
    annotation = _unsplit(current.annotation, before.annotation, after.annotation)
    restored: Entry = replace(current, **undone, annotation=annotation)
    is_held = current.reconciliation_id is not None and RECONCILED & undone.keys()
    if is_held or not _adds_up(restored):
        return None
    return Rewrite(current, restored)


def _unsplit(current: Annotation, before: Annotation, after: Annotation) -> Annotation:
    """With the parts that there were before, unless others were said since."""
    if before.splits == after.splits or current.splits != after.splits:
        return current
    speakers = {name: who for name, who in current.annotated_by.items() if name != "splits"}
    if "splits" in before.annotated_by:
        speakers["splits"] = before.annotated_by["splits"]
    return replace(current, splits=before.splits, annotated_by=speakers)


def _adds_up(entry: Entry) -> bool:
    try:
        check_splits(entry.annotation.splits, entry.amount)
    except AnnotationInvalid:
        return False
    return True
