"""The tables of the ledger in an export: accounts, what moved, what was held, and whence."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import case

from coffers.application.ledger.import_views import ImportAccount, VerdictCounts
from coffers.domain.errors import DomainError
from coffers.domain.ledger.accounts import MAX_ACCOUNTS, AccountType
from coffers.domain.ledger.annotations import (
    MAX_SPLITS,
    MAX_TAG,
    MAX_TAGS,
    Annotation,
    Split,
    check_splits,
)
from coffers.domain.ledger.entries import MAX_LOTS
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.imports import ImportStatus
from coffers.domain.ledger.snapshots import SnapshotSource
from coffers.domain.ledger.tombstones import Burial
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.linking.connections import ConnectionStatus
from coffers.domain.linking.syncs import SyncScope, SyncStatus, SyncTrigger
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.ledger.holdings import holdings
from coffers.infrastructure.db.ledger.import_packing import compressed
from coffers.infrastructure.db.ledger.imports import imports
from coffers.infrastructure.db.ledger.reconciliations import reconciliations
from coffers.infrastructure.db.ledger.reported_quantities import reported_quantities
from coffers.infrastructure.db.ledger.snapshots import balance_snapshots
from coffers.infrastructure.db.ledger.tombstones import transaction_tombstones
from coffers.infrastructure.db.ledger.transaction_records import search_text
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.linking.connections import connections
from coffers.infrastructure.db.linking.syncs import syncs, transaction_readings
from coffers.infrastructure.db.portability.tables import Exported, Mention, Row

#: Of one user, as far as a file may bring them.
MAX_CONNECTIONS: Final = 1_000
MAX_IMPORTS: Final = 10_000
MAX_TRANSACTIONS: Final = 400_000
MAX_HOLDINGS: Final = 50_000
MAX_REPORTED: Final = 200_000
MAX_SNAPSHOTS: Final = 400_000
MAX_TOMBSTONES: Final = 100_000
MAX_SYNCS: Final = 100_000
MAX_RECONCILIATIONS: Final = 100_000

_CURRENCY: Final = re.compile(r"[A-Z][A-Z0-9.]{1,11}")
#: Ids in JSON, and decimals, are text there.
IdText = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")]
AmountText = Annotated[str, msgspec.Meta(pattern=r"^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?\Z")]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TAG)]


class SplitShape(msgspec.Struct, forbid_unknown_fields=True):
    """A part of a movement."""

    amount: AmountText
    category_id: IdText | None
    notes: str | None


class LotShape(msgspec.Struct, forbid_unknown_fields=True):
    """What a sale takes of a purchase, which may have been deleted since."""

    transaction_id: IdText
    quantity: AmountText


class SummaryShape(msgspec.Struct, forbid_unknown_fields=True):
    """An import's plan in numbers."""

    counts: VerdictCounts
    accounts: list[ImportAccount]


class CountsShape(msgspec.Struct, forbid_unknown_fields=True):
    """What became of the rows of one kind."""

    created: int
    updated: int
    unchanged: int
    deactivated: int


def currency(value: Any) -> str:  # Any: JSON
    """The code of a currency or of a crypto asset."""
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise ValueError("Not the code of a currency.")
    return value


def _report(value: Any) -> str:  # Any: JSON
    try:
        msgspec.json.decode(value, type=dict[str, CountsShape])
    except (msgspec.MsgspecError, TypeError) as error:
        raise ValueError("Not the report of a sync.") from error
    return str(value)


def _splits(row: Row) -> list[Split]:
    return [
        Split(
            Decimal(part["amount"]),
            part["category_id"] and UUID(part["category_id"]),
            part["notes"],
        )
        for part in row["splits"] or ()
    ]


def _check_splits(row: Row) -> None:
    try:
        check_splits(_splits(row), row["amount"])
    except DomainError as error:
        raise ValueError(error.detail) from error


def _categories_of(splits: Sequence[Row]) -> Iterator[str]:
    return (part["category_id"] for part in splits if part["category_id"])


