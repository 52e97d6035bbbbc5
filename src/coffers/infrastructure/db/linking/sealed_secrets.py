"""Sealed secrets in SQL: the columns that hold them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, select, update

from coffers.domain.linking.sealed_secrets import SealedSecret, SealedSecrets, SecretKind
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.linking.connections import connection_credentials
from coffers.infrastructure.db.transaction import Transaction

#: Where each kind is: the owner, what it is bound to, the ciphertext.
_COLUMNS: Final[Mapping[SecretKind, tuple[Column[Any], Column[Any], Column[Any]]]] = {  # Any: SQL's
    SecretKind.ACCOUNT_NUMBER: (accounts.c.user_id, accounts.c.id, accounts.c.account_number),
    SecretKind.CREDENTIALS: (
        connection_credentials.c.user_id,
        connection_credentials.c.connection_id,
        connection_credentials.c.sealed,
    ),
}


class SqlSealedSecrets(SealedSecrets):
    """Ciphertexts in their rows."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def page(
        self, kind: SecretKind, after: UUID | None, limit: int
    ) -> Sequence[SealedSecret]:
        """As the port says."""
        owner, bound_to, sealed = _COLUMNS[kind]
        statement = select(owner, bound_to.label("bound_to"), sealed.label("sealed"))
        statement = statement.where(sealed.is_not(None))
        if after is not None:
            statement = statement.where(bound_to > after)
        statement = statement.order_by(bound_to).limit(limit).with_for_update()
        rows = await self._transaction.rows(statement)
        return [SealedSecret(row.user_id, row.bound_to, row.sealed) for row in rows]

    async def put(self, kind: SecretKind, secret: SealedSecret) -> None:
        """As the port says."""
        owner, bound_to, sealed = _COLUMNS[kind]
        statement = update(sealed.table).where(owner == secret.user_id, bound_to == secret.id)
        await self._transaction.execute(statement.values({sealed.name: secret.sealed}))
