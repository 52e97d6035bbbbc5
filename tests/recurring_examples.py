"""Recurring payments for the tests that are made from the registry."""

from datetime import UTC, date, datetime, timedelta

from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.spending.cadences import add_months
from tests.ledgers import Ledger, ledger_of
from tests.people import Person
from tests.spendings import bank_account, moved


def this_day(back: int = 0) -> date:
    """So many days ago."""
    return datetime.now(UTC).date() - timedelta(days=back)


def monthly(text: str, *amounts: str, last: date | None = None) -> list[ReportedTransaction]:
    """One payment a month, the last of them on that day, or lately."""
    until = last or this_day(10)
    days = [add_months(until, -back) for back in range(len(amounts))][::-1]
    return [
        moved(f"{text}-{day}", amount, day, description=f"{text} {day:%Y%m%d}")
        for day, amount in zip(days, amounts, strict=True)
    ]


async def pay(ledger: Ledger, *rows: ReportedTransaction, number: str = "giro") -> Account:
    account = await bank_account(ledger, number)
    await ledger.move(account, *rows)
    return account


async def a_recurring_payment(person: Person) -> str:
    async with ledger_of(person) as ledger:
        await pay(ledger, *monthly("Music", "-9.99", "-9.99", "-9.99"))
    await person.post("/recurring/detections")
    found = (await person.get("/recurring")).json()["recurring"]
    return f"/recurring/{found[0]['id']}"
