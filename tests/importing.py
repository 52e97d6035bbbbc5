"""Imports through the real use cases, without the service around them."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from coffers.application.ledger.imports import ImportDesk, ImportFile, apply_import, plan_import
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.statements.reader import SandboxedReader
from coffers.infrastructure.statements.sandboxed import StatementParser
from coffers.infrastructure.vault import AesGcmVault, VaultKey
from tests.statements import CSV_LAYOUT
from tests.stores import Store, open_store


@dataclass
class Importer:
    """Imports for people who come and go."""

    store: Store
    desk: ImportDesk

    async def somebody(self) -> Principal:
        name = f"person-{new_id().hex}"
        return Principal(await self.store.add_user(name), frozenset())

    async def take(self, person: Principal, content: bytes, *, is_csv: bool = False) -> UUID:
        """Plan and apply, in one go."""
        name = "statement.csv" if is_csv else "statement.ofx"
        file = ImportFile(name, content, mapping=CSV_LAYOUT if is_csv else None)
        plan = (await plan_import(self.store.uow(), self.desk, person, file)).view
        await apply_import(self.store.uow(), self.desk, person, plan.id, plan.plan_hash)
        return plan.id

    async def ledger(self, person: Principal) -> Sequence[tuple[Any, ...]]:  # Any: columns
        """Every movement in everything that a file can say of it."""
        columns = ("provider_transaction_id", "transaction_date", "amount", "description", "status")
        statement = select(*(transactions.c[name] for name in columns))
        mine = transactions.c.user_id == UserId(person.user_id)
        return sorted(
            (tuple(row) for row in await self.store.reader.rows(statement.where(mine))), key=repr
        )


@asynccontextmanager
async def importer_at(database_url: str) -> AsyncIterator[Importer]:
    parser = StatementParser()
    try:
        async with open_store(database_url) as store:
            vault = AesGcmVault([VaultKey("aaaaaaaaaaaa", os.urandom(32))])
            yield Importer(store, ImportDesk(SandboxedReader(parser), store.clock, vault))
    finally:
        await parser.aclose()
