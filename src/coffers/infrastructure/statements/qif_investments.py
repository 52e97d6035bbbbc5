"""The records of QIF investment accounts: their amounts are unsigned, the action directs them."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.transactions import TYPE_OF, TransactionStatus
from coffers.domain.ledger.transactions import TransactionSubtype as Sub
from coffers.infrastructure.statements.kinds import moved
from coffers.infrastructure.statements.qif_records import Record
from coffers.infrastructure.statements.reading import Reading, described

_NOTHING: Final = Decimal(0)
#: What each action is, and what it does to the account's cash: brings, takes, or leaves it.
_ACTIONS: Final[dict[str, tuple[Sub, int]]] = {
    "BUY": (Sub.BUY, -1),
    "CGLONG": (Sub.CAPITAL_GAIN, 1),
    "CGMID": (Sub.CAPITAL_GAIN, 1),
    "CGSHORT": (Sub.CAPITAL_GAIN, 1),
    "CONTRIB": (Sub.DEPOSIT, 1),
    "CVRSHRT": (Sub.BUY_TO_COVER, -1),
    "DIV": (Sub.DIVIDEND, 1),
    "EXERCISE": (Sub.EXERCISE, -1),
    "EXPIRE": (Sub.EXPIRATION, 0),
    "GRANT": (Sub.JOURNAL, 0),
    "INTINC": (Sub.INTEREST, 1),
    "MARGINT": (Sub.MARGIN_INTEREST, -1),
    "MISCEXP": (Sub.OTHER_FEE, -1),
    "MISCINC": (Sub.DISTRIBUTION, 1),
    "RTRNCAP": (Sub.RETURN_OF_CAPITAL, 1),
    "SELL": (Sub.SELL, 1),
    "SHRSIN": (Sub.TRANSFER_IN, 0),
    "SHRSOUT": (Sub.TRANSFER_OUT, 0),
    "SHTSELL": (Sub.SHORT_SELL, 1),
    "STKSPLIT": (Sub.SPLIT, 0),
    "VEST": (Sub.JOURNAL, 0),
    "WITHDRW": (Sub.WITHDRAWAL, -1),
    "XIN": (Sub.TRANSFER_IN, 1),
    "XOUT": (Sub.TRANSFER_OUT, -1),
}
_REINVESTED: Final = {
    "REINVDIV": Sub.DIVIDEND,
    "REINVINT": Sub.INTEREST,
    "REINVLG": Sub.CAPITAL_GAIN,
    "REINVMD": Sub.CAPITAL_GAIN,
    "REINVSH": Sub.CAPITAL_GAIN,
}
#: A note to oneself, no movement.
_REMINDER: Final = "REMINDER"


class InvestmentRows:
    """Reads the records of one account.

    An action that ends in X settles with another account: it becomes two movements, its own and the
    transfer that pays for it or carries the money away. A reinvestment becomes the income and the
    purchase. Of a split the file only tells the ratio, so its quantity is None.
    """

    def __init__(self, reading: Reading, symbols: Mapping[str, str], currency: str) -> None:
        self._reading = reading
        self._symbols = symbols
        self._currency = currency

    def read(self, record: Record) -> list[ReportedTransaction]:
        """The movements of a record: none of a reminder, else one or two."""
        self._reading.begin_row(record.row)
        self._reading.check_text(record.raw, "row")
        action = record.value("N").upper()
        if action == _REMINDER:
            return []
        if action == "CASH" or not action:
            return [self._cash(record)]
        if action in _REINVESTED:
            total = abs(self._total(record))
            income = self._movement(record, _REINVESTED[action], total)
            return [self._without_shares(income), self._movement(record, Sub.BUY, -total)]
        if action not in _ACTIONS and action.endswith("X"):
            return self._settled_elsewhere(record, action[:-1])
        return [self._acted(record, action)]

    def _cash(self, record: Record) -> ReportedTransaction:
        amount = self._total(record)
        return self._movement(record, Sub.WITHDRAWAL if amount < 0 else Sub.DEPOSIT, amount)

    def _settled_elsewhere(self, record: Record, action: str) -> list[ReportedTransaction]:
        own = self._acted(record, action)
        transfer = Sub.TRANSFER_OUT if own.amount > 0 else Sub.TRANSFER_IN
        return [own, self._without_shares(self._movement(record, transfer, -own.amount))]

    def _acted(self, record: Record, action: str) -> ReportedTransaction:
        subtype, direction = _ACTIONS.get(action, (Sub.UNKNOWN, 0))
        if subtype is Sub.UNKNOWN:
            self._reading.refuse("N", "unknown_action", "this is no known investment action.")
        amount = abs(self._total(record)) * direction if direction else _NOTHING
        return self._movement(record, subtype, amount)

    def _movement(self, record: Record, subtype: Sub, amount: Decimal) -> ReportedTransaction:
        reading, security = self._reading, record.value("Y")
        commission = reading.amount_if_any(record.value("O"), "O")
        return ReportedTransaction(
            provider_transaction_id=None,
            transaction_type=TYPE_OF[subtype],
            subtype=subtype,
            status=TransactionStatus.SETTLED,
            amount=amount,
            currency=self._currency,
            description=described(record.value("M") or record.value("P") or record.value("N")),
            transaction_date=reading.day(record.value("D"), "D"),
            symbol=reading.symbol(self._symbols.get(security, ""), "Y"),
            security_name=described(security) or None,
            quantity=self._quantity(record, subtype),
            unit_price=reading.amount_if_any(record.value("I"), "I"),
            commission=None if commission is None else abs(commission),
            row=record.row,
            raw=f"{record.raw}|{subtype}",
        )

    def _quantity(self, record: Record, subtype: Sub) -> Decimal | None:
        quantity = moved(self._reading.amount_if_any(record.value("Q"), "Q"), subtype)
        if quantity is None or subtype is Sub.SPLIT:
            return None
        return -quantity if subtype is Sub.EXPIRATION else quantity

    def _without_shares(self, movement: ReportedTransaction) -> ReportedTransaction:
        return replace(movement, quantity=None, unit_price=None, commission=None)

    def _total(self, record: Record) -> Decimal:
        return self._reading.amount(record.value("T") or record.value("U"), "T")
