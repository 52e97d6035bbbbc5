"""A plain HTTP source of prices: one GET for each asset, answered in JSON or CSV."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import Any, Final

from coffers.application.markets.price_files import read_prices
from coffers.domain.ids import new_id
from coffers.domain.linking.providers import ProviderAnsweredNonsense
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.corporate_actions import ActionKind
from coffers.domain.markets.prices import Bar, SeriesInvalid
from coffers.domain.markets.sources import Offer, OfferedAction, PriceSource
from coffers.infrastructure.providers.http import Answer, HttpClient, bearer_auth, json_of

HTTP: Final = "http"


class HttpPrices(PriceSource):
    """`GET {base}/prices?symbol=…&currency=…&exchange=…&start_date=…&end_date=…`.

    404 means that the asset is not known there. Bounds, deadline and circuit breaker are those of
    every call that leaves this service.
    """

    def __init__(self, client: HttpClient, base_url: str, token: str | None = None) -> None:
        self._client = client
        self._url = f"{base_url.rstrip('/')}/prices"
        self._headers = bearer_auth(token) if token else {}

    @property
    def name(self) -> str:
        """As the port says."""
        return HTTP

    @property
    def is_online(self) -> bool:
        """As the port says."""
        return True

    def reason_unavailable(self) -> str | None:
        """As the port says."""
        return None

    async def offer(self, asset: Asset, first: date, last: date) -> Offer | None:
        """As the port says."""
        params = {
            "symbol": asset.symbol,
            "currency": asset.currency,
            "start_date": first.isoformat(),
            "end_date": last.isoformat(),
        }
        if asset.exchange:
            params["exchange"] = asset.exchange
        answer = await self._client.fetch(self._url, params=params, headers=self._headers)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        return _read(self._client.accepted(answer))


def _read(answer: Answer) -> Offer:
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "text/csv":
        try:
            return Offer([row.bar for row in read_prices(answer.content, new_id())])
        except SeriesInvalid as error:
            raise ProviderAnsweredNonsense(f"{answer.host}: {error.detail}") from error
    try:
        return _of_json(json_of(answer))
    except (KeyError, TypeError, ValueError, InvalidOperation, AttributeError) as error:
        raise ProviderAnsweredNonsense(f"{answer.host} told prices in another form.") from error


def _of_json(told: Any) -> Offer:  # Any: decoded JSON
    bars = [
        Bar(
            date.fromisoformat(each["date"]),
            _number(each["close"]),
            *(_or_none(each, name) for name in ("open", "high", "low", "volume")),
        )
        for each in told["prices"]
    ]
    splits = [
        OfferedAction(_day(each), ActionKind.SPLIT, ratio=_number(each["ratio"]))
        for each in told.get("splits", ())
    ]
    dividends = [
        OfferedAction(_day(each), ActionKind.DIVIDEND, amount=_number(each["amount"]))
        for each in told.get("dividends", ())
    ]
    return Offer(bars, [*splits, *dividends])


def _day(each: Mapping[str, Any]) -> date:  # Any: decoded JSON
    return date.fromisoformat(each["date"])


def _or_none(each: Mapping[str, Any], name: str) -> Decimal | None:  # Any: decoded JSON
    return None if each.get(name) is None else _number(each[name])


def _number(told: Any) -> Decimal:  # Any: a JSON number or text; NaN is sorted out later
    if isinstance(told, bool) or not isinstance(told, int | str | Decimal):
        raise TypeError
    return Decimal(told)
