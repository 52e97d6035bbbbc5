"""Decimals as files write them: ASCII digits, at most one decimal mark, declared or evident."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final

from coffers.infrastructure.statements.refusals import FieldUnreadable

MAX_WHOLE_DIGITS: Final = 18
MAX_FRACTION_DIGITS: Final = 18
#: Room for both, a sign, the marks and the zeros with which some brokers pad.
MAX_CHARACTERS: Final = 64

#: The usual shape; what it matches needs no further look.
PLAIN: Final = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?")


@dataclass(frozen=True, slots=True)
class Marks:
    """How numbers are punctuated: the decimal mark, and what groups the digits ("" for nothing)."""

    decimal: str = "."
    thousands: str = ","


POINT: Final = Marks(".", ",")
COMMA: Final = Marks(",", ".")


def amount_of(text: str, marks: Marks | None) -> Decimal:
    """The number written there. Without marks a number must be unmistakable by itself."""
    if not text:
        raise FieldUnreadable("missing", "a number is missing.")
    if marks is None:
        marks = _own_marks(text)
    match = _pattern(marks).fullmatch(text) if len(text) <= MAX_CHARACTERS else None
    if match is None or not (match["whole"] or match["fraction"]):
        raise FieldUnreadable("not_a_number", "this is not a plain decimal number.")
    return _bounded(match, marks)


def marks_of(texts: Iterable[str]) -> Marks | None:
    """The marks that all these numbers agree on; None if they contradict or do not tell."""
    told = {_decimal_mark(text) for text in texts} - {""}
    if len(told) != 1:
        return None
    return POINT if told == {"."} else COMMA


def _own_marks(text: str) -> Marks:
    mark = _decimal_mark(text)
    if not mark and ("." in text or "," in text):
        raise FieldUnreadable("ambiguous_number", "the mark may divide thousands or decimals.")
    return COMMA if mark == "," else POINT


def _decimal_mark(text: str) -> str:
    """The mark that must be the decimal one, "" if there is none or it may divide thousands."""
    at = max(text.rfind("."), text.rfind(","))
    if at < 0:
        return ""
    mark, other = (".", ",") if text[at] == "." else (",", ".")
    if other in text:
        return mark
    if text.count(mark) > 1:
        return other
    before = text[:at].lstrip("+-")
    may_group = len(text) - at == 4 and 1 <= len(before) <= 3 and before[0] != "0"  # noqa: PLR2004 - "1,234"
    return "" if may_group else mark


@cache
def _pattern(marks: Marks) -> re.Pattern[str]:
    point = re.escape(marks.decimal)
    whole = "[0-9]*"
    if marks.thousands:
        comma = re.escape(marks.thousands)
        # Groups of two are Indian: 1,00,000.00.
        whole = f"[0-9]{{1,3}}(?:{comma}[0-9]{{2,3}})*{comma}[0-9]{{3}}|[0-9]*"
    return re.compile(f"(?P<sign>[+-]?)(?P<whole>{whole})(?:{point}(?P<fraction>[0-9]*))?")


def _bounded(match: re.Match[str], marks: Marks) -> Decimal:
    whole = match["whole"]
    if marks.thousands:
        whole = whole.replace(marks.thousands, "")
    whole, fraction = whole.lstrip("0"), match["fraction"] or ""
    if len(whole) > MAX_WHOLE_DIGITS or len(fraction) > MAX_FRACTION_DIGITS:
        raise FieldUnreadable("out_of_range", "at most 18 digits on either side of the mark.")
    return Decimal(f"{match['sign']}{whole or '0'}{'.' if fraction else ''}{fraction}")