def _annotation_text(row: Row) -> str | None:
    tags = tuple(row["tags"] or ())
    return Annotation(merchant=row["merchant"], notes=row["notes"], tags=tags).search_text


LEDGER: Final = (
    Exported(
        connections,
        most=MAX_CONNECTIONS,
        words={"status": ConnectionStatus},
        # Without credentials no link works, whatever it was: its owner signs in there again.
        written={
            "status": case(
                (connections.c.status == ConnectionStatus.DISCONNECTED.value, "disconnected"),
                else_="expired",
            )
        },
        fixed={
            "next_sync_at": None,
            "sync_id": None,
            "sync_leased_until": None,
            "failures": 0,
        },
    ),
    Exported(
        accounts,
        most=MAX_ACCOUNTS,
        words={"account_type": AccountType},
        reads={"currency": currency},
        refers={"connection_id": ["connections"]},
        sealed=frozenset({"account_number"}),
    ),
    Exported(
        imports,
        most=MAX_IMPORTS,
        words={"status": ImportStatus},
        shapes={"summary": SummaryShape, "account_ids": list[IdText]},
        refers={"account_id": ["accounts"]},
        # A plan is made again from its file. What was done stays done: images of rows, with their
        # sealed secrets, are of this installation, so that a restored import cannot be reverted.
        fixed={"statements": b"", "rows": compressed(b"[]"), "undo": b""},
        which=imports.c.status != ImportStatus.PLANNED.value,
    ),
    Exported(
        transactions,
        most=MAX_TRANSACTIONS,
        words={
            "transaction_type": TransactionType,
            "subtype": TransactionSubtype,
            "status": TransactionStatus,
            "asset_type": AssetType,
        },
        reads={"currency": currency},
        shapes={
            "tags": Annotated[list[Tag], msgspec.Meta(max_length=MAX_TAGS)],
            "splits": Annotated[list[SplitShape], msgspec.Meta(max_length=MAX_SPLITS)],
            "annotated_by": dict[str, str],
            "lots": Annotated[list[LotShape], msgspec.Meta(max_length=MAX_LOTS)],
        },
        refers={
            "account_id": ["accounts"],
            "import_id": ["imports"],
            "category_id": ["categories"],
            "transfer_id": ["transfers"],
            "reconciliation_id": ["reconciliations"],
        },
        mentions=[Mention("splits", ["categories"], _categories_of)],
        derived={
            "search_text": lambda row: search_text(row["description"], row["security_name"]),
            "annotation_text": _annotation_text,
        },
        check=_check_splits,
    ),
    Exported(
        reconciliations,
        most=MAX_RECONCILIATIONS,
        refers={"account_id": ["accounts"]},
        # The adjustment may have been deleted since.
        strays=frozenset({"adjustment_transaction_id"}),
    ),
    Exported(
        holdings,
        most=MAX_HOLDINGS,
        words={"asset_type": AssetType},
        reads={"currency": currency},
        refers={"account_id": ["accounts"]},
    ),
    Exported(
        reported_quantities,
        most=MAX_REPORTED,
        reads={"currency": currency},
        refers={"account_id": ["accounts"]},
    ),
    Exported(
        balance_snapshots,
        most=MAX_SNAPSHOTS,
        words={"source": SnapshotSource},
        reads={"currency": currency},
        refers={"account_id": ["accounts"]},
    ),
    Exported(
        transaction_tombstones,
        most=MAX_TOMBSTONES,
        words={"kind": Burial},
        refers={"account_id": ["accounts"], "import_id": ["imports"]},
        # What was deleted.
        strays=frozenset({"transaction_id"}),
    ),
    Exported(
        syncs,
        most=MAX_SYNCS,
        words={"scope": SyncScope, "trigger": SyncTrigger, "status": SyncStatus},
        reads={"report": _report},
        refers={"connection_id": ["connections"]},
        # What was asked for may have gone since.
        strays=frozenset({"account_id"}),
        which=syncs.c.status != SyncStatus.RUNNING.value,
    ),
    Exported(
        transaction_readings,
        most=MAX_ACCOUNTS,
        refers={"account_id": ["accounts"]},
    ),
)
