"""The securities and positions of OFX investment statements."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.statements import ReportedHolding
from coffers.infrastructure.statements.ofx_bank import currency_of
from coffers.infrastructure.statements.ofx_plain_rows import PlainRows
from coffers.infrastructure.statements.ofx_tags import SECURITIES, Run
from coffers.infrastructure.statements.reading import Reading, described

_KIND_OF_TAG: Final = (
    ("DEBT", AssetType.FIXED_INCOME),
    ("MF", AssetType.MUTUAL_FUND),
    ("OPT", AssetType.OPTION),
    ("STOCK", AssetType.EQUITY),
)
_FUND_NAME: Final = re.compile(
    r"\b(?:(?P<etf>ETF)|(?P<cash>MONEY (?:MARKET|MKT)))\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Security:
    """What is known of a security. `unique_id` is the file's own key for it."""

    unique_id: str
    symbol: str
    name: str
    asset_type: AssetType
    cusip: str | None
    isin: str | None


class Record(NamedTuple):
    """One record of an investment statement."""

    tag: str
    fields: Mapping[str, str]
    raw: str


class Securities:
    """The SECLIST of a file. One UNIQUEID may stand for several: some list share classes so."""

    def __init__(self, runs: Iterable[Run | PlainRows]) -> None:
        self._known: dict[str, list[Security]] = {}
        for run in runs:
            if run.name in SECURITIES and isinstance(run, Run):
                for fields in run.records:
                    self._add(_security(run.name, fields))

    def _add(self, security: Security) -> None:
        self._known.setdefault(security.unique_id, []).append(security)

    def named_in(self, record: Record, *, nth: int = 0) -> Security:
        """The nth security of a record's id, or the last; if unlisted, what the record tells."""
        listed = self._known.get(record.fields.get("UNIQUEID", ""))
        if not listed:
            return _security(record.tag, record.fields)
        return listed[min(nth, len(listed) - 1)]


class PositionRows:
    """Reads the positions of one statement.

    The ids are the UNIQUEIDs, a second position of one security being `#2`: the same in every file
    that lists them in the same order. The cost basis is None: whether AVGCOSTBASIS, where brokers
    send it, is of a share or of the whole, they do not agree.
    """

    def __init__(self, reading: Reading, securities: Securities, *, currency: str) -> None:
        self._reading = reading
        self._securities = securities
        self._currency = currency
        self._seen: Counter[str] = Counter()

    def read(self, record: Record) -> ReportedHolding:
        """The position of a POS… record; short ones below zero, whatever sign the broker writes."""
        reading, fields = self._reading, record.fields
        unique_id = reading.identifier(fields.get("UNIQUEID", ""), "UNIQUEID") or ""
        if not unique_id:
            reading.refuse("UNIQUEID", "missing", "the security is missing.")
        nth = self._seen[unique_id]
        self._seen[unique_id] += 1
        security = self._securities.named_in(record, nth=nth)
        units = reading.amount(fields.get("UNITS", ""), "UNITS")
        value = reading.amount(fields.get("MKTVAL", ""), "MKTVAL")
        is_short = fields.get("POSTYPE", "").upper() == "SHORT" or units < 0
        return ReportedHolding(
            provider_holding_id=f"{unique_id}#{nth + 1}" if nth else unique_id,
            symbol=reading.symbol(security.symbol, "TICKER") or "",
            security_name=security.name,
            asset_type=security.asset_type,
            quantity=_signed(units, is_short=is_short),
            cost_basis=None,
            market_value=_signed(value, is_short=is_short),
            currency=currency_of(fields, self._currency, reading),
            current_price=reading.amount_if_any(fields.get("UNITPRICE"), "UNITPRICE"),
            cusip=security.cusip,
            isin=security.isin,
        )


def _security(tag: str, fields: Mapping[str, str]) -> Security:
    unique_id, scheme = fields.get("UNIQUEID", ""), fields.get("UNIQUEIDTYPE", "").upper()
    name = fields.get("SECNAME") or unique_id
    return Security(
        unique_id=unique_id,
        symbol=fields.get("TICKER") or unique_id,
        name=described(name),
        asset_type=_asset_type(tag, name),
        cusip=unique_id if scheme == "CUSIP" else None,
        isin=unique_id if scheme == "ISIN" else None,
    )


def _asset_type(tag: str, name: str) -> AssetType:
    kind = next((kind for word, kind in _KIND_OF_TAG if word in tag), AssetType.OTHER)
    if kind not in {AssetType.EQUITY, AssetType.MUTUAL_FUND}:
        return kind
    match = _FUND_NAME.search(name)
    if match is None:
        return kind
    return AssetType.ETF if match["etf"] else AssetType.CASH_EQUIVALENT


def _signed(number: Decimal, *, is_short: bool) -> Decimal:
    return -abs(number) if is_short else number
