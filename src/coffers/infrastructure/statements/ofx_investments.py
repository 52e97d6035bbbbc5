"""The movements of OFX investment statements (OFX 2.2, 13.9.2.4)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.transactions import TYPE_OF, TransactionStatus
from coffers.domain.ledger.transactions import TransactionSubtype as Sub
from coffers.infrastructure.statements.kinds import moved
from coffers.infrastructure.statements.ofx_bank import currency_of
from coffers.infrastructure.statements.ofx_securities import Record, Securities
from coffers.infrastructure.statements.reading import Reading, described

#: A reinvestment has one FITID but becomes two movements; this marks the income among them.
INCOME_SUFFIX: Final = ":income"

_INCOME: Final = {
    "CGLONG": Sub.CAPITAL_GAIN,
    "CGSHORT": Sub.CAPITAL_GAIN,
    "DIV": Sub.DIVIDEND,
    "INTEREST": Sub.INTEREST,
    "MISC": Sub.DISTRIBUTION,
}
_CLOSURES: Final = {
    "ASSIGN": Sub.ASSIGNMENT,
    "EXERCISE": Sub.EXERCISE,
    "EXPIRE": Sub.EXPIRATION,
}
_COSTS: Final = ("COMMISSION", "FEES", "LOAD")
_NOTHING: Final = Decimal(0)


class InvestmentRows:
    """Reads the movements of one statement.

    Amounts are what happens to the account's cash: nothing when securities move without money, or
    money only between its sub-accounts. Quantities are what is added to the position, below zero
    what is taken from it.
    """

    def __init__(self, reading: Reading, securities: Securities, *, currency: str) -> None:
        self._reading = reading
        self._securities = securities
        self._currency = currency

    def read(self, record: Record) -> list[ReportedTransaction]:
        """The movements of a record: one, or the income and the purchase of a REINVEST."""
        if record.tag == "REINVEST":
            return self._reinvested(record)
        if record.tag.startswith("BUY"):
            return [self._bought(record)]
        if record.tag.startswith("SELL"):
            return [self._sold(record)]
        return [_READERS[record.tag](self, record)]

    def _bought(self, record: Record) -> ReportedTransaction:
        units, total = self._amount(record, "UNITS"), self._amount(record, "TOTAL")
        kind = record.fields.get("BUYTYPE") or record.fields.get("OPTBUYTYPE", "")
        covers = kind.upper() in {"BUYTOCOVER", "BUYTOCLOSE"}
        return self._trade(
            record,
            Sub.BUY_TO_COVER if covers else Sub.BUY,
            # Some brokers leave out the sign; a purchase with negative units is one taken back.
            -abs(total) if units >= 0 else abs(total),
            units,
        )

    def _sold(self, record: Record) -> ReportedTransaction:
        kind = record.fields.get("SELLTYPE") or record.fields.get("OPTSELLTYPE", "")
        opens = kind.upper() in {"SELLSHORT", "SELLTOOPEN"}
        units, total = self._amount(record, "UNITS"), self._amount(record, "TOTAL")
        taken_back = units > 0 and total < 0
        subtype = Sub.SHORT_SELL if opens else Sub.SELL
        return self._trade(record, subtype, total, units if taken_back else -abs(units))

    def _reinvested(self, record: Record) -> list[ReportedTransaction]:
        """The income and what was bought for it: together they leave the cash as it was."""
        total = abs(self._amount(record, "TOTAL"))
        income = self._movement(record, _income_of(record), total, suffix=INCOME_SUFFIX)
        return [income, self._trade(record, Sub.BUY, -total, self._amount(record, "UNITS"))]

    def income(self, record: Record) -> ReportedTransaction:
        """Income of the kind that INCOMETYPE says, signed as written: a reversal is below zero."""
        return self._movement(record, _income_of(record), self._amount(record, "TOTAL"))

    def returned_capital(self, record: Record) -> ReportedTransaction:
        """Money back that is no income."""
        return self._movement(record, Sub.RETURN_OF_CAPITAL, self._amount(record, "TOTAL"))

    def margin_interest(self, record: Record) -> ReportedTransaction:
        """A charge, whatever its sign."""
        return self._movement(record, Sub.MARGIN_INTEREST, -abs(self._amount(record, "TOTAL")))

    def expense(self, record: Record) -> ReportedTransaction:
        """A charge, whatever its sign."""
        return self._movement(record, Sub.OTHER_FEE, -abs(self._amount(record, "TOTAL")))

    def split(self, record: Record) -> ReportedTransaction:
        """What the split adds in units, and the cash in lieu of fractions."""
        old, new = self._if_any(record, "OLDUNITS"), self._if_any(record, "NEWUNITS")
        added = None if old is None or new is None else new - old
        cash = self._if_any(record, "FRACCASH") or _NOTHING
        return self._movement(record, Sub.SPLIT, cash, quantity=added)

    def closed_option(self, record: Record) -> ReportedTransaction:
        """The end of an option without a trade in it."""
        subtype = _CLOSURES.get(record.fields.get("OPTACTION", "").upper(), Sub.UNKNOWN)
        units = self._amount(record, "UNITS")
        return self._trade(record, subtype, _NOTHING, moved(units, subtype))

    def transferred(self, record: Record) -> ReportedTransaction:
        """Securities that come from or go to another account."""
        units = self._amount(record, "UNITS")
        action = record.fields.get("TFERACTION", "").upper()
        leaves = action == "OUT" if action else units < 0
        subtype = Sub.TRANSFER_OUT if leaves else Sub.TRANSFER_IN
        return self._trade(record, subtype, _NOTHING, moved(units, subtype))

    def journalled(self, record: Record) -> ReportedTransaction:
        """Moved between the account's own sub-accounts: as a whole, nothing changed."""
        return self._movement(record, Sub.JOURNAL, _NOTHING)

    def _trade(
        self, record: Record, subtype: Sub, amount: Decimal, quantity: Decimal | None
    ) -> ReportedTransaction:
        costs = [self._if_any(record, name) for name in _COSTS]
        known = [cost for cost in costs if cost is not None]
        return self._movement(
            record,
            subtype,
            amount,
            quantity=quantity,
            unit_price=self._if_any(record, "UNITPRICE"),
            commission=sum(known, _NOTHING) if known else None,
        )

    def _movement(  # noqa: PLR0913 - the details that only some movements have
        self,
        record: Record,
        subtype: Sub,
        amount: Decimal,
        *,
        suffix: str = "",
        quantity: Decimal | None = None,
        unit_price: Decimal | None = None,
        commission: Decimal | None = None,
    ) -> ReportedTransaction:
        reading, fields = self._reading, record.fields
        named = fields.get("UNIQUEID")
        security = self._securities.named_in(record) if named else None
        identifier = reading.identifier(fields.get("FITID", ""), "FITID")
        return ReportedTransaction(
            provider_transaction_id=identifier + suffix if identifier else None,
            transaction_type=TYPE_OF[subtype],
            subtype=subtype,
            status=TransactionStatus.SETTLED,
            amount=amount,
            currency=currency_of(fields, self._currency, reading),
            description=described(fields.get("MEMO") or subtype.replace("_", " ").capitalize()),
            transaction_date=reading.day(fields.get("DTTRADE", ""), "DTTRADE"),
            settlement_date=reading.day_if_any(fields.get("DTSETTLE"), "DTSETTLE"),
            asset_type=security.asset_type if security else None,
            symbol=reading.symbol(security.symbol, "TICKER") if security else None,
            security_name=security.name if security else None,
            quantity=quantity,
            unit_price=unit_price,
            commission=commission,
            row=reading.row,
            raw=f"{record.tag}|{record.raw}{suffix}",
        )

    def _amount(self, record: Record, name: str) -> Decimal:
        return self._reading.amount(record.fields.get(name, ""), name)

    def _if_any(self, record: Record, name: str) -> Decimal | None:
        return self._reading.amount_if_any(record.fields.get(name), name)


def _income_of(record: Record) -> Sub:
    return _INCOME.get(record.fields.get("INCOMETYPE", "").upper(), Sub.DISTRIBUTION)


_READERS: Final[dict[str, Callable[[InvestmentRows, Record], ReportedTransaction]]] = {
    "CLOSUREOPT": InvestmentRows.closed_option,
    "INCOME": InvestmentRows.income,
    "INVEXPENSE": InvestmentRows.expense,
    "JRNLFUND": InvestmentRows.journalled,
    "JRNLSEC": InvestmentRows.journalled,
    "MARGININTEREST": InvestmentRows.margin_interest,
    "RETOFCAP": InvestmentRows.returned_capital,
    "SPLIT": InvestmentRows.split,
    "TRANSFER": InvestmentRows.transferred,
}
