"""The entries of CAMT.053 statements."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element

from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.transactions import TYPE_OF, TransactionStatus
from coffers.domain.ledger.transactions import TransactionSubtype as Sub
from coffers.infrastructure.statements.kinds import Book, kind_of_sign
from coffers.infrastructure.statements.reading import Reading, described

_NOTHING: Final = Decimal(0)
#: Told for information only, and not booked (ISO 20022 EntryStatus).
_NOT_BOOKED: Final = "INFO"
#: ISO 20022 bank transaction codes: domain, family and sub-family, of which any may be left open.
_CODES: Final[tuple[tuple[str, tuple[Sub, Sub]], ...]] = (
    ("PMNT/RCDT/SALA", (Sub.SALARY, Sub.SALARY)),
    ("PMNT/ICDT/SALA", (Sub.PAYMENT, Sub.PAYMENT)),
    ("PMNT/CCRD/CWDL", (Sub.ATM, Sub.ATM)),
    ("PMNT/CNTR/CWDL", (Sub.WITHDRAWAL, Sub.WITHDRAWAL)),
    ("PMNT/CNTR", (Sub.DEPOSIT, Sub.WITHDRAWAL)),
    ("PMNT/CCRD", (Sub.PURCHASE, Sub.PURCHASE)),
    ("PMNT/MCRD", (Sub.DEPOSIT, Sub.PURCHASE)),
    ("PMNT/ICHQ", (Sub.DEPOSIT, Sub.CHECK)),
    ("PMNT/RCHQ", (Sub.DEPOSIT, Sub.CHECK)),
    ("SECU/CORP/DVCA", (Sub.DIVIDEND, Sub.DIVIDEND)),
    ("SECU/CORP/DVRP", (Sub.DIVIDEND, Sub.DIVIDEND)),
    ("SECU/CORP/INTR", (Sub.INTEREST, Sub.INTEREST)),
    ("SECU/CUST/DVCA", (Sub.DIVIDEND, Sub.DIVIDEND)),
)
#: Sub-families that mean the same in every family.
_SUB_FAMILIES: Final[dict[str, tuple[Sub, Sub]]] = {
    "CHRG": (Sub.ACCOUNT_FEE, Sub.ACCOUNT_FEE),
    "COMM": (Sub.COMMISSION, Sub.COMMISSION),
    "FEES": (Sub.ACCOUNT_FEE, Sub.ACCOUNT_FEE),
    "INTR": (Sub.INTEREST, Sub.OTHER_FEE),
}


class Entries:
    """Reads entries, counted through the whole file.

    An entry of several payments becomes one movement for each, if they make up its amount.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._row = 0

    def read(self, entry: Element) -> list[ReportedTransaction]:
        """The movements of an entry: none if it was not booked and will not be."""
        self._row += 1
        self._reading.begin_row(self._row)
        raw = "|".join(text for text in map(str.strip, entry.itertext()) if text)
        self._reading.check_text(raw, "Ntry")
        if _status_code(entry) == _NOT_BOOKED:
            return []
        total = self._movement(entry, entry, raw)
        parts = self._parts(entry, raw)
        if len(parts) > 1 and sum((part.amount for part in parts), _NOTHING) == total.amount:
            return parts
        return [total]

    def _parts(self, entry: Element, raw: str) -> list[ReportedTransaction]:
        details = entry.findall("NtryDtls/TxDtls")
        if len(details) < 2:  # noqa: PLR2004 - several
            return []
        amounts = [_amount_element(detail) for detail in details]
        currency = entry.find("Amt")
        if currency is None or any(
            amount is None or amount.get("Ccy") != currency.get("Ccy") for amount in amounts
        ):
            return []
        return [
            self._movement(entry, detail, f"{raw}|{at}") for at, detail in enumerate(details, 1)
        ]

    def _movement(self, entry: Element, part: Element, raw: str) -> ReportedTransaction:
        reading = self._reading
        amount, currency = self._money(entry, part)
        description = _description(entry, part, amount)
        subtype = _subtype(entry, part, amount, description)
        return ReportedTransaction(
            provider_transaction_id=reading.identifier(_reference(entry, part), "AcctSvcrRef"),
            transaction_type=TYPE_OF[subtype],
            subtype=subtype,
            status=_status(entry),
            amount=amount,
            currency=currency,
            description=described(description),
            transaction_date=reading.day(_day(entry, "BookgDt") or _day(entry, "ValDt"), "BookgDt"),
            settlement_date=reading.day_if_any(_day(entry, "ValDt"), "ValDt"),
            row=reading.row,
            raw=raw,
        )

    def _money(self, entry: Element, part: Element) -> tuple[Decimal, str]:
        element = _amount_element(part)
        if element is None:
            self._reading.refuse("Amt", "missing", "the amount is missing.")
            return _NOTHING, ""
        side = text_at(part, "CdtDbtInd") or text_at(entry, "CdtDbtInd")
        return signed_amount(element, side, self._reading)


