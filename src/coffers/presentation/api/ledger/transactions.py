"""/transactions: movements of money and securities."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Query

from coffers.application.ledger import transactions
from coffers.application.ledger.transactions import (
    TransactionFilter,
    TransactionList,
    TransactionsAsked,
    TransactionSort,
    TransactionView,
)
from coffers.application.views import Versioned
from coffers.domain.ledger.annotations import MAX_NAME, MAX_TAG
from coffers.domain.ledger.transactions import TransactionStatus, TransactionType
from coffers.domain.paging import DEFAULT_LIMIT
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Call, Caller
from coffers.presentation.paging import CursorIn, LimitIn, next_link
from coffers.presentation.schemas import DateIn, DecimalIn, InstantIn

MAX_SEARCH: Final = 200

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


async def _list(call: Call, asked: TransactionsAsked) -> Answer[TransactionList]:
    services = call.services
    page = await transactions.list_transactions(
        services.transaction_lookups, services.cursors, call.principal, asked
    )
    return Answer(page, next_link(call.request, page.next_cursor))
