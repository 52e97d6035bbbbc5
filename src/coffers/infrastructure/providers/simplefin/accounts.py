"""What a SimpleFIN server says of accounts, and what the errors beside them mean."""

import re
from datetime import date
from decimal import Decimal
from typing import Final

from coffers.domain.ledger.accounts import INVESTMENT_TYPES, AccountType
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.statements import ReportedAccount, ReportedHolding, ReportedTransaction
from coffers.domain.ledger.transactions import TYPE_OF, TransactionStatus
from coffers.domain.ledger.transactions import TransactionSubtype as Sub
from coffers.domain.linking.providers import (
    ProviderAnsweredNonsense,
    ProviderFailed,
    ProviderRefusedCredentials,
)
from coffers.infrastructure.providers import kinds
from coffers.infrastructure.providers.reading import (
    MAX_SYMBOL_CHARS,
    Fields,
    signed_like,
    unique,
)

#: Accounts come without a type; their names tell, the most telling words first.
_NAME_WORDS: Final = (
    ("ROTH", AccountType.ROTH_IRA),
    ("SEP IRA", AccountType.SEP_IRA),
    ("SIMPLE IRA", AccountType.SIMPLE_IRA),
    ("IRA", AccountType.IRA),
    ("401K", AccountType.PLAN_401K),
    ("401 K", AccountType.PLAN_401K),
    ("403B", AccountType.PLAN_403B),
    ("403 B", AccountType.PLAN_403B),
    ("HSA", AccountType.HSA),
    ("529", AccountType.EDUCATION),
    ("MORTGAGE", AccountType.MORTGAGE),
    ("LINE OF CREDIT", AccountType.LINE_OF_CREDIT),
    ("LOAN", AccountType.LOAN),
    ("CREDIT", AccountType.CREDIT_CARD),
    ("CARD", AccountType.CREDIT_CARD),
    ("VISA", AccountType.CREDIT_CARD),
    ("MASTERCARD", AccountType.CREDIT_CARD),
    ("MONEY MARKET", AccountType.MONEY_MARKET),
    ("SAVINGS", AccountType.SAVINGS),
    ("CHECKING", AccountType.CHECKING),
    ("BROKERAGE", AccountType.BROKERAGE),
)


def read_accounts(answer: object) -> list[ReportedAccount]:
    """Read every account in a currency that is money; any error beside them refuses the list."""
    whole = Fields(answer, "SimpleFIN answer")
    for error in _errors(whole):
        _refuse(error)
    rows = [row for row in whole.children("accounts") if not _is_custom(row)]
    return unique(map(_account, rows), lambda one: one.provider_account_id, "SimpleFIN account")


def read_holdings(account: ReportedAccount, answer: object) -> list[ReportedHolding]:
    """Read the account's positions; of bank accounts a server need not say that there are none."""
    rows = _row_of(account, answer).children_or_none("holdings")
    if rows is None and account.account_type in INVESTMENT_TYPES:
        raise ProviderFailed("The server says nothing of what this account holds.")
    holdings = [_holding(row, account.currency) for row in rows or []]
    return unique(holdings, lambda one: one.provider_holding_id, "SimpleFIN holding")


def read_transactions(
    account: ReportedAccount, today: date, answer: object
) -> list[ReportedTransaction]:
    """Read the account's transactions; `today` dates what is pending without a date.

    The protocol lets a server leave out a list that would be empty.
    """
    rows = _row_of(account, answer).children_or_none("transactions") or []
    return [_transaction(row, account, today) for row in rows]


def _row_of(account: ReportedAccount, answer: object) -> Fields:
    whole = Fields(answer, "SimpleFIN answer")
    number = account.provider_account_id
    rows = [row for row in whole.children("accounts") if row.identifier("id") == number]
    connections = {row.prose("conn_id") for row in rows if row.has("conn_id")}
    for error in _errors(whole):
        if error.prose("account_id") in {"", number} and (
            not error.has("conn_id") or not rows or error.prose("conn_id") in connections
        ):
            _refuse(error)
    if not rows:
        raise ProviderFailed("The server does not list this account any more.")
    return rows[0]


def _errors(whole: Fields) -> list[Fields]:
    """Read errors of version 2, which say what they concern, or the bare sentences of version 1."""
    structured = whole.children_or_none("errlist")
    if structured is not None:
        return structured
    return [Fields({"msg": says}, "SimpleFIN error") for says in whole.texts("errors")]


def _refuse(error: Fields) -> None:
    says = f"The server reports: {error.prose('msg') or 'an error.'}"
    if error.code("code") == "GEN.AUTH":
        raise ProviderRefusedCredentials(says)
    raise ProviderFailed(says)


def _is_custom(row: Fields) -> bool:
    return row.prose("currency").startswith(("https://", "http://"))


def _account(row: Fields) -> ReportedAccount:
    number = row.identifier("id")
    name = row.prose("name") or number
    return ReportedAccount(
        provider_account_id=number,
        name=name,
        account_type=_type(name, bool(row.children_or_none("holdings"))),
        currency=row.currency("currency"),
        balance=row.number("balance"),
        available_balance=row.number_or_none("available-balance"),
    )


def _type(name: str, has_holdings: bool) -> AccountType:  # noqa: FBT001 - a fact, not a switch
    words = f" {' '.join(re.findall('[A-Z0-9]+', name.upper()))} "
    unknown = AccountType.BROKERAGE if has_holdings else AccountType.OTHER
    return next((kind for word, kind in _NAME_WORDS if f" {word} " in words), unknown)


def _holding(row: Fields, currency: str) -> ReportedHolding:
    number, quantity = row.identifier("id"), row.number("shares")
    symbol = row.symbol_or_none("symbol") or row.prose("description")[:MAX_SYMBOL_CHARS] or number
    basis = row.number_or_none("cost_basis")
    return ReportedHolding(
        provider_holding_id=number,
        symbol=symbol,
        security_name=row.prose("description") or symbol,
        asset_type=AssetType.OTHER,
        quantity=quantity,
        # Zero stands where the bank did not say.
        cost_basis=signed_like(basis, quantity) if basis else None,
        market_value=signed_like(row.number("market_value"), quantity),
        currency=row.currency("currency") if row.has("currency") else currency,
        average_price=row.number_or_none("purchase_price") or None,
    )


def _transaction(row: Fields, account: ReportedAccount, today: date) -> ReportedTransaction:
    amount, description = row.number("amount"), row.prose("description")
    kind = _kind(amount, f"{description} {row.prose('memo')}", account.account_type)
    return ReportedTransaction(
        provider_transaction_id=row.identifier("id"),
        transaction_type=TYPE_OF[kind],
        subtype=kind,
        status=TransactionStatus.PENDING if row.flag("pending") else TransactionStatus.SETTLED,
        amount=amount,
        currency=account.currency,
        description=description or row.prose("payee") or row.prose("memo"),
        transaction_date=_day(row, today),
    )


def _day(row: Fields, today: date) -> date:
    # The day of posting, by which the server selects; what is pending may have 0 there.
    for name in ("posted", "transacted_at"):
        if row.has(name) and row.number(name):
            return row.epoch_day(name)
    if row.flag("pending"):
        return today
    raise ProviderAnsweredNonsense("SimpleFIN transaction: neither posted nor pending.")


def _kind(amount: Decimal, words: str, account_type: AccountType) -> Sub:
    if amount > 0 and (kind := kinds.income_in(words)):
        return kind
    if not amount or account_type in INVESTMENT_TYPES:
        return Sub.UNKNOWN
    return Sub.DEPOSIT if amount > 0 else Sub.PURCHASE
