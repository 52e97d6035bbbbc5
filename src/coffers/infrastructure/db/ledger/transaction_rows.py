"""The transactions table, and how many rows at once get in."""

from collections.abc import Sequence
from typing import Final

import asyncpg
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    String,
    Table,
    Text,
    TextClause,
    UniqueConstraint,
    bindparam,
    false,
    text,
)

from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.statements import ReportedTransaction
from coffers.infrastructure.db.bulk import copy_rows, run_many, stage, unstage
from coffers.infrastructure.db.ledger.transaction_records import Records
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ExactDecimal, Id, Json, UTCDateTime

#: What the owner and the owner's rules say of a movement; no source ever writes these.
ANNOTATIONS: Final = (
    Column("category_id", Id),
    Column("merchant", Text),
    Column("notes", Text),
    #: A list of words, sorted.
    Column("tags", Json),
    #: A list of {"category_id", "amount", "notes"}; the amounts add up to the movement's.
    Column("splits", Json),
    Column("is_ignored", Boolean, nullable=False, server_default=false()),
    #: Marked as a transfer, whatever its source's type: neither income nor expense.
    Column("is_transfer", Boolean, nullable=False, server_default=false()),
    #: The confirmed transfer that the movement is a leg of.
    Column("transfer_id", Id),
    Column("reconciliation_id", Id),
    #: Who set what: {"category_id": "user" | "rule:<id>" | …}.
    Column("annotated_by", Json),
    #: Merchant, notes and tags, case-folded: what a search looks through beside `search_text`.
    Column("annotation_text", Text),
    #: When securities that came from elsewhere were bought.
    Column("acquired_date", Date),
    #: A list of {"transaction_id", "quantity"}: the lots that a sale takes.
    Column("lots", Json),
)
transactions: Final = Table(
    "transactions",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("account_id", Id, nullable=False),
    Column("provider_transaction_id", Text),
    #: Of the row as its file wrote it, where the file gave no id that can be trusted.
    Column("fingerprint", String(64)),
    Column("import_id", Id),
    Column("transaction_type", String(20), nullable=False),
    Column("subtype", String(20), nullable=False),
    Column("status", String(12), nullable=False),
    Column("amount", ExactDecimal, nullable=False),
    Column("currency", String(12), nullable=False),
    Column("description", Text, nullable=False),
    Column("asset_type", String(20)),
    Column("symbol", Text),
    Column("security_name", Text),
    Column("quantity", ExactDecimal),
    Column("unit_price", ExactDecimal),
    Column("commission", ExactDecimal),
    Column("transaction_date", Date, nullable=False),
    Column("settlement_date", Date),
    #: Description and security name, case-folded: what a search looks through, on both engines.
    Column("search_text", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    *ANNOTATIONS,
    UniqueConstraint("user_id", "account_id", "provider_transaction_id"),
    Index("ix_transactions_id", "id"),
    Index("ix_transactions_user_id_transaction_date_id", "user_id", "transaction_date", "id"),
    Index("ix_transactions_account_day", "user_id", "account_id", "transaction_date", "id"),
)
Index(
    "ix_transactions_pending",
    transactions.c.user_id,
    transactions.c.account_id,
    sqlite_where=transactions.c.status == "pending",
    postgresql_where=transactions.c.status == "pending",
)
Index(
    "ix_transactions_fingerprint",
    transactions.c.user_id,
    transactions.c.account_id,
    transactions.c.fingerprint,
    sqlite_where=transactions.c.fingerprint.is_not(None),
    postgresql_where=transactions.c.fingerprint.is_not(None),
)
Index(
    "ix_transactions_import",
    transactions.c.user_id,
    transactions.c.import_id,
    sqlite_where=transactions.c.import_id.is_not(None),
    postgresql_where=transactions.c.import_id.is_not(None),
)
Index(
    "ix_transactions_reconciliation",
    transactions.c.user_id,
    transactions.c.reconciliation_id,
    sqlite_where=transactions.c.reconciliation_id.is_not(None),
    postgresql_where=transactions.c.reconciliation_id.is_not(None),
)
#: Which accounts have securities: of a hundred thousand movements of a purse none is looked at.
Index(
    "ix_transactions_securities",
    transactions.c.user_id,
    transactions.c.account_id,
    sqlite_where=transactions.c.symbol.is_not(None),
    postgresql_where=transactions.c.symbol.is_not(None),
)


async def insert_rows(
    transaction: Transaction, rows: Sequence[ReportedTransaction], records: Records
) -> bool:
    """Insert them all; whether that went well, or the account had one of their ids already."""
    if transaction.is_sqlite:
        inserted = await run_many(transaction, _SQLITE_INSERT, rows, records.of)
        return inserted == len(rows)
    try:
        await copy_rows(transaction, transactions, RECORDED, rows, records.of)
    except asyncpg.UniqueViolationError:
        return False
    return True


async def merge_rows(
    transaction: Transaction,
    account: Account,
    rows: Sequence[ReportedTransaction],
    records: Records,
) -> tuple[int, int]:
    """Insert the new, update the changed, leave the others untouched.

    Answers how many were inserted and updated.
    """
    if transaction.is_sqlite:
        before = await _count(transaction, account)
        written = await run_many(transaction, _SQLITE_MERGE, rows, records.of)
        inserted = await _count(transaction, account) - before if written else 0
        return inserted, written - inserted
    staged = await stage(transaction, transactions, RECORDED, rows, records.of)
    updated = (await transaction.execute(_of(_UPDATE_STAGED, account))).rowcount
    inserted = (await transaction.execute(_of(_INSERT_STAGED, account))).rowcount
    await unstage(transaction, staged)
    return inserted, updated


async def _count(transaction: Transaction, account: Account) -> int:
    return int((await transaction.rows(_of(_COUNT, account)))[0][0])


def _of(statement: TextClause, account: Account) -> TextClause:
    return statement.bindparams(user_id=account.user_id, account_id=account.id)


#: What a source says of a movement; everything else is ours.
_TOLD: Final = (
    *("transaction_type", "subtype", "status", "amount", "currency", "description"),
    *("asset_type", "symbol", "security_name", "quantity", "unit_price", "commission"),
    *("transaction_date", "settlement_date"),
)
_OURS_ALONE: Final = frozenset(column.name for column in ANNOTATIONS)
#: Those of a record, in its order.
RECORDED: Final = [column for column in transactions.c if column.name not in _OURS_ALONE]
_ALL: Final = ", ".join(column.name for column in RECORDED)
_VALUES: Final = ", ".join("?" for _ in RECORDED)
_MATCH: Final = "(user_id, account_id, provider_transaction_id)"
_OURS: Final = "transactions.user_id = :user_id AND transactions.account_id = :account_id"
_SAME: Final = "transactions.provider_transaction_id = staged.provider_transaction_id"


def _list(prefix: str) -> str:
    return ", ".join(f"{prefix}.{name}" for name in _TOLD)


def _assignments(new: str) -> str:
    told = [f"{name} = {new}.{name}" for name in (*_TOLD, "search_text", "updated_at")]
    return ", ".join([*told, "version = transactions.version + 1"])


def _on_account(statement: str) -> TextClause:
    owner = (bindparam("user_id", type_=Id), bindparam("account_id", type_=Id))
    return text(statement).bindparams(*owner)


# All of these are made of column names only.
# Rows that did not change are not touched at all: ON CONFLICT would lock, and so write, each.
_UPDATE_STAGED: Final = _on_account(
    f"UPDATE transactions SET {_assignments('staged')} FROM staged_transactions AS staged"  # noqa: S608 - names of columns and constants only
    f" WHERE {_OURS} AND {_SAME}"
    f" AND ({_list('transactions')}) IS DISTINCT FROM ({_list('staged')})"
)
_INSERT_STAGED: Final = _on_account(
    f"INSERT INTO transactions ({_ALL}) SELECT {_ALL} FROM staged_transactions AS staged"  # noqa: S608 - names of columns and constants only
    f" WHERE NOT EXISTS (SELECT FROM transactions WHERE {_OURS} AND {_SAME})"
)
_COUNT: Final = _on_account(f"SELECT count(*) FROM transactions WHERE {_OURS}")  # noqa: S608 - names of columns and constants only
_SQLITE_INSERT: Final = (
    f"INSERT INTO transactions ({_ALL}) VALUES ({_VALUES}) ON CONFLICT {_MATCH} DO NOTHING"  # noqa: S608 - names of columns and constants only
)
_SQLITE_MERGE: Final = (
    f"INSERT INTO transactions ({_ALL}) VALUES ({_VALUES})"  # noqa: S608 - names of columns and constants only
    f" ON CONFLICT {_MATCH} DO UPDATE SET {_assignments('excluded')}"
    f" WHERE ({_list('transactions')}) IS NOT ({_list('excluded')})"
)
