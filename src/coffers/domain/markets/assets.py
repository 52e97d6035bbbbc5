"""Assets: what can be held and has a price. A shared catalogue, and each user's own beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import Conflict, Forbidden, Invalid, NotFound
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.markets.face_values import ToldWorth
from coffers.domain.markets.identifiers import is_cusip, is_figi, is_isin

MAX_SYMBOL: Final = 40
MAX_NAME: Final = 200
MAX_EXCHANGE: Final = 20
MAX_SECTOR: Final = 80
#: Of a user's own, made by hand; those of their holdings and trades come on top.
MAX_ASSETS: Final = 5_000
#: What a contract on shares stands for, unless its asset says otherwise.
OPTION_MULTIPLIER: Final = Decimal(100)
#: So many at most, with so many decimals.
LARGEST_MULTIPLIER: Final = Decimal(1_000_000)
MULTIPLIER_DIGITS: Final = 8
#: Symbols of one user that are linked at once; the next change goes on.
MAX_LINKED_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Asset:
    """Something with a price in its currency.

    One unit is worth `multiplier` times the price; None: 100 times for an option, else once.

    Without a `user_id` it is in the shared catalogue. The exchange is empty where none is known;
    symbol, exchange and currency together are unique per owner.
    """

    id: UUID
    user_id: UserId | None
    symbol: str
    name: str
    asset_type: AssetType
    currency: str
    created_at: datetime
    updated_at: datetime
    exchange: str = ""
    isin: str | None = None
    cusip: str | None = None
    figi: str | None = None
    sector: str | None = None
    industry: str | None = None
    country: str | None = None
    market_cap: Decimal | None = None
    multiplier: Decimal | None = None
    version: int = 1

    @property
    def is_private(self) -> bool:
        """Whether only its owner sees it."""
        return self.user_id is not None


@dataclass(frozen=True, slots=True)
class AssetLink:
    """What a symbol in a user's holdings and trades of this currency stands for."""

    user_id: UserId
    symbol: str
    currency: str
    asset_id: UUID
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class UnknownSymbol:
    """A symbol of the ledger without a link, and what its rows tell of it."""

    symbol: str
    currency: str
    name: str | None = None
    asset_type: AssetType | None = None
    isin: str | None = None
    cusip: str | None = None

    def asset(self, user_id: UserId, now: datetime, multiplier: Decimal | None = None) -> Asset:
        """A private asset made of what the ledger knows; wrong identifiers are left out."""
        return Asset(
            id=new_id(),
            user_id=user_id,
            symbol=self.symbol.upper(),
            name=self.name or self.symbol,
            asset_type=self.asset_type or AssetType.OTHER,
            currency=self.currency,
            created_at=now,
            updated_at=now,
            isin=self.isin if self.isin and is_isin(self.isin) else None,
            cusip=self.cusip if self.cusip and is_cusip(self.cusip) else None,
            multiplier=multiplier,
        )


class Assets(Protocol):
    """Where assets are kept."""

    async def get(self, principal: Principal, asset_id: UUID) -> Asset:
        """Their own or a shared one, locked; raises AssetNotFound, NotYours."""
        ...

    async def add(self, asset: Asset) -> None:
        """Raises AssetTaken, TooManyAssets."""
        ...

    async def add_missing(self, assets: Sequence[Asset]) -> None:
        """Those that their owners do not have yet."""
        ...

    async def update(self, asset: Asset, *, expected_version: int | None) -> Asset:
        """As stored, its version one higher; raises PreconditionFailed, AssetTaken."""
        ...

    async def delete(self, asset: Asset) -> None:
        """With its prices and corporate actions; raises AssetInUse."""
        ...

    async def note_quoted(self, asset_ids: Sequence[UUID]) -> None:
        """Their prices changed, and with them what is shown: a new version of each."""
        ...

    async def candidates(self, user_id: UserId, unknown: Sequence[UnknownSymbol]) -> list[Asset]:
        """Visible assets with one of these symbols or identifiers: own before shared ones."""
        ...


