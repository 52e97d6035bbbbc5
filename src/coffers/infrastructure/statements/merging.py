"""One statement for each account of a file, with ids that can be trusted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from coffers.domain.ledger.statements import ReportedStatement, ReportedTransaction


def by_account(statements: Sequence[ReportedStatement]) -> list[ReportedStatement]:
    """The statements, those of one account merged, in the order in which the accounts appear.

    Of balances and positions the latest count; periods add up. A row that stands in two of the
    statements with one id is one movement. An id that repeats otherwise is not trusted: it becomes
    None on all its rows.
    """
    groups: dict[tuple[str, str], list[ReportedStatement]] = {}
    for statement in statements:
        account = statement.account
        groups.setdefault((account.provider_account_id, account.currency), []).append(statement)
    shared = Counter(account_id for account_id, _ in groups)
    merged = [_merged(group) for group in groups.values()]
    return [
        _renamed(one) if shared[one.account.provider_account_id] > 1 else one
        for one in map(_with_trusted_ids, merged)
    ]


def _merged(group: list[ReportedStatement]) -> ReportedStatement:
    if len(group) == 1:
        return group[0]
    by_age = sorted(group, key=lambda one: one.balance_date or date.min)
    first_dates = [one.first_date for one in group if one.first_date]
    last_dates = [one.last_date for one in group if one.last_date]
    held = [one.holdings for one in by_age if one.holdings is not None]
    return replace(
        by_age[-1],
        transactions=_without_overlaps(group),
        holdings=held[-1] if held else None,
        first_date=min(first_dates, default=None),
        last_date=max(last_dates, default=None),
    )


def _without_overlaps(group: list[ReportedStatement]) -> list[ReportedTransaction]:
    """The rows of all, without those that an earlier statement has with the same id and wording."""
    seen: set[tuple[str, str]] = set()
    rows: list[ReportedTransaction] = []
    for statement in group:
        marked = [(row.provider_transaction_id or "", row.raw) for row in statement.transactions]
        pairs = zip(statement.transactions, marked, strict=True)
        rows += [row for row, mark in pairs if not mark[0] or mark not in seen]
        seen.update(marked)
    return rows


def _with_trusted_ids(statement: ReportedStatement) -> ReportedStatement:
    rows = statement.transactions
    ids = [row.provider_transaction_id for row in rows if row.provider_transaction_id]
    if len(set(ids)) == len(ids):
        return statement
    repeated = {one for one, count in Counter(ids).items() if count > 1}
    # Movements made of one record have ids made of its one: they fall together.
    doubtful = {row.row for row in rows if row.provider_transaction_id in repeated}
    trusted = [
        replace(row, provider_transaction_id=None) if row.row in doubtful else row for row in rows
    ]
    return replace(statement, transactions=trusted)


def _renamed(statement: ReportedStatement) -> ReportedStatement:
    """Told apart by currency, where a bank keeps several under one number."""
    account = statement.account
    account_id = f"{account.provider_account_id}:{account.currency}"
    return replace(statement, account=replace(account, provider_account_id=account_id))