def signed_amount(element: Element, side: str, reading: Reading) -> tuple[Decimal, str]:
    """An Amt with the sign of its CdtDbtInd, and its currency."""
    amount = reading.amount((element.text or "").strip(), "Amt")
    if side not in {"CRDT", "DBIT"}:
        reading.refuse("CdtDbtInd", "missing", "there is neither CRDT nor DBIT.")
    currency = reading.currency(element.get("Ccy", ""), "Ccy")
    return -amount if side == "DBIT" else amount, currency


def text_at(element: Element, *paths: str) -> str:
    """The text at the first of these paths that has any, "" if none has."""
    texts = (element.findtext(path, "").strip() for path in paths)
    return next(filter(None, texts), "")


def _amount_element(part: Element) -> Element | None:
    direct = part.find("Amt")
    return direct if direct is not None else part.find("AmtDtls/TxAmt/Amt")


def _reference(entry: Element, part: Element) -> str:
    """The bank's own reference. NtryRef will not do: banks number each statement anew."""
    if part is entry:
        return text_at(entry, "AcctSvcrRef", "NtryDtls/TxDtls/Refs/AcctSvcrRef")
    return text_at(part, "Refs/AcctSvcrRef", "Refs/TxId")


def _status_code(entry: Element) -> str:
    return text_at(entry, "Sts/Cd", "Sts")


def _status(entry: Element) -> TransactionStatus:
    is_pending = _status_code(entry) == "PDNG"
    return TransactionStatus.PENDING if is_pending else TransactionStatus.SETTLED


def _day(entry: Element, name: str) -> str:
    return text_at(entry, f"{name}/Dt", f"{name}/DtTm")


def _description(entry: Element, part: Element, amount: Decimal) -> str:
    """The other party and what the payment was for; else what the bank calls the entry."""
    detail = "" if part is not entry else "NtryDtls/TxDtls/"
    party = "Dbtr" if amount > 0 else "Cdtr"
    name = text_at(part, f"{detail}RltdPties/{party}/Pty/Nm", f"{detail}RltdPties/{party}/Nm")
    words = [line.text or "" for line in part.findall(f"{detail}RmtInf/Ustrd")]
    if part is entry and len(entry.findall("NtryDtls/TxDtls")) > 1:
        name, words = "", []
    said = " ".join(filter(None, [name, *words]))
    return said or text_at(part, "AddtlTxInf") or text_at(entry, "AddtlNtryInf")


def _subtype(entry: Element, part: Element, amount: Decimal, description: str) -> Sub:
    code = _code(part) or _code(entry)
    for prefix, kinds in _CODES:
        if code.startswith(prefix):
            return kinds[amount < 0]
    kinds_or_none = _SUB_FAMILIES.get(code.rpartition("/")[2])
    if kinds_or_none is not None:
        return kinds_or_none[amount < 0]
    return kind_of_sign(description, amount, Book.BANK)


def _code(element: Element) -> str:
    path = "BkTxCd/Domn"
    parts: Sequence[str] = (
        text_at(element, f"{path}/Cd"),
        text_at(element, f"{path}/Fmly/Cd"),
        text_at(element, f"{path}/Fmly/SubFmlyCd"),
    )
    return "/".join(filter(None, parts))
