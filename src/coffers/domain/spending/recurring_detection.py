"""Finding what comes back: by words, cadence and amount, each threshold with its name.

Movements of one account, currency, direction and name are a series when at least four of five steps
between them keep to a cadence and at least four of five amounts lie within half of the middle one.
If all of them together are none, those of each exact amount may be.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from operator import attrgetter
from statistics import median_low
from typing import Final
from uuid import UUID

from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.domain.money import EXACT
from coffers.domain.spending.cadences import RHYTHMS, Cadence, anchor_of, regular_steps
from coffers.domain.spending.categories import SYSTEM_CATEGORIES
from coffers.domain.spending.recurring import (
    MAX_SERIES,
    Found,
    Occurrence,
    RecurringKind,
    SeriesKey,
)

#: Of the steps, and of the amounts: four of five.
MOST: Final = Decimal("0.8")
#: Fewer payments than that have to be equal.
MANY: Final = 3
#: How far amounts may be from the middle one, as a part of it.
SPREAD: Final = Decimal("0.5")
#: A fixed amount changes at most once in so many payments.
STEADY: Final = 3
#: What is expected of changing amounts is the middle one of so many.
RECENT: Final = 6
#: Movements that a series names as its evidence, the newest.
MAX_EVIDENCE: Final = 60
#: Words of a name that count, characters of one that is shown, and of one that is looked at.
MAX_WORDS: Final = 6
MAX_NAME: Final = 100
MAX_TEXT: Final = 500

_NO_LETTER: Final = re.compile(r"[\W_]+")
_MONTHS: Final = frozenset(
    {
        *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
        *("october", "november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug"),
        *("sep", "sept", "oct", "nov", "dec", "januar", "februar", "märz", "mai", "juni", "juli"),
        *("oktober", "dezember", "okt", "dez", "janvier", "février", "mars", "avril", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre", "enero", "febrero"),
        *("marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre"),
        *("noviembre", "diciembre"),
    }
)
_WAGES: Final = frozenset(
    {"salary", "payroll", "wage", "wages", "lohn", "gehalt", "salaire", "nómina", "sueldo"}
)
_VALUES: Final = {each.id: each.value for each in SYSTEM_CATEGORIES}
_BILLS: Final = frozenset({"home", "taxes", "health", "education"})
_WAGE_CADENCES: Final = frozenset({Cadence.WEEKLY, Cadence.EVERY_TWO_WEEKS, Cadence.MONTHLY})


def detect(movements: Iterable[Occurrence]) -> list[Found]:
    """The series among these movements, whatever their order; the latest ones if they are many."""
    groups: dict[SeriesKey, list[Occurrence]] = defaultdict(list)
    for each in movements:
        if words := words_of(each.text):
            key = SeriesKey(each.account_id, each.currency, each.amount < 0, words)
            groups[key].append(each)
    found = [series for key in groups for series in _series(key, groups[key])]
    found.sort(key=lambda each: (each.last_on, each.key.hash), reverse=True)
    return found[:MAX_SERIES]


def words_of(text: str) -> str:
    """The name without what changes: case, digits and whatever they stand in, signs, months."""
    folded = unicodedata.normalize("NFKC", text[:MAX_TEXT]).casefold()
    whole = [word for word in folded.split() if not any(char.isdigit() for char in word)]
    words = [part for word in whole for part in _NO_LETTER.split(word) if part]
    kept = [word for word in words if word not in _MONTHS] or words
    return " ".join(kept[:MAX_WORDS])


def _series(key: SeriesKey, members: Sequence[Occurrence]) -> Iterator[Found]:
    whole = _judged(key, members)
    if whole is not None:
        yield whole
        return
    by_amount: dict[Decimal, list[Occurrence]] = defaultdict(list)
    for each in members:
        by_amount[each.amount].append(each)
    for amount, some in by_amount.items():
        if len(some) < len(members):
            part = _judged(replace(key, amount=amount), some)
            if part is not None:
                yield part


def _judged(key: SeriesKey, members: Sequence[Occurrence]) -> Found | None:
    ordered = sorted(members, key=attrgetter("day", "id"))
    cadence, regularity = _cadence(ordered)
    if cadence is None or not _is_close([each.amount for each in ordered]):
        return None
    # Twice is little: a year apart, only the very same amount is told from chance.
    if len(ordered) < MANY and ordered[0].amount != ordered[-1].amount:
        return None
    return _found(key, ordered, cadence, regularity)


def _cadence(ordered: Sequence[Occurrence]) -> tuple[Cadence | None, Decimal]:
    """The one that most steps keep to, if enough do."""
    days, best, most = [each.day for each in ordered], None, Decimal(0)
    for cadence, rhythm in RHYTHMS.items():
        if len(days) >= rhythm.least:
            part = Decimal(regular_steps(cadence, days)) / (len(days) - 1)
            if part >= MOST and part > most:
                best, most = cadence, part
    return best, most.quantize(Decimal("0.01"))


def _is_close(amounts: Sequence[Decimal]) -> bool:
    middle = median_low(amounts)
    slack = EXACT.multiply(middle.copy_abs(), SPREAD)
    near = sum(EXACT.subtract(each, middle).copy_abs() <= slack for each in amounts)
    return near >= MOST * len(amounts)


def _found(
    key: SeriesKey, ordered: Sequence[Occurrence], cadence: Cadence, regularity: Decimal
) -> Found:
    amounts, latest = [each.amount for each in ordered], ordered[-1]
    changes = [before for before, after in pairwise(amounts) if before != after]
    is_fixed = len(changes) <= (len(amounts) - 1) // STEADY
    category_id = next((each.category_id for each in reversed(ordered) if each.category_id), None)
    return Found(
        key=key,
        name=" ".join(latest.text.split())[:MAX_NAME],
        kind=_kind(key, latest, cadence, category_id, is_fixed=is_fixed),
        cadence=cadence,
        category_id=category_id,
        amount=latest.amount if is_fixed else median_low(amounts[-RECENT:]),
        smallest=min(amounts, key=Decimal.copy_abs),
        largest=max(amounts, key=Decimal.copy_abs),
        is_fixed=is_fixed,
        previous_amount=changes[-1] if is_fixed and changes else None,
        has_new_price=is_fixed and amounts[-1] != amounts[-2],
        first_on=ordered[0].day,
        last_on=latest.day,
        anchor=anchor_of([each.day for each in ordered]),
        occurrences=len(ordered),
        evidence=tuple(each.id for each in reversed(ordered[-MAX_EVIDENCE:])),
        regularity=regularity,
    )


def _kind(
    key: SeriesKey,
    latest: Occurrence,
    cadence: Cadence,
    category_id: UUID | None,
    *,
    is_fixed: bool,
) -> RecurringKind:
    category = _VALUES.get(category_id) if category_id else None
    if not key.is_outgoing:
        is_wage = latest.subtype is TransactionSubtype.SALARY or bool(_WAGES & {*key.words.split()})
        is_salary = category == "salary" or (is_wage and cadence in _WAGE_CADENCES)
        return RecurringKind.SALARY if is_salary else RecurringKind.OTHER
    if latest.transaction_type is TransactionType.TRANSFER:
        return RecurringKind.OTHER
    is_bill = category in _BILLS or latest.transaction_type is TransactionType.FEE
    return RecurringKind.BILL if is_bill or not is_fixed else RecurringKind.SUBSCRIPTION
