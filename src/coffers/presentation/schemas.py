"""What request bodies are made of: pydantic models that know every field and take nothing else."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Strict,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from coffers.domain.currencies import MINOR_UNITS
from coffers.domain.money import AmountInvalid, parse_decimal

D = TypeVar("D", bound=date)


class Body(BaseModel):
    """A request body. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _decimal(value: Any) -> Decimal:  # Any: whatever the JSON held
    if not isinstance(value, str):
        raise PydanticCustomError("decimal_string", 'Send decimals as strings, such as "12.50".')
    try:
        return parse_decimal(value)
    except AmountInvalid as error:
        raise PydanticCustomError("decimal_string", "{reason}", {"reason": error.detail}) from error


def _currency(value: Any) -> Any:  # Any: whatever the JSON held
    if isinstance(value, str) and value not in MINOR_UNITS:
        raise PydanticCustomError("currency", "Not an ISO 4217 currency code.")
    return value


def _instant(value: Any) -> Any:  # Any: whatever the JSON held
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise PydanticCustomError("instant", "Not an instant as RFC 3339 writes it, with its zone.")
    return value


def _whole(value: Any) -> Any:  # Any: whatever the query held
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise PydanticCustomError("int_parsing", "Not a whole number such as 50.")
    return value


def _day(value: Any) -> Any:  # Any: whatever the JSON or the query held
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("day", "Not a date such as 2026-01-31.")
    return value


def _within_reach(value: D) -> D:
    if not FIRST_YEAR <= value.year < END_YEAR:
        raise PydanticCustomError("out_of_reach", "Not between the years 1901 and 8998.")
    return value


#: What the ledger keeps, without the days at the ends that a time zone might push over.
FIRST_YEAR: Final = 1901
END_YEAR: Final = 8999
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: As `parse_decimal` reads it, but for `-0`.
_DECIMAL: Final = {
    "type": "string",
    "format": "decimal",
    "pattern": r"^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?$",
    "examples": ["12.50"],
}

DecimalIn = Annotated[Decimal, BeforeValidator(_decimal), WithJsonSchema(_DECIMAL)]
CurrencyIn = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), BeforeValidator(_currency)]
#: ISO 4217, or the code of an asset that is nobody's currency.
CodeIn = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{1,11}$")]
EmailIn = Annotated[str, StringConstraints(min_length=3, max_length=254)]
#: Generous, so that a sign-in with a wrong password is never told apart by its length.
PasswordIn = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
TokenIn = Annotated[str, StringConstraints(min_length=1, max_length=512)]
#: What fields of others are called.
FieldNameIn = Annotated[str, StringConstraints(min_length=1, max_length=100)]
#: At least one character that one can see.
NameIn = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"\S")]
#: RFC 3339 with its zone; naive ones are refused, and numbers too.
InstantIn = Annotated[AwareDatetime, BeforeValidator(_instant), AfterValidator(_within_reach)]
#: In a query: without the signs, blanks and underscores that Python would take.
WHOLE: Final = BeforeValidator(_whole)
#: In a body, where text, numbers and true are different things.
FlagIn = Annotated[bool, Strict()]
CountIn = Annotated[int, Strict()]
DateIn = Annotated[date, BeforeValidator(_day), AfterValidator(_within_reach)]
