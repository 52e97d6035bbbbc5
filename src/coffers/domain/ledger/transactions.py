"""Movements of money and securities."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, TypeVar
from uuid import UUID

from coffers.domain.errors import Conflict, NotFound, Unavailable
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.linking.syncs import Counts

if TYPE_CHECKING:
    from coffers.domain.ledger.statements import ReportedTransaction

#: How long after its day a pending movement may be posted and still be taken for the same one.
SETTLES_WITHIN: Final = timedelta(days=8)


class TransactionType(StrEnum):
    """What kind of movement it is."""

    TRADE = "trade"
    TRANSFER = "transfer"
    INCOME = "income"
    EXPENSE = "expense"
    FEE = "fee"
    OTHER = "other"


class TransactionSubtype(StrEnum):
    """The finer kind, within its type."""

    BUY = "buy"
    SELL = "sell"
    SHORT_SELL = "short_sell"
    BUY_TO_COVER = "buy_to_cover"
    EXERCISE = "exercise"
    ASSIGNMENT = "assignment"
    EXPIRATION = "expiration"
    SPLIT = "split"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    WIRE_IN = "wire_in"
    WIRE_OUT = "wire_out"
    TRANSFER_IN = "transfer_in"
    TRANSFER_OUT = "transfer_out"
    INTERNAL = "internal"
    DIVIDEND = "dividend"
    INTEREST = "interest"
    CAPITAL_GAIN = "capital_gain"
    DISTRIBUTION = "distribution"
    RETURN_OF_CAPITAL = "return_of_capital"
    SALARY = "salary"
    PURCHASE = "purchase"
    PAYMENT = "payment"
    CHECK = "check"
    ATM = "atm"
    COMMISSION = "commission"
    ACCOUNT_FEE = "account_fee"
    MARGIN_INTEREST = "margin_interest"
    OTHER_FEE = "other_fee"
    ADJUSTMENT = "adjustment"
    JOURNAL = "journal"
    UNKNOWN = "unknown"


_SUBTYPES: Final = {
    TransactionType.TRADE: "buy sell short_sell buy_to_cover exercise assignment expiration split",
    TransactionType.TRANSFER: (
        "deposit withdrawal wire_in wire_out transfer_in transfer_out internal"
    ),
    TransactionType.INCOME: "dividend interest capital_gain distribution return_of_capital salary",
    TransactionType.EXPENSE: "purchase payment check atm",
    TransactionType.FEE: "commission account_fee margin_interest other_fee",
    TransactionType.OTHER: "adjustment journal unknown",
}
#: The type that each subtype belongs to: whoever knows the subtype knows the type.
TYPE_OF: Final = {
    TransactionSubtype(subtype): kind
    for kind, subtypes in _SUBTYPES.items()
    for subtype in subtypes.split()
}


class TransactionStatus(StrEnum):
    """How far it has come."""

    PENDING = "pending"
    SETTLED = "settled"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class PendingMovement:
    """What is known of a movement that was pending when it was last reported."""

    id: UUID
    provider_transaction_id: str | None
    amount: Decimal
    currency: str
    transaction_date: date


def settle(
    pending: Sequence[PendingMovement], posted: Sequence["ReportedTransaction"]
) -> dict[UUID, "ReportedTransaction"]:
    """Which posted row is which pending movement, one to one, by the movement's id.

    First the links that the source itself names; then exact amount and currency, posted on the
    same day or up to eight days later, the earliest pending movement with the earliest such row.
    """
    linked = {row.pending_transaction_id: row for row in posted if row.pending_transaction_id}
    pairs = {
        movement.id: linked[movement.provider_transaction_id]
        for movement in pending
        if movement.provider_transaction_id in linked
    }
    taken = {id(row) for row in linked.values()}
    waiting = [row for row in posted if id(row) not in taken]
    left = [movement for movement in pending if movement.id not in pairs]
    return pairs | {movement.id: row for movement, row in paired(left, waiting)}


class Dated(Protocol):
    """Something that moved an amount on a day."""

    @property
    def amount(self) -> Decimal: ...  # noqa: D102 - the noun says it, here and below

    @property
    def currency(self) -> str: ...  # noqa: D102

    @property
    def transaction_date(self) -> date: ...  # noqa: D102


Pending = TypeVar("Pending", bound=Dated)
Posted = TypeVar("Posted", bound=Dated)


def paired(
    pending: Sequence[Pending], posted: Sequence[Posted]
) -> Iterator[tuple[Pending, Posted]]:
    """One to one, the earliest with the earliest: exact amount and currency.

    Posted on the same day or up to eight days later.
    """
    waiting: dict[tuple[Decimal, str], deque[Posted]] = defaultdict(deque)
    for row in sorted(posted, key=_day):
        waiting[row.amount, row.currency].append(row)
    for movement in sorted(pending, key=_day):
        rows = waiting.get((movement.amount, movement.currency), deque())
        while rows and rows[0].transaction_date < movement.transaction_date:
            rows.popleft()
        if rows and rows[0].transaction_date - movement.transaction_date <= SETTLES_WITHIN:
            yield movement, rows.popleft()


def _day(movement: Dated) -> date:
    return movement.transaction_date


@dataclass(frozen=True, slots=True)
class KeptTransaction:
    """Where a movement belongs and what it is called; `import_id` is the import that brought it."""

    id: UUID
    user_id: UserId
    account_id: UUID
    provider_transaction_id: str | None
    fingerprint: str | None
    import_id: UUID | None
    version: int


class Transactions(Protocol):
    """Where movements are kept."""

    async def merge_reported(
        self, account: Account, rows: Sequence["ReportedTransaction"], *, now: datetime
    ) -> Counts:
        """What the provider says of these movements holds; each row has an id of the source's own.

        Matched on that id; a pending movement that was posted keeps its own id here and what its
        owner noted on it. An id that comes twice counts once, the last row holds. What the owner
        deleted stays deleted and counts as unchanged. Movements not reported stay as they are.
        """
        ...

    async def add(
        self,
        account: Account,
        rows: Sequence["ReportedTransaction"],
        *,
        now: datetime,
        import_id: UUID | None = None,
        fingerprints: Mapping[int, str] | None = None,
    ) -> list[UUID]:
        """Add them all, unmatched, and answer their ids in the same order.

        `fingerprints` are by position in `rows`. Raises TransactionKnown when the account has one
        of the source's ids already.
        """
        ...

    async def pending(self, user_id: UserId, account_id: UUID) -> list[PendingMovement]:
        """Those of the account that were pending when last reported, locked, oldest first."""
        ...

    async def find(self, user_id: UserId, transaction_id: UUID) -> KeptTransaction:
        """One movement, not locked; raises TransactionNotFound, NotYours."""
        ...


class TransactionReported(Conflict):
    """A provider reports the movement: what it says, stands."""

    slug = "transaction_reported"


class TransactionBusy(Unavailable):
    """Others keep moving the movement."""


class TransactionNotFound(NotFound):
    """There is no such transaction."""


class TransactionKnown(Conflict):
    """The account has a transaction with this id of its source already."""

    slug = "transaction_known"
