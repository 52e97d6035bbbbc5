from datetime import date
from decimal import Decimal

import pytest

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from tests.infrastructure.statements.ofx_files import investment, read, read_movements, row
from tests.infrastructure.statements.refusals import codes_of

TRAN = "<INVTRAN><FITID>T1<DTTRADE>20240110120000<DTSETTLE>20240112<MEMO>As told</INVTRAN>"
SECID = "<SECID><UNIQUEID>037833100<UNIQUEIDTYPE>CUSIP</SECID>"
APPLE = f"<STOCKINFO><SECINFO>{SECID}<SECNAME>Apple Inc<TICKER>AAPL</SECINFO></STOCKINFO>"


def bought(tag: str = "BUYSTOCK", *, kind: str = "<BUYTYPE>BUY", units: str = "10") -> str:
    money = f"<UNITS>{units}<UNITPRICE>25.00<COMMISSION>7.95<FEES>0.05<TOTAL>-258.00"
    return f"<{tag}><INVBUY>{TRAN}{SECID}{money}</INVBUY>{kind}</{tag}>"


def sold(
    tag: str = "SELLSTOCK",
    *,
    kind: str = "<SELLTYPE>SELL",
    units: str = "-10",
    total: str = "242.05",
) -> str:
    money = f"<UNITS>{units}<UNITPRICE>25.00<COMMISSION>7.95<TOTAL>{total}"
    return f"<{tag}><INVSELL>{TRAN}{SECID}{money}</INVSELL>{kind}</{tag}>"


def test_a_purchase_tells_what_was_bought_and_what_it_cost() -> None:
    (movement,) = read_movements(bought(), securities=APPLE)

    assert movement.provider_transaction_id == "T1"
    assert movement.transaction_type is TransactionType.TRADE
    assert movement.subtype is TransactionSubtype.BUY
    assert movement.amount == Decimal("-258.00")
    assert movement.quantity == Decimal(10)
    assert movement.unit_price == Decimal("25.00")
    assert movement.commission == Decimal("8.00")
    assert movement.symbol == "AAPL"
    assert movement.security_name == "Apple Inc"
    assert movement.asset_type is AssetType.EQUITY
    assert movement.transaction_date == date(2024, 1, 10)
    assert movement.settlement_date == date(2024, 1, 12)
    assert movement.description == "As told"
    assert movement.currency == "USD"


@pytest.mark.parametrize(
    ("tag", "kind", "subtype"),
    [
        ("BUYSTOCK", "<BUYTYPE>BUY", "buy"),
        ("BUYSTOCK", "<BUYTYPE>BUYTOCOVER", "buy_to_cover"),
        ("BUYMF", "<BUYTYPE>BUY", "buy"),
        ("BUYDEBT", "<ACCRDINT>1.00", "buy"),
        ("BUYOPT", "<OPTBUYTYPE>BUYTOOPEN<SHPERCTRCT>100", "buy"),
        ("BUYOPT", "<OPTBUYTYPE>BUYTOCLOSE<SHPERCTRCT>100", "buy_to_cover"),
        ("BUYOTHER", "", "buy"),
    ],
)
def test_every_kind_of_purchase_takes_money_and_brings_securities(
    tag: str, kind: str, subtype: str
) -> None:
    (movement,) = read_movements(bought(tag, kind=kind))

    assert movement.subtype == subtype
    assert movement.amount < 0 < (movement.quantity or 0)


@pytest.mark.parametrize(
    ("tag", "kind", "subtype"),
    [
        ("SELLSTOCK", "<SELLTYPE>SELL", "sell"),
        ("SELLSTOCK", "<SELLTYPE>SELLSHORT", "short_sell"),
        ("SELLMF", "<SELLTYPE>SELL", "sell"),
        ("SELLDEBT", "<SELLREASON>MATURITY", "sell"),
        ("SELLOPT", "<OPTSELLTYPE>SELLTOOPEN", "short_sell"),
        ("SELLOPT", "<OPTSELLTYPE>SELLTOCLOSE", "sell"),
        ("SELLOTHER", "", "sell"),
    ],
)
def test_every_kind_of_sale_brings_money_and_takes_securities(
    tag: str, kind: str, subtype: str
) -> None:
    (movement,) = read_movements(sold(tag, kind=kind))

    assert movement.subtype == subtype
    assert (movement.quantity or 0) < 0 < movement.amount


