"""Assets with prices on weekdays, for analyses of them."""

from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from tests.market_examples import asset_of
from tests.people import Person

MONDAY: Final = date(2026, 1, 5)
YEAR: Final = {"start_date": "2026-01-05", "end_date": "2026-03-31"}


def weekdays(count: int, first: date = MONDAY) -> list[date]:
    days = (first + timedelta(days=place) for place in range(2 * count))
    return [day for day in days if day.weekday() < 5][:count]


async def keep(person: Person, asset_id: str, closes: list[str], first: date = MONDAY) -> None:
    days = weekdays(len(closes), first)
    prices = [{"date": str(day), "close": close} for day, close in zip(days, closes, strict=True)]
    answer = await person.post(f"/assets/{asset_id}/prices", {"prices": prices})
    assert answer.status_code == 201, answer.text


async def priced(person: Person, closes: list[str], **changes: object) -> str:
    asset_id = await asset_of(person, **changes)
    await keep(person, asset_id, closes)
    return asset_id


async def asked(person: Person, path: str, status: int = 200, /, **query: str) -> Any:
    answer = await person.get(path, params=query)
    assert answer.status_code == status, answer.text
    return answer.json()


def wave(count: int, seed: int) -> list[str]:
    """A price that goes up and down, in whole cents."""
    steps = np.random.default_rng(seed).normal(0.0005, 0.02, count)
    return [f"{value:.2f}" for value in 100 * np.cumprod(1 + steps)]
