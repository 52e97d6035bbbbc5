"""/transactions: movements of money and securities."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints

from coffers.application.ledger import entries, transactions
from coffers.application.ledger.entries import FACTS, EntryDraft, EntryEdit
from coffers.application.ledger.transactions import (
    TransactionFilter,
    TransactionList,
    TransactionsAsked,
    TransactionSort,
    TransactionView,
)
from coffers.application.views import Versioned
from coffers.domain.ledger.annotations import (
    MAX_NAME,
    MAX_NOTES,
    MAX_SPLITS,
    MAX_TAG,
    MAX_TAGS,
    Split,
)
from coffers.domain.ledger.entries import MAX_DESCRIPTION
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.paging import DEFAULT_LIMIT
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Call, Caller
from coffers.presentation.paging import CursorIn, LimitIn, next_link
from coffers.presentation.schemas import Body, DateIn, DecimalIn, InstantIn

MAX_SEARCH: Final = 200

DescriptionIn = Annotated[str, StringConstraints(min_length=1, max_length=MAX_DESCRIPTION)]
MerchantIn = Annotated[str, StringConstraints(max_length=MAX_NAME)]
NotesIn = Annotated[str, StringConstraints(max_length=MAX_NOTES)]
TagIn = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TAG)]

OfAccount = Annotated[UUID | None, Query(description="Only of this account.")]
OfType = Annotated[TransactionType | None, Query(description="Only this type.")]
OfStatus = Annotated[TransactionStatus | None, Query(description="Only with this status.")]
OfSymbol = Annotated[
    str | None, Query(min_length=1, max_length=100, description="Only this symbol, in any case.")
]
From = Annotated[DateIn | None, Query(description="The first day.")]
To = Annotated[DateIn | None, Query(description="The last day.")]
UpdatedFrom = Annotated[InstantIn | None, Query(description="Only what changed since then.")]
UpdatedTo = Annotated[InstantIn | None, Query(description="Only what changed until then.")]
AtLeast = Annotated[DecimalIn | None, Query(description="The smallest amount; out is negative.")]
AtMost = Annotated[DecimalIn | None, Query(description="The largest amount.")]
Search = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=MAX_SEARCH,
        description="Look for this text in description, merchant, notes, tags, in any case.",
    ),
]
OfCategory = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=MAX_NAME,
        description="Only of this category: its value or id, or `none`. Parts of splits count.",
    ),
]
OfMerchant = Annotated[
    str | None,
    Query(min_length=1, max_length=MAX_NAME, description="Only this merchant, in any case."),
]
OfTag = Annotated[
    str | None, Query(min_length=1, max_length=MAX_TAG, description="Only with this tag.")
]
IsIgnored = Annotated[bool | None, Query(description="Only what reports leave out, or the rest.")]
Sort = Annotated[TransactionSort, Query(description="A minus: latest or largest first.")]


class SplitIn(Body):
    """A part of the amount, with its sign."""

    amount: DecimalIn
    category_id: UUID | None = None
    notes: NotesIn | None = None


class Annotations(Body):
    """What is said of a movement, whatever its source says. Splits add up to its amount."""

    category_id: UUID | None = None
    merchant: MerchantIn | None = None
    notes: NotesIn | None = None
    tags: Annotated[list[TagIn], Field(max_length=MAX_TAGS)] | None = None
    splits: Annotated[list[SplitIn], Field(max_length=MAX_SPLITS)] | None = None
    is_ignored: bool = False
    is_transfer: bool = Field(
        default=False, description="Neither income nor expense, whatever its type."
    )


class NewTransaction(Annotations):
    """A movement; minus is money out. Without a type, it is the category's, else by the sign."""

    account_id: UUID
    amount: DecimalIn = Field(examples=["-12.50"])
    transaction_date: DateIn
    description: DescriptionIn = Field(examples=["Lunch"])
    transaction_type: TransactionType | None = None
    subtype: TransactionSubtype | None = None
    status: TransactionStatus = TransactionStatus.SETTLED