def test_signs_that_a_broker_leaves_out_are_put_in() -> None:
    unsigned = bought().replace("<TOTAL>-258.00", "<TOTAL>258.00")

    assert read_movements(unsigned)[0].amount == Decimal("-258.00")
    assert read_movements(sold(units="10"))[0].quantity == Decimal(-10)


def test_a_trade_that_is_taken_back_runs_the_other_way() -> None:
    (purchase,) = read_movements(bought(units="-10"))
    (sale,) = read_movements(sold(units="10", total="-242.05"))

    assert (purchase.amount, purchase.quantity) == (Decimal("258.00"), Decimal(-10))
    assert (sale.amount, sale.quantity) == (Decimal("-242.05"), Decimal(10))


@pytest.mark.parametrize(
    ("income_type", "subtype"),
    [
        ("DIV", "dividend"),
        ("INTEREST", "interest"),
        ("CGLONG", "capital_gain"),
        ("CGSHORT", "capital_gain"),
        ("MISC", "distribution"),
    ],
)
@pytest.mark.parametrize("total", ["5.53", "-5.53"])
def test_income_is_income_of_its_kind_also_when_reversed(
    income_type: str, subtype: str, total: str
) -> None:
    income = f"<INCOME>{TRAN}{SECID}<INCOMETYPE>{income_type}<TOTAL>{total}</INCOME>"

    (movement,) = read_movements(income, securities=APPLE)

    assert movement.transaction_type is TransactionType.INCOME
    assert movement.subtype == subtype
    assert movement.amount == Decimal(total)
    assert movement.symbol == "AAPL"
    assert movement.quantity is None


@pytest.mark.parametrize("total", ["-14.47", "14.47"])
def test_a_reinvestment_is_income_and_a_purchase_that_leave_the_cash_alone(total: str) -> None:
    money = f"<INCOMETYPE>DIV<TOTAL>{total}<SUBACCTSEC>CASH<UNITS>4.909<UNITPRICE>2.9474"

    income, purchase = read_movements(f"<REINVEST>{TRAN}{SECID}{money}</REINVEST>")

    assert (income.subtype, income.amount) == (TransactionSubtype.DIVIDEND, Decimal("14.47"))
    assert (purchase.subtype, purchase.amount) == (TransactionSubtype.BUY, Decimal("-14.47"))
    assert (income.quantity, purchase.quantity) == (None, Decimal("4.909"))
    assert income.provider_transaction_id == "T1:income"
    assert purchase.provider_transaction_id == "T1"
    assert income.row == purchase.row
    assert income.raw != purchase.raw


@pytest.mark.parametrize(
    ("record", "type_", "subtype", "amount"),
    [
        (f"<RETOFCAP>{TRAN}{SECID}<TOTAL>12.00", "income", "return_of_capital", "12.00"),
        (f"<MARGININTEREST>{TRAN}<TOTAL>3.00", "fee", "margin_interest", "-3.00"),
        (f"<MARGININTEREST>{TRAN}<TOTAL>-3.00", "fee", "margin_interest", "-3.00"),
        (f"<INVEXPENSE>{TRAN}{SECID}<TOTAL>2.50", "fee", "other_fee", "-2.50"),
        (f"<JRNLFUND>{TRAN}<SUBACCTTO>CASH<SUBACCTFROM>MARGIN<TOTAL>9", "other", "journal", "0"),
        (f"<JRNLSEC>{TRAN}{SECID}<SUBACCTTO>CASH<UNITS>5", "other", "journal", "0"),
    ],
)
def test_every_other_movement_does_to_the_cash_what_it_says(
    record: str, type_: str, subtype: str, amount: str
) -> None:
    (movement,) = read_movements(record)

    assert (movement.transaction_type, movement.subtype) == (type_, subtype)
    assert movement.amount == Decimal(amount)
    assert movement.quantity is None


