"""Paths of closes: the same sequence, arrays and look-ups, however they were told."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.markets.close_paths import ClosePath, ToldPath, last_by

PRICES = st.decimals(min_value=0, max_value=10**6, places=4, allow_nan=False)
DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 12, 31))


@given(st.dictionaries(DAYS, PRICES, min_size=1, max_size=30), DAYS)
def test_what_was_told_as_text_is_what_was_told(told: dict[date, Decimal], asked: date) -> None:
    rows = sorted(told.items())
    plain = ClosePath([day for day, _ in rows], [close for _, close in rows])

    text = ToldPath(",".join(str(day) for day, _ in rows), ",".join(f"{c:f}" for _, c in rows))

    assert list(text) == list(plain) == rows
    assert text[1:-1] == rows[1:-1]
    assert text[-1] == rows[-1]
    assert text.ordinals.tolist() == plain.ordinals.tolist() == [d.toordinal() for d, _ in rows]
    assert text.values.tolist() == plain.values.tolist() == [float(c) for _, c in rows]
    known = [row for row in rows if row[0] <= asked]
    assert last_by(text, asked) == last_by(plain, asked) == last_by(rows, asked)
    assert last_by(text, asked) == (known[-1] if known else None)


def test_a_path_of_nothing_knows_nothing() -> None:
    assert last_by(ClosePath([], []), date(2026, 1, 1)) is None
    assert not ClosePath([], [])


def test_a_day_is_found_by_halving_not_by_walking() -> None:
    days = [date(2000, 1, 1) + timedelta(days=n) for n in range(1_000)]

    path = ToldPath(",".join(map(str, days)), ",".join("1" for _ in days))
    looked: list[int] = []
    make = path.days._make  # type: ignore[attr-defined]  # what it costs is the point

    def made(place: int) -> date:
        looked.append(place)
        return make(place)  # type: ignore[no-any-return]  # as above

    path.days._make = made  # type: ignore[attr-defined]  # as above

    assert path.last_by(days[700]) == (days[700], Decimal(1))
    assert len(looked) <= 12