class AssetLinks(Protocol):
    """Where the links of symbols are kept."""

    async def unknown(self, user_id: UserId, *, limit: int) -> list[UnknownSymbol]:
        """Symbols of the user's holdings and trades that have no link, in one statement."""
        ...

    async def told_worths(self, user_id: UserId, symbols: Sequence[str]) -> list[ToldWorth]:
        """What is held of these symbols, then what was traded of them, where a price was told."""
        ...

    async def put(self, link: AssetLink) -> None:
        """Keep it, in the place of the one of the same symbol and currency."""
        ...

    async def add_missing(self, links: Sequence[AssetLink]) -> None:
        """Keep those whose symbols have none yet."""
        ...


def check_identifiers(asset: Asset) -> Asset:
    """The asset; raises AssetInvalid for an identifier with a wrong check digit."""
    checks = (("isin", is_isin), ("cusip", is_cusip), ("figi", is_figi))
    for name, is_right in checks:
        given = getattr(asset, name)
        if given is not None and not is_right(given):
            raise AssetInvalid(f"Not a {name.upper()}: its check digit is wrong.", field=name)
    if asset.market_cap is not None and asset.market_cap < 0:
        raise AssetInvalid("A market capitalisation is not below zero.", field="market_cap")
    if asset.multiplier is not None:
        _check_multiplier(asset.multiplier)
    return asset


def _check_multiplier(multiplier: Decimal) -> None:
    exponent = multiplier.as_tuple().exponent
    is_fine = isinstance(exponent, int) and -exponent <= MULTIPLIER_DIGITS
    if not is_fine or not 0 < multiplier <= LARGEST_MULTIPLIER:
        detail = f"A multiplier is above zero, at most {LARGEST_MULTIPLIER}, with 8 decimals."
        raise AssetInvalid(detail, field="multiplier")


def multiplier_of(own: Decimal | None, known: AssetType | None, told: AssetType | None) -> Decimal:
    """What the price of one unit is multiplied by: the asset's own, else as its type has it.

    `told` counts where the asset is of no known type.
    """
    if own is not None:
        return own
    kind = told if known in {None, AssetType.OTHER} else known
    return OPTION_MULTIPLIER if kind is AssetType.OPTION else Decimal(1)


def check_editable(asset: Asset, principal: Principal) -> Asset:
    """The asset; raises AssetShared unless this caller may change it."""
    if not asset.is_private and not principal.is_admin:
        raise AssetShared("The asset is shared: only administrators change it.")
    return asset


def meant(unknown: UnknownSymbol, candidates: Sequence[Asset]) -> Asset | None:
    """Which of the candidates a symbol of the ledger stands for; None when that is not certain.

    By identifier, then by symbol and currency; the user's own before the shared. Of several, the
    one without an exchange; which of two exchanges is meant is not guessed.
    """
    own_first = sorted(candidates, key=lambda each: not each.is_private)
    same = [each for each in own_first if each.currency == unknown.currency]
    for name in ("isin", "cusip"):
        told = getattr(unknown, name)
        found = [each for each in same if told and getattr(each, name) == told]
        if found:
            return found[0]
    named = [each for each in same if each.symbol == unknown.symbol.upper()]
    for is_private in (True, False):
        found = [each for each in named if each.is_private is is_private]
        if len(found) > 1:
            found = [each for each in found if not each.exchange]
        if found:
            return found[0]
    return None


class AssetNotFound(NotFound):
    """There is no such asset."""


class AssetInvalid(Invalid):
    """Something about the asset cannot be."""


class AssetShared(Forbidden):
    """The asset is in the shared catalogue, which administrators keep."""

    slug = "asset_shared"


class AssetTaken(Conflict):
    """The owner has an asset of this symbol, exchange and currency already."""

    slug = "asset_taken"


class AssetInUse(Conflict):
    """Something is linked to the asset or became it, or a portfolio is compared with it."""

    slug = "asset_in_use"


class TooManyAssets(Conflict):
    """There is no room for another asset."""

    slug = "too_many_assets"