@pytest.mark.parametrize(
    ("numbers", "quantity", "amount"),
    [
        ("<OLDUNITS>10<NEWUNITS>50<NUMERATOR>5<DENOMINATOR>1", "40", "0"),
        ("<OLDUNITS>100<NEWUNITS>10<NUMERATOR>1<DENOMINATOR>10<FRACCASH>4.80", "-90", "4.80"),
        ("<NUMERATOR>5<DENOMINATOR>1", None, "0"),
    ],
)
def test_a_split_adds_shares_and_perhaps_cash_for_fractions(
    numbers: str, quantity: str | None, amount: str
) -> None:
    (movement,) = read_movements(f"<SPLIT>{TRAN}{SECID}{numbers}</SPLIT>")

    assert movement.subtype is TransactionSubtype.SPLIT
    assert movement.quantity == (None if quantity is None else Decimal(quantity))
    assert movement.amount == Decimal(amount)


@pytest.mark.parametrize(
    ("details", "subtype", "quantity"),
    [
        ("<UNITS>7<TFERACTION>IN", "transfer_in", "7"),
        ("<UNITS>7<TFERACTION>OUT", "transfer_out", "-7"),
        ("<UNITS>-7<TFERACTION>OUT", "transfer_out", "-7"),
        ("<UNITS>-7", "transfer_out", "-7"),
        ("<UNITS>7", "transfer_in", "7"),
    ],
)
def test_securities_are_transferred_without_money(
    details: str, subtype: str, quantity: str
) -> None:
    other = "<INVACCTFROM><BROKERID>other.test<ACCTID>999</INVACCTFROM><UNITPRICE>3"

    (statement,) = read(investment(f"<TRANSFER>{TRAN}{SECID}{details}{other}</TRANSFER>"))

    (movement,) = statement.transactions
    assert statement.account.account_number == "777"
    assert (movement.subtype, movement.quantity) == (subtype, Decimal(quantity))
    assert movement.amount == 0
    assert movement.unit_price == Decimal(3)


@pytest.mark.parametrize(
    ("action", "subtype", "quantity"),
    [
        ("EXERCISE", "exercise", "-1"),
        ("ASSIGN", "assignment", "1"),
        ("EXPIRE", "expiration", "1"),
        ("VANISH", "unknown", None),
    ],
)
def test_an_option_ends_without_money(action: str, subtype: str, quantity: str | None) -> None:
    record = f"<CLOSUREOPT>{TRAN}{SECID}<OPTACTION>{action}<UNITS>1<SHPERCTRCT>100</CLOSUREOPT>"

    (movement,) = read_movements(record)

    assert movement.subtype == subtype
    assert movement.amount == 0
    assert movement.quantity == (None if quantity is None else Decimal(quantity))


def test_cash_of_an_investment_account_moves_by_bank_rows() -> None:
    fee = row("-0.97", more="<NAME>LATE SETTLEMENT FEE")
    interest = row("-3.00", fitid="2", more="<NAME>MARGIN INTEREST")
    deposit = row("100", fitid="3", more="<TRNTYPE>CREDIT<NAME>Transfer")
    moves = [
        f"<INVBANKTRAN>{one}<SUBACCTFUND>CASH</INVBANKTRAN>" for one in (fee, interest, deposit)
    ]

    movements = read_movements("".join(moves))

    assert [one.subtype for one in movements] == ["other_fee", "margin_interest", "deposit"]


def test_rows_of_all_kinds_are_counted_together() -> None:
    cash = f"<INVBANKTRAN>{row()}<SUBACCTFUND>CASH</INVBANKTRAN>"

    movements = read_movements(bought() + cash + cash + sold())

    assert [one.row for one in movements] == [1, 2, 3, 4]


def test_a_movement_may_be_in_a_currency_of_its_own() -> None:
    foreign = bought().replace("<TOTAL>", "<CURRENCY><CURRATE>1.1<CURSYM>EUR  </CURRENCY><TOTAL>")

    assert read_movements(foreign)[0].currency == "EUR"


def test_a_401k_is_one() -> None:
    (statement,) = read(investment(balance="<INV401K><EMPLOYERNAME>Acme</INV401K>"))

    assert statement.account.account_type is AccountType.PLAN_401K


def test_what_is_missing_or_wrong_is_told_by_row_and_field() -> None:
    timeless = bought().replace("<DTTRADE>20240110120000", "")
    worthless = sold(total="much").replace("<COMMISSION>7.95", "<COMMISSION>NaN")

    assert codes_of(lambda: read_movements(bought() + timeless + worthless)) == [
        (2, "DTTRADE", "missing"),
        (3, "TOTAL", "not_a_number"),
        (3, "COMMISSION", "not_a_number"),
    ]
