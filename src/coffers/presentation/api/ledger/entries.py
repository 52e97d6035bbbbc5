"""Writing to /transactions: movements by hand, and what is said of those that are reported."""

from collections.abc import Iterable
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from coffers.application.ledger import entries
from coffers.application.ledger.entries import EntryDraft
from coffers.application.ledger.entry_edits import FACTS, EntryEdit
from coffers.application.ledger.transactions import TransactionView
from coffers.application.views import Versioned
from coffers.domain.errors import Invalid
from coffers.domain.ledger.annotations import (
    MAX_NAME,
    MAX_NOTES,
    MAX_SPLITS,
    MAX_TAG,
    MAX_TAGS,
    Split,
)
from coffers.domain.ledger.entries import MAX_DESCRIPTION, MAX_LOTS, NamedLot
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.markets.assets import MAX_NAME as MAX_TITLE
from coffers.domain.markets.assets import MAX_SYMBOL
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Call, Caller
from coffers.presentation.schemas import Body, DateIn, DecimalIn, FlagIn

DescriptionIn = Annotated[str, StringConstraints(min_length=1, max_length=MAX_DESCRIPTION)]
MerchantIn = Annotated[str, StringConstraints(max_length=MAX_NAME)]
NotesIn = Annotated[str, StringConstraints(max_length=MAX_NOTES)]
TagIn = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TAG)]
SymbolIn = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_upper=True, min_length=1, max_length=MAX_SYMBOL),
]
TitleIn = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TITLE)
]


class SplitIn(Body):
    """A part of the amount, with its sign."""

    amount: DecimalIn
    category_id: UUID | None = None
    notes: NotesIn | None = None


class LotIn(Body):
    """How much of one purchase a sale takes, in units of the day of the sale."""

    transaction_id: UUID
    quantity: DecimalIn = Field(examples=["5"])


class Annotations(Body):
    """What is said of a movement, whatever its source says. Splits add up to its amount."""

    category_id: UUID | None = None
    merchant: MerchantIn | None = None
    notes: NotesIn | None = None
    tags: Annotated[list[TagIn], Field(max_length=MAX_TAGS)] | None = None
    splits: Annotated[list[SplitIn], Field(max_length=MAX_SPLITS)] | None = None
    is_ignored: FlagIn = False
    is_transfer: FlagIn = Field(
        default=False, description="Neither income nor expense, whatever its type."
    )


class Security(Body):
    """What moves besides money, or what earns it: these need a symbol."""

    symbol: SymbolIn | None = Field(
        None, description="In the account's currency; an unknown one becomes an asset."
    )
    asset_type: AssetType | None = None
    security_name: TitleIn | None = None
    quantity: DecimalIn | None = Field(
        None,
        description="How much; below zero where it leaves, or without a sign. Of a split: what"
        " comes on top. Of a dividend: what it was paid on.",
    )
    unit_price: DecimalIn | None = Field(
        None, description="Of one unit; of what is transferred in, its cost."
    )
    commission: DecimalIn | None = Field(None, description="Above zero.")
    acquired_date: DateIn | None = Field(
        None, description="When that which is transferred in was bought."
    )
    lots: Annotated[list[LotIn], Field(max_length=MAX_LOTS)] | None = Field(
        None,
        description="The purchases that a sale takes, where the portfolio's method is `specific`;"
        " they add up to its quantity. Without any the oldest go.",
    )


class NewTransaction(Annotations, Security):
    """A movement; minus is money out. Without a type, it is the category's, else by the sign.

    With a quantity it is a trade: a purchase, or a sale below zero. Its amount follows from
    quantity, unit price and commission; one that is given agrees with these.
    """

    account_id: UUID
    amount: DecimalIn | None = Field(None, examples=["-12.50"])
    transaction_date: DateIn
    description: DescriptionIn | None = Field(
        None, description="Only trades do without.", examples=["Lunch"]
    )
    transaction_type: TransactionType | None = None
    subtype: TransactionSubtype | None = None
    status: TransactionStatus = TransactionStatus.SETTLED


