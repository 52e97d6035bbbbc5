"""Where prices come from, and what of it is believed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal
from typing import Final, Protocol

from coffers.domain.errors import UpstreamFailed
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.corporate_actions import ActionKind
from coffers.domain.markets.prices import Bar, PriceInvalid, check_bar, is_absurd
from coffers.domain.money import AmountInvalid

#: Days that one answer of a source may hold: forty years.
MAX_OFFERED: Final = 15_000
_RATIO: Final = Context(prec=28)


@dataclass(frozen=True, slots=True)
class OfferedAction:
    """A split (`ratio`) or a dividend (`amount`), as a source tells it."""

    day: date
    kind: ActionKind
    ratio: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What a source tells of an asset: raw bars, and what happened to it."""

    bars: Sequence[Bar]
    actions: Sequence[OfferedAction] = field(default_factory=tuple)


class PriceSource(Protocol):
    """Somebody who knows prices."""

    @property
    def name(self) -> str:
        """As it stands beside each price that it told."""
        ...

    @property
    def is_online(self) -> bool:
        """Whether asking it needs the network."""
        ...

    def reason_unavailable(self) -> str | None:
        """Why it cannot be asked here; None if it can."""
        ...

    async def offer(self, asset: Asset, first: date, last: date) -> Offer | None:
        """Raw prices in the asset's currency; None when it does not know the asset.

        Raises UpstreamFailed, UpstreamTimedOut, TooManyRequests.
        """
        ...


@dataclass(frozen=True, slots=True)
class Rejected:
    """A bar that was not believed."""

    day: date
    reason: str


@dataclass(frozen=True, slots=True)
class Sifted:
    """An offer without what cannot be: zero, negative, not a number, absurd, of the future."""

    bars: list[Bar]
    rejected: list[Rejected]


def sift(offer: Offer, before: Bar | None, *, latest: date) -> Sifted:
    """What of an offer is believed; `before` is the last close known of a day before it.

    A close of more than a hundred times that of the day before, or less than a hundredth, is not,
    unless a split says so.
    """
    kept: list[Bar] = []
    rejected: list[Rejected] = []
    for bar in sorted(offer.bars, key=lambda each: each.day)[:MAX_OFFERED]:
        reason = _flaw(bar, kept[-1] if kept else before, offer.actions, latest)
        if reason is None:
            kept.append(bar)
        else:
            rejected.append(Rejected(bar.day, reason))
    return Sifted(kept, rejected)


def _flaw(
    bar: Bar, before: Bar | None, actions: Iterable[OfferedAction], latest: date
) -> str | None:
    try:
        check_bar(bar, latest=latest)
    except (PriceInvalid, AmountInvalid) as error:
        return error.detail
    if before is None or before.day > bar.day:
        return None
    if before.day == bar.day:
        return "The day comes twice." if before is not bar else None
    expected = before.close
    for action in actions:
        if action.ratio is not None and before.day < action.day <= bar.day:
            expected = _RATIO.divide(expected, action.ratio)
    if is_absurd(expected, bar.close):
        return f"{bar.close} after {before.close} the day before is not believed."
    return None


class SourcesFailed(UpstreamFailed):
    """No source of prices answered."""

    slug = "price_sources_failed"
