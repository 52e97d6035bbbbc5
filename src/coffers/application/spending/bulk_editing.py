"""What a bulk edit makes of each movement that its filter means."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec

from coffers.application.ledger.balances import latest_day, unlinked
from coffers.application.ledger.transactions import (
    TransactionFilter,
    TransactionPage,
    TransactionSort,
)
from coffers.application.spending.edit_plan_drafts import Asked, EditDesk, Reading
from coffers.application.spending.rewriting import Changes, annotated, change_of, deletion_of
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.annotations import AnnotatedTransaction, Annotation, Split, sorted_tags
from coffers.domain.ledger.entries import Entry, check_day
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.spending.categories import CategoryUnknown
from coffers.domain.spending.edit_plans import EditPlan
from coffers.domain.spending.rewrites import FACTS

#: What the rows that it spoke of call it.
_SPEAKER: Final = "edit:"
#: Fields of annotations that every movement gets alike.
_SAID: Final = (
    *("category_id", "merchant", "notes", "tags", "splits", "is_ignored", "is_transfer"),
)


class _Edit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """As the request keeps it, each value of its kind; what is absent is not said."""

    delete: bool = False
    category_id: UUID | None = None
    merchant: str | None = None
    notes: str | None = None
    tags: tuple[str, ...] = ()
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    splits: tuple[Split, ...] = ()
    is_ignored: bool = False
    is_transfer: bool = False
    account_id: UUID | None = None
    amount: Decimal | None = None
    transaction_date: date | None = None
    description: str | None = None
    transaction_type: TransactionType | None = None
    subtype: TransactionSubtype | None = None
    status: TransactionStatus | None = None


class Wording:
    """What an edit says, and who says so."""

    def __init__(self, plan: EditPlan) -> None:
        stored: Any = plan.request["edit"]  # Any: JSON
        self.edit = msgspec.convert(stored, _Edit)
        self.said = {name: getattr(self.edit, name) for name in _SAID if name in stored}
        self.facts = {name: getattr(self.edit, name) for name in FACTS if name in stored}
        self.speaker = f"{_SPEAKER}{plan.id}"

    @property
    def is_of_entries(self) -> bool:
        """Whether it needs them whole."""
        return bool(self.edit.delete or self.facts or "splits" in self.said)

    @property
    def category_ids(self) -> set[UUID]:
        """Those that it names."""
        parts = (part.category_id for part in self.edit.splits)
        return {each for each in (self.edit.category_id, *parts) if each is not None}

    def news(self, old: Annotation) -> dict[str, object]:
        """What is said anew; the parts of split movements have categories of their own."""
        news = dict(self.said)
        if news.get("splits", old.splits):
            news.pop("category_id", None)
        added, removed = set(self.edit.add_tags), set(self.edit.remove_tags)
        if added or removed:
            news["tags"] = sorted_tags({*old.tags, *added} - removed)
        return news

    def judge(self, row: AnnotatedTransaction) -> Annotation:
        """What is said of the movement."""
        return row.annotation.told(self.news(row.annotation), self.speaker)

    def annotate(self, entry: Entry) -> Entry:
        """The entry with what is said of it."""
        return annotated(entry, self.news(entry.annotation), self.speaker)


def reading(desk: EditDesk) -> Reading:
    """Reads an edit as it is now.

    Raises CategoryUnknown, AccountNotFound, NotYours, AccountNotManual, EntryInvalid.
    """

    async def read(plan: EditPlan) -> Asked:
        wording = Wording(plan)
        if wording.category_ids - (await desk.categories.known(plan.user_id)).keys():
            raise CategoryUnknown("There is no such category.", field="edit.category_id")
        wanted = msgspec.convert(plan.request["filter"], TransactionFilter)
        if not wording.is_of_entries:
            return Asked(wanted, wording.judge)
        accounts = await desk.lookups.accounts(plan.user_id)
        await _check_facts(desk, plan.user_id, accounts, wording.facts)
        rewriting = _rewriting(desk, accounts, wording)
        return Asked(wanted, wording.judge, rewriting=rewriting, accounts=accounts)

    return read


def _rewriting(
    desk: EditDesk, accounts: Mapping[UUID, Account], wording: Wording
) -> Callable[[Entry], Any]:  # Any: what becomes of it
    if wording.edit.delete:
        return partial(deletion_of, accounts=accounts)
    changes = Changes(wording.facts, wording.annotate, desk.clock.now())
    return partial(change_of, accounts=accounts, changes=changes)


async def _check_facts(
    desk: EditDesk,
    user_id: UserId,
    accounts: Mapping[UUID, Account],
    facts: Mapping[str, Any],  # Any: as each field has it
) -> None:
    """What can be said before any movement is looked at."""
    target = facts.get("account_id")
    if target is not None:
        inside = TransactionFilter(account_id=target)
        await desk.transactions.page(user_id, TransactionPage(inside, TransactionSort.NEWEST, 1))
        unlinked(accounts[target])
    if "transaction_date" in facts:
        check_day(facts["transaction_date"], latest_day(desk.clock.now()))