class Facts(Body):
    """What an entry says besides securities, to be said anew; what is left out stays."""

    account_id: UUID | None = Field(None, description="Into this account.")
    amount: DecimalIn | None = None
    transaction_date: DateIn | None = None
    description: DescriptionIn | None = None
    transaction_type: TransactionType | None = None
    subtype: TransactionSubtype | None = None
    status: TransactionStatus | None = None


class TransactionChanges(Annotations, Security, Facts):
    """The fields to change; the others stay. Null empties what may be empty.

    The amount of a trade follows its quantity, unit price and commission. Of what a provider or a
    file told, only category, merchant, notes, tags, splits, `is_ignored`, `is_transfer` and `lots`
    change.
    """


class NewPosition(Body):
    """What has been held since a day, without the purchases that made it."""

    symbol: SymbolIn = Field(examples=["AAPL"])
    asset_type: AssetType | None = None
    security_name: TitleIn | None = None
    quantity: DecimalIn = Field(examples=["100"])
    average_cost: DecimalIn | None = Field(
        None, description="Of one unit; without it the cost is unknown.", examples=["150.00"]
    )
    first_purchase_date: DateIn = Field(examples=["2024-01-15"])
    description: DescriptionIn | None = None
    notes: NotesIn | None = None


async def enter_position(
    call: Caller, account_id: UUID, body: NewPosition
) -> Answer[TransactionView]:
    """Enter a position as it stands: an opening entry of its day, edited and deleted like others.

    It comes in kind at its average cost: no money moves.
    """
    draft = EntryDraft(
        account_id,
        None,
        body.first_purchase_date,
        body.description or f"Opening position {body.symbol}",
        subtype=TransactionSubtype.TRANSFER_IN,
        said={} if body.notes is None else {"notes": body.notes},
        security=_told(body, _POSITION) | {"unit_price": body.average_cost},
    )
    try:
        return await _add(call, draft)
    except Invalid as refusal:
        refusal.field = _CALLED.get(refusal.field or "", refusal.field)
        raise


_POSITION: Final = ("symbol", "asset_type", "security_name", "quantity")
#: Fields of an entry, as those of a position are called.
_CALLED: Final = {"transaction_date": "first_purchase_date", "unit_price": "average_cost"}


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
        sayings(body),
        _told(body, Security.model_fields),
    )
    return await _add(call, draft)


async def edit_transaction(
    call: Caller, transaction_id: UUID, body: TransactionChanges
) -> Versioned[TransactionView]:
    """Edit a movement, or say more of one that is reported."""
    edit = EntryEdit(_told(body, (*FACTS, "lots")), sayings(body))
    return await entries.edit_entry(
        call.uow, call.services.clock, call.principal, transaction_id, edit, call.expected_version
    )


async def delete_transaction(call: Caller, transaction_id: UUID) -> None:
    """Delete a movement that no provider reports; no file brings it back."""
    await entries.delete_entry(
        call.uow, call.services.clock, call.principal, transaction_id, call.expected_version
    )


async def _add(call: Call, draft: EntryDraft) -> Answer[TransactionView]:
    made = await entries.add_entry(call.uow, call.services.clock, call.principal, draft)
    return Answer(made.view, {"Location": f"/api/v1/transactions/{made.view.id}"}, made.version)


def sayings(body: Annotations) -> dict[str, object]:
    """What was sent of them."""
    sent = body.model_fields_set & Annotations.model_fields.keys()
    said: dict[str, object] = {name: getattr(body, name) for name in sent}
    if body.splits is not None:
        said["splits"] = [Split(each.amount, each.category_id, each.notes) for each in body.splits]
    return said


def _told(body: Body, names: Iterable[str]) -> dict[str, object]:
    told: dict[str, object] = {
        name: getattr(body, name) for name in names if name in body.model_fields_set
    }
    if isinstance(body, Security) and "lots" in told:
        told["lots"] = [NamedLot(each.transaction_id, each.quantity) for each in body.lots or ()]
    return told
