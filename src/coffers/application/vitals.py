"""Whether this installation is fit to serve."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from coffers.domain.errors import Unavailable


class MigrationsMissing(Unavailable):
    """The database lacks migrations of this version: run `coffers migrate`."""

    slug = "migrations_missing"


class Vitals(Protocol):
    """What an operator asks for."""

    async def check(self) -> Sequence[str]:
        """What is away that one can do without, such as "redis"; within 2 seconds.

        Raises Unavailable when the database is away, and MigrationsMissing.
        """
        ...

    def connections_in_use(self) -> Mapping[str, int]:
        """Database connections that somebody holds, by pool."""
        ...
