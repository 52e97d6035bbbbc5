"""Numbers and instants: exact on both engines, bounded before the driver, strict on the wire."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import iso4217
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Table,
    delete,
    insert,
    literal,
    select,
)
from sqlalchemy.exc import StatementError

from coffers.domain.currencies import CURRENT, MINOR_UNITS
from coffers.domain.money import (
    EXACT,
    AmountInvalid,
    CurrencyMismatch,
    Money,
    check_bounds,
    convert,
    money_digits,
    parse_decimal,
    quantity_digits,
)
from coffers.infrastructure.db.engines import Engines, open_engines
from coffers.infrastructure.db.types import (
    ExactDecimal,
    UTCDateTime,
    as_text,
    exact_sum,
    ordered,
)
from coffers.presentation.schemas import DateIn, DecimalIn, InstantIn

pytestmark = pytest.mark.asyncio(loop_scope="module")

FEW = settings(
    max_examples=25,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
LARGEST = Decimal("9" * 20 + "." + "9" * 18)
SMALLEST = LARGEST.copy_negate()  # because `-` rounds to the precision of the thread
RETIRED = ("BGN", "HRK", "DEM", "FRF", "ITL", "ESP", "CSK", "YUM", "ZWL", "EEK", "LTL", "LVL")

metadata = MetaData()
samples = Table(
    "number_samples",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("amount", ExactDecimal),
    Column("at", UTCDateTime),
)

kept = st.integers(-(10**38) + 1, 10**38 - 1).map(
    lambda digits: Decimal(digits).scaleb(-18, context=EXACT)
)
ledger_like = st.builds(
    lambda whole, places: Decimal(whole).scaleb(-places, context=EXACT),
    st.integers(-(10**15), 10**15),
    st.integers(0, 18),
)
amounts = st.one_of(kept, ledger_like, st.sampled_from([LARGEST, SMALLEST, Decimal(0)]))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engines(module_database_url: str) -> AsyncIterator[Engines]:
    async with open_engines(module_database_url) as opened:
        async with opened.write.begin() as connection:
            await connection.run_sync(metadata.create_all)
        yield opened


async def keep(engines: Engines, **columns: list[Any]) -> None:
    """These values, one row each, and nothing else."""
    rows = [
        dict(zip(columns, values, strict=True), id=number)
        for number, values in enumerate(zip(*columns.values(), strict=True))
    ]
    async with engines.write.begin() as connection:
        await connection.execute(delete(samples))
        await connection.execute(insert(samples), rows)


async def asked(engines: Engines, statement: Any) -> list[Any]:
    async with engines.read.connect() as connection:
        return list((await connection.execute(statement)).scalars())


@FEW
@given(numbers=st.lists(amounts, min_size=1, max_size=12))
async def test_a_decimal_comes_back_with_the_digits_that_it_went_in_with(
    engines: Engines, numbers: list[Decimal]
) -> None:
    await keep(engines, amount=numbers)

    back = await asked(engines, select(samples.c.amount).order_by(samples.c.id))
    texts = await asked(engines, select(as_text(samples.c.amount)).order_by(samples.c.id))

    assert back == numbers
    assert texts == [format(check_bounds(number), "f") for number in numbers]


@FEW
@given(numbers=st.lists(amounts, min_size=2, max_size=12), bound=amounts)
async def test_decimals_are_ordered_and_compared_as_numbers(
    engines: Engines, numbers: list[Decimal], bound: Decimal
) -> None:
    await keep(engines, amount=numbers)
    amount, limit = ordered(samples.c.amount), ordered(literal(bound, ExactDecimal()))

    up = await asked(engines, select(samples.c.amount).order_by(amount))
    down = await asked(engines, select(samples.c.amount).order_by(amount.desc()))
    below = await asked(engines, select(samples.c.amount).where(amount < limit))
    equal = await asked(engines, select(samples.c.amount).where(amount == limit))

    assert up == sorted(numbers)
    assert down == sorted(numbers, reverse=True)
    assert sorted(below) == sorted(number for number in numbers if number < bound)
    assert equal == [number for number in numbers if number == bound]


@FEW
@given(numbers=st.lists(amounts, min_size=1, max_size=12))
async def test_a_sum_is_exact_to_the_last_digit(engines: Engines, numbers: list[Decimal]) -> None:
    await keep(engines, amount=numbers)
    exact = Decimal(0)
    for number in numbers:
        exact = EXACT.add(exact, number)

    (total,) = await asked(engines, select(exact_sum(samples.c.amount)))
    (same,) = await asked(
        engines,
        select(exact_sum(samples.c.amount)).having(
            ordered(exact_sum(samples.c.amount)) >= ordered(literal(Decimal(0), ExactDecimal()))
        ),
    ) or (None,)

    assert total == exact
    assert (same == exact) if exact >= 0 else (same is None)


async def test_a_running_sum_over_a_window_is_exact(engines: Engines) -> None:
    numbers = [Decimal("0.1"), Decimal("0.2"), Decimal("-0.300000000000000001"), LARGEST]
    await keep(engines, amount=numbers)
    window = exact_sum(samples.c.amount).over(order_by=samples.c.id, rows=(-1, 0))

    sums = await asked(engines, select(window).order_by(samples.c.id))

    pairs = zip([Decimal(0), *numbers], numbers, strict=False)
    assert sums == [EXACT.add(before, number) for before, number in pairs]


async def test_a_sum_over_nothing_is_nothing(engines: Engines) -> None:
    await keep(engines, amount=[None])

    assert await asked(engines, select(exact_sum(samples.c.amount))) == [None]


@pytest.mark.parametrize(
    "number",
    ["NaN", "sNaN", "Infinity", "-Infinity", "1E+20", "-1E+20", "1E+131072", "1E-19", "0.1E-18"],
)
async def test_what_cannot_be_kept_exactly_is_refused_before_the_driver(
    engines: Engines, number: str
) -> None:
    with pytest.raises((AmountInvalid, StatementError)) as refusal:
        await keep(engines, amount=[Decimal(number)])

    assert isinstance(getattr(refusal.value, "orig", refusal.value), AmountInvalid)


@pytest.mark.parametrize("zero", ["-0", "-0.00", "0E+5"])
async def test_zero_has_no_sign_once_it_is_kept(engines: Engines, zero: str) -> None:
    await keep(engines, amount=[Decimal(zero)])

    (text,) = await asked(engines, select(as_text(samples.c.amount)))

    assert not text.startswith("-")
    assert Decimal(text) == 0


async def test_bounds_do_not_depend_on_the_precision_of_the_thread() -> None:
    assert check_bounds(LARGEST) == LARGEST
    assert check_bounds(SMALLEST) == SMALLEST
    with pytest.raises(AmountInvalid):
        check_bounds(Decimal(10) ** 20)


@FEW
@given(
    at=st.datetimes(
        min_value=datetime(1900, 1, 2),  # noqa: DTZ001 - the strategy adds zones
        max_value=datetime(8999, 12, 30),  # noqa: DTZ001 - likewise
        timezones=st.timezones(),
    )
)
async def test_an_instant_keeps_its_microseconds_and_comes_back_in_utc(
    engines: Engines, at: datetime
) -> None:
    await keep(engines, at=[at])

    (back,) = await asked(engines, select(samples.c.at))

    assert back == at.astimezone(UTC)
    assert back.utcoffset() == timedelta(0)


async def test_the_two_hours_of_an_autumn_night_are_two_instants(engines: Engines) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=0)
    second = first.replace(fold=1)
    await keep(engines, at=[second, first])

    back = await asked(engines, select(samples.c.at).order_by(samples.c.at))

    assert back == [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001 - refused for it
        datetime(1899, 12, 31, 23, 59, tzinfo=UTC),
        datetime(9000, 1, 1, tzinfo=UTC),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    ],
)
async def test_an_instant_without_a_zone_or_out_of_reach_is_refused(
    engines: Engines, at: datetime
) -> None:
    with pytest.raises((ValueError, StatementError), match=r"An instant is stored"):
        await keep(engines, at=[at])


REFUSED = [
    *(
        "",
        " ",
        "1_000",
        "1,000",
        "+1",
        " 1",
        "1 ",
        "1\n",
        "\n1",
        "01",
        "-01",
        "00",
        "1.",
        ".5",
        "-",
    ),
    *("-0", "-0.00", "1e3", "1E+999", "NaN", "nan", "Infinity", "-inf", "0x10", "1.2.3", "--1"),
    *("١٢", "１２", "१२", "1٫5", "½", "²", "1\u00a0000", "1\x00", "−1", "1\u200b"),
    *("9" * 21, "0." + "1" * 19, "1" * 400, "$1", "1 USD", "1.0f", "True", "None", "1/2"),
]
TAKEN = ["0", "0.00", "1", "-1", "12.50", "-12.50", "9" * 20, "0." + "0" * 17 + "1", str(LARGEST)]


@pytest.mark.parametrize("text", REFUSED)
async def test_an_amount_that_is_not_plain_digits_is_refused(text: str) -> None:
    with pytest.raises(AmountInvalid):
        parse_decimal(text)
    with pytest.raises(ValidationError):
        TypeAdapter(DecimalIn).validate_python(text)


@pytest.mark.parametrize("text", TAKEN)
async def test_an_amount_in_plain_digits_is_taken_as_it_is(text: str) -> None:
    assert format(parse_decimal(text), "f") == text
    assert format(TypeAdapter(DecimalIn).validate_python(text), "f") == text


@pytest.mark.parametrize("value", [1, 1.5, Decimal(1), True, None, ["1"], {"amount": "1"}])
async def test_an_amount_is_a_string_and_nothing_else(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(DecimalIn).validate_python(value)


@pytest.mark.parametrize(
    "value",
    [
        *("2026-01-31", "2026-01-31T12:00:00", "2026-01-31 12:00:00Z", "1767182400", 1767182400),
        *("2026-02-30T00:00:00Z", "1900-12-31T00:00:00Z", "8999-01-01T00:00:00Z", ""),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "٢٠٢٦-01-31T12:00:00Z"),
    ],
)
async def test_an_instant_on_the_wire_has_its_zone_and_lies_within_reach(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(InstantIn).validate_python(value)


async def test_an_instant_on_the_wire_may_be_in_any_zone() -> None:
    taken = TypeAdapter(InstantIn).validate_python("2026-01-31T12:00:00.5+05:30")

    assert taken == datetime(2026, 1, 31, 6, 30, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    ["2026-1-31", "2026-02-30", "20260131", "2026-01-31T00:00:00", 20260131, 0, "8999-01-01"],
)
async def test_a_date_on_the_wire_is_a_date_and_nothing_else(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(DateIn).validate_python(value)
    assert TypeAdapter(DateIn).validate_python("2026-01-31") == date(2026, 1, 31)


async def test_money_of_one_currency_adds_up_exactly() -> None:
    large, small = Money(LARGEST, "EUR"), Money(Decimal("0.000000000000000001"), "EUR")

    assert (large + small).amount == Decimal(10) ** 20
    assert large - large == Money(Decimal("0." + "0" * 18), "EUR")
    assert -small == Money(Decimal("-0.000000000000000001"), "EUR")
    assert small * Decimal(3) == Money(Decimal("0.000000000000000003"), "EUR")


async def test_money_of_two_currencies_does_not_mix() -> None:
    euros, dollars = Money(Decimal(1), "EUR"), Money(Decimal(1), "USD")

    for operation in (Money.__add__, Money.__sub__, Money.ratio_to):
        with pytest.raises(CurrencyMismatch):
            operation(euros, dollars)


async def test_a_ratio_needs_something_to_be_a_ratio_of() -> None:
    third = Money(Decimal(1), "EUR").ratio_to(Money(Decimal(3), "EUR"))

    assert third == Decimal("0." + "3" * 28)
    with pytest.raises(AmountInvalid):
        Money(Decimal(1), "EUR").ratio_to(Money(Decimal(0), "EUR"))


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity"])
async def test_without_a_rate_there_is_no_conversion(rate: str) -> None:
    with pytest.raises(AmountInvalid):
        convert(Money(Decimal(1), "EUR"), rate=Decimal(rate), to="USD")


async def test_a_conversion_is_exact() -> None:
    converted = convert(Money(LARGEST, "EUR"), rate=Decimal("1.123456789012345678"), to="USD")

    assert converted.currency == "USD"
    assert converted.amount == EXACT.multiply(LARGEST, Decimal("1.123456789012345678"))


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("15000", "USD", "15000.00"),
        ("15000", "JPY", "15000"),
        ("15000.10", "JPY", "15000.1"),
        ("1", "BHD", "1.000"),
        ("1", "CLF", "1.0000"),
        ("1.2345000", "USD", "1.2345"),
        ("-0.00", "USD", "0.00"),
        ("1", "BTC", "1.00"),
        ("1E+3", "USD", "1000.00"),
    ],
)
async def test_money_shows_at_least_its_minor_units(
    amount: str, currency: str, written: str
) -> None:
    assert format(money_digits(Decimal(amount), currency), "f") == written


async def test_a_quantity_shows_at_least_eight_digits() -> None:
    assert format(quantity_digits(Decimal(100)), "f") == "100.00000000"
    assert format(quantity_digits(Decimal("0.1234567890")), "f") == "0.123456789"


async def test_the_currencies_are_those_of_iso_4217() -> None:
    published = {
        currency.code: currency.exponent
        for currency in iso4217.Currency
        if currency.code in CURRENT
    }

    assert {currency.code for currency in iso4217.Currency} - set(MINOR_UNITS) == set()
    assert {code: MINOR_UNITS[code] for code in published} == {
        code: exponent or 0 for code, exponent in published.items()
    }
    assert CURRENT - {currency.code for currency in iso4217.Currency} <= {"CHE", "CHW"}


@pytest.mark.parametrize("code", RETIRED)
async def test_histories_know_the_currencies_of_the_past(code: str) -> None:
    assert code in MINOR_UNITS
    assert code not in CURRENT
