"""Reading a provider's JSON with suspicion: every value is bounded before it is used."""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from coffers.domain.currencies import MINOR_UNITS
from coffers.domain.linking.providers import ProviderAnsweredNonsense
from coffers.domain.money import EXACT

MAX_WHOLE_DIGITS: Final = 18
MAX_FRACTION_DIGITS: Final = 18
MAX_IDENTIFIER_CHARS: Final = 255
MAX_SYMBOL_CHARS: Final = 64
MAX_SECRET_CHARS: Final = 8_192
MAX_PROSE_CHARS: Final = 500
MAX_INSTANT_CHARS: Final = 40
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2100

_NUMBER: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: C0 and C1 controls, line separators, surrogates.
_UNFIT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_BOUND: Final = Decimal(10) ** MAX_WHOLE_DIGITS
_STEP: Final = Decimal(1).scaleb(-MAX_FRACTION_DIGITS)
_WIDE: Final = Context(prec=96, rounding=ROUND_HALF_EVEN)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEW_YORK: Final = ZoneInfo("America/New_York")

T = TypeVar("T")
D = TypeVar("D", bound=date)


class Fields:
    """One JSON object of an answer.

    What is missing, of another type or out of bounds raises ProviderAnsweredNonsense, which names
    the field and never repeats the value. `null` counts as missing.
    """

    __slots__ = ("_object", "_what")

    def __init__(self, value: object, what: str) -> None:
        if not isinstance(value, dict):
            raise ProviderAnsweredNonsense(f"{what}: not an object.")
        self._object = value
        self._what = what

    def has(self, name: str) -> bool:
        """Whether the field says anything; empty text does not."""
        return self._object.get(name) not in (None, "")

    def identifier(self, name: str, *, most: int = MAX_IDENTIFIER_CHARS) -> str:
        """Read an id, exactly as it stands: text or a whole number, printable, not empty."""
        value = self._value(name)
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not 0 < len(text) <= most or not text.isprintable():
            raise self._nonsense(name)
        return text

    def symbol(self, name: str) -> str:
        """Read a security's symbol, or another short code of it, exactly as it stands."""
        return self.identifier(name, most=MAX_SYMBOL_CHARS)

    def symbol_or_none(self, name: str) -> str | None:
        """Read a symbol that may be absent."""
        return self.symbol(name) if self.has(name) else None

    def identifier_or_none(self, name: str) -> str | None:
        """Read an id that may be absent."""
        return self.identifier(name) if self.has(name) else None

    def secret(self, name: str) -> str:
        """Read a token: printable ASCII, so that it can stand in a header."""
        text = self.identifier(name, most=MAX_SECRET_CHARS)
        if not text.isascii():
            raise self._nonsense(name)
        return text

    def prose(self, name: str) -> str:
        """Read text for people: controls become spaces, length is cut, absence is empty."""
        value = self._object.get(name)
        if value is not None and not isinstance(value, str):
            raise self._nonsense(name)
        return " ".join(_UNFIT.sub(" ", value or "").split())[:MAX_PROSE_CHARS]

    def code(self, name: str) -> str:
        """Read an enumeration's value in capitals, known or not; empty when absent."""
        return self.prose(name).upper()

    def one_of(self, name: str, meanings: Mapping[str, T]) -> T:
        """Read an enumeration that leaves no room for a value unknown to us."""
        code = self.code(name)
        if code not in meanings:
            raise self._nonsense(name)
        return meanings[code]

    def currency(self, name: str) -> str:
        """Read an ISO 4217 code."""
        code = self.identifier(name)
        if code not in MINOR_UNITS:
            raise self._nonsense(name)
        return code

    def flag(self, name: str) -> bool:
        """Read a boolean; absence is false."""
        value = self._object.get(name)
        if value is not None and not isinstance(value, bool):
            raise self._nonsense(name)
        return bool(value)

    def number(self, name: str) -> Decimal:
        """Read an amount, a quantity or a price."""
        value = self._value(name)
        try:
            if isinstance(value, str):
                return _plain(value)
            if isinstance(value, int | Decimal) and not isinstance(value, bool):
                return bounded(Decimal(value))
        except ProviderAnsweredNonsense as error:
            raise self._nonsense(name) from error
        raise self._nonsense(name)

    def number_or_none(self, name: str) -> Decimal | None:
        """Read a number that may be absent."""
        return self.number(name) if self.has(name) else None

    def day(self, name: str) -> date:
        """Read a calendar date, `YYYY-MM-DD`, between 1900 and 2100."""
        value = self._value(name)
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise self._nonsense(name)
        return self._dated(name, lambda: date.fromisoformat(value))

    def instant(self, name: str) -> datetime:
        """Read an ISO 8601 instant with its offset, between 1900 and 2100."""
        value = self._value(name)
        if not isinstance(value, str) or not value.isascii() or len(value) > MAX_INSTANT_CHARS:
            raise self._nonsense(name)
        moment = self._dated(name, lambda: datetime.fromisoformat(value))
        if moment.tzinfo is None:
            raise self._nonsense(name)
        return moment

    def epoch_day(self, name: str) -> date:
        """Read the UTC day of an instant in seconds since 1970."""
        seconds = self.number(name)
        return self._dated(name, lambda: _EPOCH + timedelta(seconds=int(seconds))).date()

    def child(self, name: str) -> "Fields":
        """Read an object inside."""
        return Fields(self._value(name), f"{self._what}.{name}")

    def children(self, name: str) -> list["Fields"]:
        """Read a list of objects inside; it must be there, though it may be empty."""
        return objects(self._value(name), f"{self._what}.{name}")

    def children_or_none(self, name: str) -> list["Fields"] | None:
        """Read a list of objects that may be absent, which is not the same as empty."""
        return self.children(name) if self.has(name) else None

    def texts(self, name: str) -> list[str]:
        """Read a list of text for people; absence is empty."""
        values = self._object.get(name) or []
        if not isinstance(values, list):
            raise self._nonsense(name)
        return [Fields({name: value}, self._what).prose(name) for value in values]

    def _value(self, name: str) -> object:
        value = self._object.get(name)
        if value is None:
            raise ProviderAnsweredNonsense(f"{self._what}: '{name}' is missing.")
        return value

    def _dated(self, name: str, read: Callable[[], D]) -> D:
        try:
            when = read()
        except (ValueError, OverflowError) as error:
            raise self._nonsense(name) from error
        if not FIRST_YEAR <= when.year <= LAST_YEAR:
            raise self._nonsense(name)
        return when

    def _nonsense(self, name: str) -> ProviderAnsweredNonsense:
        return ProviderAnsweredNonsense(f"{self._what}: '{name}' cannot be believed.")


