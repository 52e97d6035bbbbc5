"""What reads answer with: structs filled straight from rows and encoded once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Generic, TypeVar

from msgspec import Meta

T = TypeVar("T")

#: An instant on the wire: RFC 3339, UTC.
Instant = Annotated[datetime, Meta(tz=True)]
#: An exact decimal on the wire: a string in plain digits.
DecimalText = Annotated[str, Meta(extra_json_schema={"format": "decimal"})]


@dataclass(frozen=True, slots=True)
class Versioned(Generic[T]):
    """A view of a single resource and the version that its ETag names."""

    view: T
    version: int
