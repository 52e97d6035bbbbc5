"""OFX as a flat list of records, whether it came as SGML (1.x) or XML (2.x).

OFX needs no tree: an aggregate that matters is opened by a tag of its own, and everything up to the
next such tag belongs to it. Closing tags are therefore passed over, which makes missing ones
harmless and the reading linear.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import compress, count, groupby
from typing import Final, Protocol

from coffers.infrastructure.statements.ofx_plain_rows import (
    FIELDS,
    MARK,
    PlainRows,
    taken_out,
)
from coffers.infrastructure.statements.ofx_text import body_of, tidied, with_entities
from coffers.infrastructure.statements.refusals import unreadable

#: In 10 MiB, one every ten bytes.
MAX_TAGS: Final = 1_000_000

STATEMENTS: Final = frozenset({"STMTRS", "CCSTMTRS", "INVSTMTRS"})
POSITIONS: Final = frozenset({"POSDEBT", "POSMF", "POSOPT", "POSOTHER", "POSSTOCK"})
SECURITIES: Final = frozenset({"DEBTINFO", "MFINFO", "OPTINFO", "OTHERINFO", "STOCKINFO"})
MOVEMENTS: Final = frozenset(
    [
        "STMTTRN",
        "STMTTRNP",
        "BUYDEBT",
        "BUYMF",
        "BUYOPT",
        "BUYOTHER",
        "BUYSTOCK",
        "CLOSUREOPT",
        "INCOME",
        "INVEXPENSE",
        "JRNLFUND",
        "JRNLSEC",
        "MARGININTEREST",
        "REINVEST",
        "RETOFCAP",
        "SELLDEBT",
        "SELLMF",
        "SELLOPT",
        "SELLOTHER",
        "SELLSTOCK",
        "SPLIT",
        "TRANSFER",
    ]
)
#: What else opens a record: read, or only to keep what follows out of the record before.
_SECTIONS: Final = frozenset(
    [
        "AVAILBAL",
        "BALLIST",
        "BANKTRANLIST",
        "BANKTRANLISTP",
        "CCSTMTTRNRS",
        "FI",
        "INV401K",
        "INV401KBAL",
        "INVBAL",
        "INVOOLIST",
        "INVPOSLIST",
        "INVSTMTTRNRS",
        "INVTRANLIST",
        "LEDGERBAL",
        "SECLIST",
        "SONRS",
        "STMTTRNRS",
    ]
)
RECORDS: Final = STATEMENTS | POSITIONS | SECURITIES | MOVEMENTS | _SECTIONS | {MARK}

#: A closing tag, or an opening one with its name, and the blanks behind it.
_TAG: Final = re.compile(r"<(?:/[^<>]*|([A-Z0-9._-]+))>\s*")


class Rows(Protocol):
    """Consecutive records of one name, read by column."""

    @property
    def name(self) -> str:
        """The name of the records."""
        ...

    def __len__(self) -> int: ...

    def column(self, name: str) -> list[str]:
        """The values of one tag, "" where a record has none."""
        ...

    def having(self, name: str) -> list[bool]:
        """Which of the records have such a tag."""
        ...

    def raws(self) -> list[str]:
        """Each record as the bank wrote it: its values in order, of bank rows that of FIELDS."""
        ...


class Run:
    """Consecutive records of one name, each its values by tag."""

    def __init__(self, name: str, records: Sequence[dict[str, str]]) -> None:
        self.name = name
        self.records = records

    def __len__(self) -> int:
        return len(self.records)

    def column(self, name: str) -> list[str]:
        """The values of one tag, "" where a record has none."""
        return [record.get(name, "") for record in self.records]

    def having(self, name: str) -> list[bool]:
        """Which of the records have such a tag."""
        return [name in record for record in self.records]

    def raws(self) -> list[str]:
        """Each record as the bank wrote it: its values in order, of bank rows that of FIELDS."""
        order = FIELDS if self.name == "STMTTRN" else ()
        return ["|".join(_in_order(record, order)) for record in self.records]


class Tags:
    """Every opening tag of a file in order with the text behind it; plain rows stand apart."""

    def __init__(self, names: list[str], values: list[str], plain: PlainRows) -> None:
        self._names = names
        self._values = values
        self._plain = plain

    def values(self, names: frozenset[str]) -> Iterator[str]:
        """The values of all these tags."""
        yield from compress(self._values, map(names.__contains__, self._names))
        for name in names.intersection(FIELDS):
            yield from self._plain.column(name)

    def runs(self) -> Iterator[Run | PlainRows]:
        """The records in order, those of one name that follow one another together."""
        starts = list(compress(count(), map(RECORDS.__contains__, self._names)))
        ends = [*starts[1:], len(self._names)]
        kinds = [self._names[start] for start in starts]
        taken = 0
        for kind, group in groupby(range(len(kinds)), key=kinds.__getitem__):
            indices = list(group)
            if kind == MARK:
                yield self._plain.part(taken, taken + len(indices))
                taken += len(indices)
            else:
                yield Run(kind, [self._record(starts[at], ends[at]) for at in indices])

    def _record(self, start: int, end: int) -> dict[str, str]:
        """The tags of a range; of several the first, as what repeats a name is nested deeper."""
        names, values = self._names[start + 1 : end], self._values[start + 1 : end]
        return dict(zip(reversed(names), reversed(values), strict=True))


def tags_of(text: str) -> Tags:
    """The tags of an OFX file; raises StatementUnreadable if it is none, cut off, or has a DTD."""
    body = body_of(text)
    if body.count("<") > MAX_TAGS:
        raise unreadable("too_many_tags", f"a file has at most {MAX_TAGS} tags.")
    rest, plain = taken_out(body)
    parts = _TAG.split(rest)
    if len(parts) // 2 != rest.count("<"):
        # Seldom, so that beginning anew does not matter: tidying may make rows plain.
        rest, plain = taken_out(tidied(body))
        parts = _TAG.split(rest)
    is_opening = parts[1::2]
    values = list(map(str.rstrip, compress(parts[2::2], is_opening)))
    if "&" in rest:
        values = [with_entities(value) for value in values]
    return Tags(list(filter(None, is_opening)), values, plain)


def _in_order(record: dict[str, str], first: Sequence[str]) -> Iterator[str]:
    yield from (record.get(name, "") for name in first)
    yield from (record[name] for name in reversed(record) if name not in first)
