"""Nothing that a user has is forgotten: every table, and every column of the exported ones."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Column, LargeBinary, Uuid

from coffers.infrastructure.db.portability.catalogue import BY_NAME, EXPORTED, LEFT_OUT
from coffers.infrastructure.db.portability.tables import Exported
from coffers.infrastructure.db.tables import METADATA
from coffers.infrastructure.db.types import Json

IDS = [exported.name for exported in EXPORTED]


def test_every_table_is_exported_or_left_out_for_a_reason() -> None:
    decided = [*BY_NAME, *LEFT_OUT]

    assert sorted(decided) == sorted(METADATA.tables)
    assert all(LEFT_OUT.values())


def test_every_exported_table_is_one_users() -> None:
    assert all("user_id" in exported.table.c for exported in EXPORTED)


def columns(exported: Exported) -> Iterator[Column[object]]:
    return (column for column in exported.table.columns if column.name != "user_id")


@pytest.mark.parametrize("exported", EXPORTED, ids=IDS)
def test_every_id_leads_somewhere_or_nowhere_on_purpose(exported: Exported) -> None:
    ids = {column.name for column in columns(exported) if isinstance(column.type, Uuid)}

    explained = {"id", *exported.refers, *exported.strays, *exported.fixed}
    assert ids <= explained, f"{exported.name}: say what these are ids of"
    targets = {target for targets in exported.refers.values() for target in targets}
    assert targets <= {*BY_NAME}


@pytest.mark.parametrize("exported", EXPORTED, ids=IDS)
def test_every_column_of_json_or_bytes_is_explained(exported: Exported) -> None:
    opaque = {
        column.name for column in columns(exported) if isinstance(column.type, Json | LargeBinary)
    }

    explained = {*exported.shapes, *exported.reads, *exported.sealed, *exported.fixed}
    assert opaque <= explained, f"{exported.name}: say what is in these"


@pytest.mark.parametrize("exported", EXPORTED, ids=IDS)
def test_what_is_said_of_a_table_is_said_of_its_columns(exported: Exported) -> None:
    said = {
        *exported.words,
        *exported.shapes,
        *exported.reads,
        *exported.refers,
        *exported.strays,
        *exported.sealed,
        *exported.fixed,
        *exported.derived,
        *exported.written,
        *(mention.column for mention in exported.mentions),
    }

    assert said <= set(exported.table.columns.keys())
