"""How many statements a request costs: counted by SQLite itself, whichever way they reach it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

#: What a transaction, a pool or a background watch says besides.
ASIDE = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT", "RELEASE")
WATCHED = (
    *("accounts", "holdings", "transactions", "balance_snapshots", "users", "connections"),
    "reconciliations",
)


class Statements:
    """What was asked of the ledger's tables inside the last `counted` block."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        self.texts.clear()
        yield self.texts

    def note(self, text: str) -> None:
        is_aside = text.lstrip().upper().startswith(ASIDE)
        if not is_aside and any(f"FROM {name}" in text for name in WATCHED):
            self.texts.append(text)


@pytest.fixture
def count_statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """Ask for it before the client: it watches the connections that are opened after it."""
    statements = Statements()
    connect = sqlite3.connect

    def watched(*args: Any, **more: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **more)
        connection.set_trace_callback(statements.note)
        return connection

    monkeypatch.setattr(sqlite3, "connect", watched)
    return statements
