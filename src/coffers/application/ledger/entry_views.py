"""Entries as reads show them, for the answers to writes."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from coffers.application.ledger.transactions import NamedLotView, SplitView, TransactionView
from coffers.domain.ledger.annotations import Split
from coffers.domain.ledger.entries import Entry
from coffers.domain.ledger.transactions import TransactionStatus, TransactionType
from coffers.domain.spending.categories import Category

Categories = Mapping[UUID, Category]


def entry_view(entry: Entry, named: Categories) -> TransactionView:
    """The entry as reads show it; `named` are its categories."""
    said, code = entry.annotation, entry.currency
    return TransactionView(
        id=entry.id,
        account_id=entry.account_id,
        provider_transaction_id=entry.provider_transaction_id,
        transaction_type=entry.transaction_type,
        subtype=entry.subtype,
        status=entry.status,
        amount_value=format(entry.amount, "f"),
        amount_currency=code,
        description=entry.description,
        asset_type=entry.asset_type,
        symbol=entry.symbol,
        security_name=entry.security_name,
        quantity=_text(entry.quantity),
        unit_price_amount=_text(entry.unit_price),
        unit_price_currency=None if entry.unit_price is None else code,
        commission_amount=_text(entry.commission),
        commission_currency=None if entry.commission is None else code,
        transaction_date=entry.transaction_date,
        settlement_date=entry.settlement_date,
        is_trade=entry.transaction_type is TransactionType.TRADE,
        is_transfer=entry.transaction_type is TransactionType.TRANSFER or said.is_transfer,
        is_income=entry.transaction_type is TransactionType.INCOME,
        is_fee=entry.transaction_type is TransactionType.FEE,
        is_debit=entry.amount < 0,
        is_credit=entry.amount > 0,
        is_settled=entry.status is TransactionStatus.SETTLED,
        category_id=said.category_id,
        category=_value(said.category_id, named),
        merchant=said.merchant,
        notes=said.notes,
        tags=list(said.tags),
        splits=[_part(part, named) for part in said.splits],
        is_ignored=said.is_ignored,
        transfer_id=entry.transfer_id,
        reconciliation_id=entry.reconciliation_id,
        annotated_by=dict(said.annotated_by),
        acquired_date=entry.acquired_date,
        lots=[NamedLotView(each.transaction_id, f"{each.quantity:f}") for each in entry.lots],
        created_at=entry.created_at,
        updated_at=entry.updated_at,
    )


def _part(part: Split, named: Categories) -> SplitView:
    value = _value(part.category_id, named)
    return SplitView(format(part.amount, "f"), part.category_id, value, part.notes)


def _value(category_id: UUID | None, named: Categories) -> str | None:
    return None if category_id is None else named[category_id].value


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")
