"""The worker in the service does by itself what follows a movement."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from coffers.application.spending import recurring_detection
from tests.conftest import running, settings_for
from tests.people import Person, sign_up
from tests.recurring_examples import monthly
from tests.spendings import DAY


async def _until(ask: Callable[[], Awaitable[list[Any]]], within_s: float = 20) -> list[Any]:
    async with asyncio.timeout(within_s):
        while not (found := await ask()):  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.05)
    return found


async def _box(person: Person, name: str) -> str:
    draft = {"name": name, "account_type": "cash", "currency": "EUR", "opening_balance": "50"}
    return str((await person.post("/accounts", draft)).json()["id"])


async def _enter(person: Person, account: str, amount: str, day: str, text: str) -> None:
    entry = {"account_id": account, "amount": amount, "transaction_date": day}
    made = await person.post("/transactions", entry | {"description": text})
    assert made.status_code == 201, made.text


async def test_entries_are_matched_and_what_recurs_is_found(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recurring_detection, "SETTLING", recurring_detection.SETTLING / 10)
    settings = settings_for(database_url, tmp_path, embedded_worker=True)
    async with running(settings) as client:
        person = await sign_up(client, "keeper")
        purse, jar = await _box(person, "Purse"), await _box(person, "Jar")
        for row in monthly("Gym", "-30.00", "-30.00", "-30.00"):
            await _enter(person, purse, "-30.00", str(row.transaction_date), row.description)
        await _enter(person, purse, "-20.00", str(DAY), "Into the jar")
        await _enter(person, jar, "20.00", str(DAY), "From the purse")

        async def confirmed() -> list[Any]:
            found = await person.get("/transfers?status=confirmed")
            return list(found.json()["transfers"])

        async def recurring() -> list[Any]:
            return list((await person.get("/recurring")).json()["recurring"])

        (transfer,) = await _until(confirmed)
        (gym,) = await _until(recurring)

    assert transfer["outgoing_amount"] == "-20.00"
    assert (gym["cadence"], gym["amount"]) == ("monthly", "-30.00")