def objects(value: object, what: str) -> list[Fields]:
    """Read a JSON list of objects."""
    if not isinstance(value, list):
        raise ProviderAnsweredNonsense(f"{what}: not a list.")
    return [Fields(item, what) for item in value]


def unique(rows: Iterable[T], key: Callable[[T], Hashable], what: str) -> list[T]:
    """Pass on rows whose keys are all different; dropping one of two could drop money."""
    kept = list(rows)
    if len({key(row) for row in kept}) != len(kept):
        raise ProviderAnsweredNonsense(f"{what}: an id stands twice.")
    return kept


def bounded(number: Decimal) -> Decimal:
    """Cut a JSON number to 18 decimals; raises ProviderAnsweredNonsense when it is too large.

    Beyond them stands the noise of the provider's own binary arithmetic (-9.094947017729282E-13).
    """
    if not number.is_finite() or number.copy_abs() >= _BOUND:
        raise ProviderAnsweredNonsense("A number is out of bounds.")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MAX_FRACTION_DIGITS:
        number = number.quantize(_STEP, context=_WIDE)
    return number.copy_abs() if number.is_zero() else number


def product(*factors: Decimal) -> Decimal:
    """Multiply exactly, then as `bounded`."""
    result = Decimal(1)
    for factor in factors:
        result = EXACT.multiply(result, factor)
    return bounded(result)


def signed_like(amount: Decimal, model: Decimal) -> Decimal:
    """Give the amount the sign of the model: a short position's value is below zero."""
    return bounded(amount.copy_abs().copy_negate() if model < 0 else amount.copy_abs())


def us_trading_day(moment: datetime) -> date:
    """Name the trading day in New York of an instant.

    A midnight in UTC is no instant but a date that was written as one.
    """
    utc = moment.astimezone(UTC)
    if (utc.hour, utc.minute, utc.second) == (0, 0, 0):
        return utc.date()
    return utc.astimezone(_NEW_YORK).date()


def _plain(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ProviderAnsweredNonsense("Not a number in plain digits.")
    return bounded(Decimal(text))
