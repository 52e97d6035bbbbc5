"""Identifiers of securities, and whether their check digits are right."""

import re
from collections.abc import Iterable
from typing import Final

_ISIN: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
_CUSIP: Final = re.compile(r"[0-9A-Z*@#]{8}[0-9]")
_FIGI: Final = re.compile(r"[B-DF-HJ-NP-TV-Z0-9]{2}G[B-DF-HJ-NP-TV-Z0-9]{8}[0-9]")
#: Prefixes that belong to ISINs of some countries and would make a FIGI look like one.
_NOT_FIGI: Final = frozenset({"BS", "BM", "GG", "GB", "GH", "KY", "VG"})
_OTHERS: Final = {"*": 36, "@": 37, "#": 38}


def is_isin(text: str) -> bool:
    """Whether this is an ISIN (ISO 6166) whose check digit is right: Luhn over its digits."""
    if not _ISIN.fullmatch(text):
        return False
    digits = [int(digit) for digit in "".join(str(int(each, 36)) for each in text)]
    return sum(_doubled(reversed(digits))) % 10 == 0


def is_cusip(text: str) -> bool:
    """Whether this is a CUSIP (ANSI X9.6) whose check digit is right: modulus 10, double add."""
    if not _CUSIP.fullmatch(text):
        return False
    return _check_digit(text[:8]) == int(text[8])


def is_figi(text: str) -> bool:
    """Whether this is a FIGI (OMG FIGI 1.0) whose check digit is right."""
    if not _FIGI.fullmatch(text) or text[:2] in _NOT_FIGI:
        return False
    return _check_digit(text[:11]) == int(text[11])


def _check_digit(text: str) -> int:
    """Every second value doubled, the digits of all added up, what is missing to the next ten."""
    values = [_value(each) * (1 + place % 2) for place, each in enumerate(text)]
    return -sum(value // 10 + value % 10 for value in values) % 10


def _value(character: str) -> int:
    return _OTHERS[character] if character in _OTHERS else int(character, 36)


def _doubled(digits: Iterable[int]) -> Iterable[int]:
    """From the right: every second digit doubled, its own digits added (Luhn)."""
    for place, digit in enumerate(digits):
        value = digit * (1 + place % 2)
        yield value // 10 + value % 10
