"""The export of everything: rows straight from the database into JSON, a page at a time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Row, bindparam, select, text

from coffers.application.portability.exports import Exports, ExportsBusy
from coffers.application.ports import Vault
from coffers.domain.identity.users import UserNotFound
from coffers.domain.ids import UserId
from coffers.infrastructure.db.identity.users import users
from coffers.infrastructure.db.portability.catalogue import EXPORTED, PROFILE
from coffers.infrastructure.db.portability.tables import PAGE, Exported
from coffers.infrastructure.db.reader import Reader, Snapshot

#: Exports at once: each keeps one of the connections for reading while its client takes it.
MAX_AT_ONCE: Final = 2
#: What an export says of itself; a file of another version is not read.
FORMAT: Final = "coffers"
VERSION: Final = 1

_encode: Final = msgspec.json.Encoder().encode
_SCHEMA: Final = text("SELECT version_num FROM alembic_version")
_PROFILE: Final = select(*PROFILE).where(users.c.id == bindparam("user_id"))


class SqlExports(Exports):
    """Exports from SQL, each from one snapshot."""

    def __init__(self, reader: Reader, vault: Vault) -> None:
        self._reader = reader
        self._vault = vault
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)

    async def everything(
        self, user_id: UserId, exported_at: datetime
    ) -> AsyncGenerator[bytes, None]:
        """As the port says."""
        counts: dict[str, int] = {}
        async with self.snapshot() as snapshot:
            yield await _head(snapshot, user_id, exported_at)
            for exported in EXPORTED:
                yield f',\n"{exported.name}":['.encode()
                counts[exported.name], separator = 0, b"\n"
                after: Mapping[str, Any] | None = None  # Any: values of the key
                while after != {}:
                    rows = await _page(snapshot, exported, user_id, after)
                    if rows:
                        lines = [_encode(self._row(exported, row)) for row in rows]
                        yield separator + b",\n".join(lines)
                        separator = b",\n"
                    counts[exported.name] += len(rows)
                    after = _key(exported, rows)
                yield b"\n]"
        yield b',\n"counts":' + _encode(counts) + b"\n}\n"

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """One state of the database for a whole export; raises ExportsBusy."""
        if self._slots.locked():
            raise ExportsBusy("Other exports are being made; try again.", retry_after_s=5)
        async with self._slots, self._reader.snapshot() as snapshot:
            yield snapshot

    def _row(self, exported: Exported, row: Row[Any]) -> dict[str, object]:
        """What is known of a row; nothing stands for what is not."""
        shown = {name: value for name, value in row._asdict().items() if value is not None}
        for name in exported.sealed & shown.keys():
            shown[name] = self._vault.open(shown[name], bound_to=UUID(shown["id"])).decode()
        for name in exported.converted.keys() & shown.keys():
            shown[name] = exported.converted[name](shown[name])
        return shown


async def _head(snapshot: Snapshot, user_id: UserId, exported_at: datetime) -> bytes:
    found = await snapshot.rows(_PROFILE, {"user_id": user_id})
    if not found:
        raise UserNotFound("User not found")
    schema = (await snapshot.rows(_SCHEMA))[0][0]
    head = {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": exported_at,
        "schema": schema,
        "profile": found[0]._asdict(),
    }
    return _encode(head)[:-1]


async def _page(
    snapshot: Snapshot,
    exported: Exported,
    user_id: UserId,
    after: Mapping[str, Any] | None,  # Any: values of the key
) -> Sequence[Row[Any]]:
    # The encoding of a page is work too: others have their turn.
    await asyncio.sleep(0)
    if after is None:
        return await snapshot.rows(exported.first, {"user_id": user_id})
    return await snapshot.rows(exported.following, {"user_id": user_id, **after})


def _key(exported: Exported, rows: Sequence[Row[Any]]) -> dict[str, Any]:  # Any: values of the key
    """Where the next page begins; empty when there is none."""
    if len(rows) < PAGE:
        return {}
    last = msgspec.to_builtins(rows[-1]._asdict())
    return {
        f"after_{column.name}": exported.readers[column.name](last[column.name])
        for column in exported.key
    }
