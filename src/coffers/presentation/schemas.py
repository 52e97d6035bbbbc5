"""What request bodies are made of: pydantic models that know every field and take nothing else."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from coffers.domain.currencies import MINOR_UNITS
from coffers.domain.money import AmountInvalid, parse_decimal


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


DecimalIn = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    WithJsonSchema({"type": "string", "format": "decimal", "examples": ["12.50"]}),
]
CurrencyIn = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), BeforeValidator(_currency)]
EmailIn = Annotated[str, StringConstraints(min_length=3, max_length=254)]
#: Generous, so that a sign-in with a wrong password is never told apart by its length.
PasswordIn = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
TokenIn = Annotated[str, StringConstraints(min_length=1, max_length=512)]
NameIn = Annotated[str, StringConstraints(min_length=1, max_length=100)]
#: RFC 3339 with its zone; naive ones are refused.
InstantIn = AwareDatetime
