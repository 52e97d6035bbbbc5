"""What the service and its reading child say to each other: frames of MessagePack, length first."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from coffers.domain.ledger.statements import ReportedStatement, ReportedTransaction, RowProblem
from coffers.infrastructure.statements.csv_layout import CsvMapping

#: A millisecond of decoding: what the service does between two other things.
ROWS_IN_A_FRAME: Final = 500
LENGTH: Final = struct.Struct(">I")
#: What a child says first.
READY: Final = b"ready"


class Request(Struct, frozen=True):
    """A file to read; see parse_statements."""

    content: bytes
    file_name: str
    format: str | None
    mapping: CsvMapping | None
    default_currency: str | None
    day_first: bool | None


class Outline(Struct, frozen=True):
    """The beginning of an answer: statements still without rows, and how many follow for each.

    Or why there are none.
    """

    statements: Sequence[ReportedStatement]
    row_counts: Sequence[int]
    problems: Sequence[RowProblem]


encode = Encoder().encode
request_in = Decoder(Request).decode
outline_in = Decoder(Outline).decode
rows_in = Decoder(list[ReportedTransaction]).decode


def frames_of(statements: Sequence[ReportedStatement]) -> Iterator[bytes]:
    """The answer that carries these statements: the outline, then the rows."""
    bare = [replace(statement, transactions=()) for statement in statements]
    yield encode(Outline(bare, [len(one.transactions) for one in statements], []))
    for statement in statements:
        for start in range(0, len(statement.transactions), ROWS_IN_A_FRAME):
            yield encode(statement.transactions[start : start + ROWS_IN_A_FRAME])


def refusal_frame(problems: Sequence[RowProblem]) -> bytes:
    """The answer that refuses."""
    return encode(Outline([], [], problems))
