"""Making tens of thousands of transactions at once."""

from dataclasses import fields, make_dataclass
from typing import cast

from coffers.domain.statements import ReportedTransaction

#: The same record, not frozen: a frozen one takes five times as long to make (2.4 instead of 0.5 µs),
#: half of the time of reading a row.
Draft = cast(
    "type[ReportedTransaction]",  # its twin: same fields, order and defaults, hence same layout
    make_dataclass("Draft", [(f.name, f.type, f) for f in fields(ReportedTransaction)], slots=True),
)


def sealed(draft: ReportedTransaction) -> ReportedTransaction:
    """A Draft, from now on a ReportedTransaction like any other."""
    object.__setattr__(draft, "__class__", ReportedTransaction)
    return draft
