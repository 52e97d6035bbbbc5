"""Making tens of thousands of transactions at once."""

from dataclasses import fields, make_dataclass
from typing import cast

from coffers.domain.ledger.statements import ReportedTransaction

#: The same record, not frozen: making a frozen one takes five times as long (2.4, not 0.5 µs),
#: half of the time of reading a row.
Draft = cast(
    "type[ReportedTransaction]",  # its twin: same fields, order and defaults, hence same layout
    make_dataclass("Draft", [(f.name, f.type, f) for f in fields(ReportedTransaction)], slots=True),
)


def sealed(drafts: list[ReportedTransaction]) -> list[ReportedTransaction]:
    """These Drafts, from now on ReportedTransactions like any other."""
    for draft in drafts:
        draft.__class__ = ReportedTransaction
    return drafts
