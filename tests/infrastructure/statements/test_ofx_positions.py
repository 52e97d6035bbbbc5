from decimal import Decimal

import pytest

from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.statements import ReportedHolding, ReportedStatement
from tests.infrastructure.statements.ofx_files import investment, read
from tests.infrastructure.statements.refusals import codes_of

BALANCE = "<INVBAL><AVAILCASH>{cash}<MARGINBALANCE>{margin}<SHORTBALANCE>0</INVBAL>"


def secid(unique_id: str, scheme: str = "CUSIP") -> str:
    return f"<SECID><UNIQUEID>{unique_id}<UNIQUEIDTYPE>{scheme}</SECID>"


def position(
    tag: str = "POSSTOCK",
    *,
    unique_id: str = "037833100",
    scheme: str = "CUSIP",
    units: str = "10",
    value: str = "1900.00",
    more: str = "<POSTYPE>LONG",
) -> str:
    numbers = f"<UNITS>{units}<UNITPRICE>190.00<MKTVAL>{value}"
    return (
        f"<{tag}><INVPOS>{secid(unique_id, scheme)}<HELDINACCT>CASH{more}{numbers}</INVPOS></{tag}>"
    )


def security(tag: str, unique_id: str, name: str, ticker: str = "") -> str:
    symbol = f"<TICKER>{ticker}" if ticker else ""
    return f"<{tag}><SECINFO>{secid(unique_id)}<SECNAME>{name}{symbol}</SECINFO></{tag}>"


def statement_of(
    positions: str | None, *, securities: str = "", balance: str = ""
) -> ReportedStatement:
    listed = "" if positions is None else f"<INVPOSLIST>{positions}</INVPOSLIST>"
    (statement,) = read(investment("", listed, balance), securities=securities)
    return statement


def held(positions: str, *, securities: str = "") -> list[ReportedHolding]:
    return list(statement_of(positions, securities=securities).holdings or [])


def test_a_position_is_joined_with_its_security() -> None:
    apple = security("STOCKINFO", "037833100", "Apple Inc", "AAPL")

    (holding,) = held(position(), securities=apple)

    assert holding.provider_holding_id == "037833100"
    assert holding.symbol == "AAPL"
    assert holding.security_name == "Apple Inc"
    assert holding.asset_type is AssetType.EQUITY
    assert holding.quantity == Decimal(10)
    assert holding.market_value == Decimal("1900.00")
    assert holding.current_price == Decimal("190.00")
    assert holding.currency == "USD"
    assert (holding.cusip, holding.isin) == ("037833100", None)


def test_an_unlisted_security_is_called_by_its_id() -> None:
    (holding,) = held(position(unique_id="US0378331005", scheme="ISIN"))

    assert holding.symbol == holding.security_name == "US0378331005"
    assert (holding.cusip, holding.isin) == (None, "US0378331005")


def test_the_cost_basis_is_unknown_and_not_zero() -> None:
    (holding,) = held(position(more="<POSTYPE>LONG<AVGCOSTBASIS>100"))

    assert holding.cost_basis is None
    assert holding.average_price is None


@pytest.mark.parametrize(
    ("tag", "name", "expected"),
    [
        ("POSSTOCK", "Apple Inc", AssetType.EQUITY),
        ("POSSTOCK", "SPDR S&amp;P 500 ETF Trust", AssetType.ETF),
        ("POSMF", "Index Fund", AssetType.MUTUAL_FUND),
        ("POSMF", "Prime Money Market Fund", AssetType.CASH_EQUIVALENT),
        ("POSDEBT", "Treasury 2047", AssetType.FIXED_INCOME),
        ("POSOPT", "AAPL Call 200", AssetType.OPTION),
        ("POSOTHER", "A painting", AssetType.OTHER),
    ],
)
def test_every_kind_of_position_has_its_asset_type(
    tag: str, name: str, expected: AssetType
) -> None:
    listed = security(f"{tag.removeprefix('POS')}INFO", "1", name)

    (holding,) = held(position(tag, unique_id="1"), securities=listed)

    assert holding.asset_type is expected


