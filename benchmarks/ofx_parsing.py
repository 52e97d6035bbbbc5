"""Parsing 20,000 OFX rows, against one `re.findall` pass over the tags of the same bytes.

With the garbage collector off, as in the child that reads files for the service.
"""

import gc
import random
import re
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Final

from coffers.infrastructure.statements.parse import parse_statements

ROWS: Final = 20_000
ROUNDS: Final = 7

_TAGS: Final = re.compile(rb"<(/?)([A-Z0-9.]+)>([^<\r\n]*)")
_FIRST_DAY: Final = date(2021, 1, 1)
_KINDS: Final = (
    ("POS", "Card purchase at terminal"),
    ("DEBIT", "Standing order"),
    ("CHECK", ""),
    ("CREDIT", "Interest paid & booked"),
    ("DIRECTDEP", "Payroll"),
)
_FRAME: Final = """OFXHEADER:100
DATA:OFXSGML

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>USD</CURDEF>
<BANKACCTFROM><BANKID>1</BANKID><ACCTID>2</ACCTID><ACCTTYPE>CHECKING</ACCTTYPE></BANKACCTFROM>
<BANKTRANLIST><DTSTART>20210101</DTSTART><DTEND>20251231</DTEND>
{rows}
</BANKTRANLIST><LEDGERBAL><BALAMT>1.00</BALAMT><DTASOF>20251231</DTASOF></LEDGERBAL>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""


def statement(rows: int, *, line: str) -> bytes:
    """A statement of so many rows, each field written in this form."""
    chance = random.Random(1)
    written = (_row(number, chance, line) for number in range(rows))
    return _FRAME.format(rows="\n".join(written)).encode()


def measure() -> dict[str, float]:
    """The time of parsing as a multiple of one tag pass: OFX 1.x (SGML) and 2.x (XML)."""
    return {
        "ofx 1.x, parsing / tag pass": _ratio(statement(ROWS, line="<{0}>{1}")),
        "ofx 2.x, parsing / tag pass": _ratio(statement(ROWS, line="<{0}>{1}</{0}>")),
    }


def _row(number: int, chance: random.Random, line: str) -> str:
    kind, memo = chance.choice(_KINDS)
    fields: Iterator[tuple[str, str]] = iter(
        [
            ("TRNTYPE", kind),
            ("DTPOSTED", f"{_FIRST_DAY + timedelta(days=number // 12):%Y%m%d}120000[-5:EST]"),
            ("TRNAMT", f"{chance.randint(-99_999, 99_999) / 100:.2f}"),
            ("FITID", f"{number:016}"),
            *([("CHECKNUM", str(number))] if kind == "CHECK" else []),
            ("NAME", f"{chance.choice(('Baker', 'Grocer', 'Books', 'Power'))} No. {number % 97}"),
            *([("MEMO", f"{memo.replace('&', '&amp;')} {number}")] if memo else []),
        ]
    )
    return "\n".join(["<STMTTRN>", *(line.format(*pair) for pair in fields), "</STMTTRN>"])


def _ratio(content: bytes) -> float:
    gc.collect()
    gc.disable()
    try:
        floor = _best(lambda: _TAGS.findall(content))
        return _best(lambda: parse_statements(content, file_name="statement.ofx")) / floor
    finally:
        gc.enable()


def _best(work: Callable[[], object]) -> float:
    return min(_timed(work) for _ in range(ROUNDS))


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    for name, ratio in measure().items():
        print(f"{name}: {ratio:.2f}")