class TransactionChanges(Annotations):
    """The fields to change; the others stay. Null empties what may be empty.

    Of what a provider or a file told, only category, merchant, notes, tags, splits,
    `is_ignored` and `is_transfer` change.
    """

    account_id: UUID | None = None
    amount: DecimalIn | None = None
    transaction_date: DateIn | None = None
    description: DescriptionIn | None = None
    transaction_type: TransactionType | None = None
    subtype: TransactionSubtype | None = None
    status: TransactionStatus | None = None


async def list_transactions(  # noqa: PLR0913, PLR0917 - an argument for each query parameter
    call: Caller,
    account_id: OfAccount = None,
    transaction_type: OfType = None,
    status: OfStatus = None,
    symbol: OfSymbol = None,
    start_date: From = None,
    end_date: To = None,
    updated_from: UpdatedFrom = None,
    updated_to: UpdatedTo = None,
    min_amount: AtLeast = None,
    max_amount: AtMost = None,
    q: Search = None,
    category: OfCategory = None,
    merchant: OfMerchant = None,
    tag: OfTag = None,
    is_ignored: IsIgnored = None,
    sort: Sort = TransactionSort.NEWEST,
    limit: LimitIn = DEFAULT_LIMIT,
    cursor: CursorIn = None,
) -> Answer[TransactionList]:
    """Search and list the movements of all accounts."""
    wanted = TransactionFilter(
        account_id,
        transaction_type,
        status,
        symbol,
        start_date,
        end_date,
        updated_from,
        updated_to,
        min_amount,
        max_amount,
        q,
        category,
        merchant,
        tag,
        is_ignored,
    )
    return await _list(call, TransactionsAsked(wanted, limit, sort, cursor))


async def list_account_transactions(  # noqa: PLR0913, PLR0917 - likewise
    call: Caller,
    account_id: UUID,
    transaction_type: OfType = None,
    start_date: From = None,
    end_date: To = None,
    limit: LimitIn = DEFAULT_LIMIT,
    cursor: CursorIn = None,
) -> Answer[TransactionList]:
    """List the movements of one account, newest first."""
    wanted = TransactionFilter(
        account_id, transaction_type, start_date=start_date, end_date=end_date
    )
    return await _list(call, TransactionsAsked(wanted, limit, cursor=cursor))


async def get_transaction(call: Caller, transaction_id: UUID) -> Versioned[TransactionView]:
    """One movement."""
    lookups = call.services.transaction_lookups
    return await transactions.get_transaction(lookups, call.principal, transaction_id)


async def add_transaction(call: Caller, body: NewTransaction) -> Answer[TransactionView]:
    """Write down a movement in an account that no provider reports."""
    draft = EntryDraft(
        body.account_id,
        body.amount,
        body.transaction_date,
        body.description,
        body.transaction_type,
        body.subtype,
        body.status,
        _said(body),
    )
    made = await entries.add_entry(call.uow, call.services.clock, call.principal, draft)
    return Answer(made.view, {"Location": f"/api/v1/transactions/{made.view.id}"}, made.version)


async def edit_transaction(
    call: Caller, transaction_id: UUID, body: TransactionChanges
) -> Versioned[TransactionView]:
    """Edit a movement, or say more of one that is reported."""
    facts: dict[str, object] = {
        name: getattr(body, name) for name in FACTS if name in body.model_fields_set
    }
    edit = EntryEdit(facts, _said(body))
    return await entries.edit_entry(
        call.uow, call.services.clock, call.principal, transaction_id, edit, call.expected_version
    )


async def delete_transaction(call: Caller, transaction_id: UUID) -> None:
    """Delete a movement that no provider reports; no file brings it back."""
    await entries.delete_entry(
        call.uow, call.services.clock, call.principal, transaction_id, call.expected_version
    )


def _said(body: Annotations) -> dict[str, object]:
    sent = body.model_fields_set & Annotations.model_fields.keys()
    said: dict[str, object] = {name: getattr(body, name) for name in sent}
    if body.splits is not None:
        said["splits"] = [Split(each.amount, each.category_id, each.notes) for each in body.splits]
    return said


async def _list(call: Call, asked: TransactionsAsked) -> Answer[TransactionList]:
    services = call.services
    page = await transactions.list_transactions(
        services.transaction_lookups, services.cursors, call.principal, asked
    )
    return Answer(page, next_link(call.request, page.next_cursor))