def test_an_option_is_not_taken_for_its_underlying() -> None:
    info = (
        f"<OPTINFO><SECINFO>{secid('OPT1')}<SECNAME>Call<TICKER>AAPL240119C</SECINFO>"
        f"<OPTTYPE>CALL<STRIKEPRICE>200{secid('037833100')}</OPTINFO>"
    )

    (holding,) = held(position("POSOPT", unique_id="OPT1"), securities=info)

    assert holding.symbol == "AAPL240119C"


@pytest.mark.parametrize(
    ("units", "value", "more"),
    [
        ("5", "500", "<POSTYPE>SHORT"),
        ("-5", "-500", "<POSTYPE>SHORT"),
        ("-5", "500", "<POSTYPE>LONG"),
    ],
)
def test_a_short_position_is_below_zero_whatever_sign_is_written(
    units: str, value: str, more: str
) -> None:
    (holding,) = held(position(units=units, value=value, more=more))

    assert (holding.quantity, holding.market_value) == (Decimal(-5), Decimal(-500))


def test_two_positions_of_one_id_stay_two_with_ids_of_their_own() -> None:
    twice = position(units="102") + position(units="142.2") + position(unique_id="2")
    classes = security("MFINFO", "037833100", "Investor", "VFINX") + security(
        "MFINFO", "037833100", "Admiral", "VFIAX"
    )

    first, second, other = held(twice, securities=classes)

    assert [first.provider_holding_id, second.provider_holding_id] == ["037833100", "037833100#2"]
    assert [first.symbol, second.symbol] == ["VFINX", "VFIAX"]
    assert [first.quantity, second.quantity] == [Decimal(102), Decimal("142.2")]
    assert other.provider_holding_id == "2"


def test_the_same_security_in_two_accounts_has_the_same_id() -> None:
    listed = f"<INVPOSLIST>{position()}</INVPOSLIST>"
    other = investment("", listed).replace("<ACCTID>777", "<ACCTID>888")

    statements = read(investment("", listed), other)

    ids = [[held.provider_holding_id for held in one.holdings or ()] for one in statements]
    assert ids == [["037833100"], ["037833100"]]


def test_no_word_of_positions_is_not_an_empty_list() -> None:
    assert statement_of(None).holdings is None
    assert statement_of("").holdings == []


@pytest.mark.parametrize(
    ("cash", "margin", "expected"),
    [
        ("100.00", "0", "100.00"),
        ("100.00", "-500.00", "-400.00"),
        ("100.00", "60.00", "100.00"),
        ("-500.00", "-500.00", "-500.00"),
    ],
)
def test_cash_counts_what_is_owed_on_margin_once(cash: str, margin: str, expected: str) -> None:
    statement = statement_of("", balance=BALANCE.format(cash=cash, margin=margin))

    assert statement.account.cash_balance == Decimal(expected)
    assert statement.account.balance == Decimal(expected)


def test_the_balance_is_cash_and_positions_together() -> None:
    two = position() + position(unique_id="2", units="-1", value="-300.50")

    statement = statement_of(two, balance=BALANCE.format(cash="100.00", margin="0"))

    assert statement.account.balance == Decimal("1699.50")


@pytest.mark.parametrize(
    ("positions", "balance"),
    [
        (None, BALANCE.format(cash="1", margin="0")),
        (position(), ""),
        (
            position(more="<POSTYPE>LONG<CURRENCY><CURRATE>1.1<CURSYM>EUR</CURRENCY>"),
            BALANCE.format(cash="1", margin="0"),
        ),
    ],
)
def test_a_balance_that_cannot_be_known_is_none(positions: str | None, balance: str) -> None:
    assert statement_of(positions, balance=balance).account.balance is None


def test_a_position_without_security_or_value_is_refused() -> None:
    nameless = position().replace("<UNIQUEID>037833100", "")

    assert codes_of(lambda: held(position(value="") + nameless)) == [
        (1, "MKTVAL", "missing"),
        (2, "UNIQUEID", "missing"),
    ]


def test_a_ticker_has_at_most_64_characters() -> None:
    fitting = security("STOCKINFO", "037833100", "Apple", "A" * 64)
    longer = security("STOCKINFO", "037833100", "Apple", "A" * 65)

    assert held(position(), securities=fitting)[0].symbol == "A" * 64
    assert codes_of(lambda: held(position(), securities=longer)) == [(1, "TICKER", "too_long")]
