"""The unit of work, and what keeps a repeated request from having its effect twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from coffers.domain.errors import Conflict
from coffers.domain.identity.api_keys import ApiKeys
from coffers.domain.identity.erasures import Erasures
from coffers.domain.identity.security import Rotations
from coffers.domain.identity.sessions import Sessions
from coffers.domain.identity.users import Users
from coffers.domain.identity.verifications import OneTimeTokens
from coffers.domain.investing.portfolios import Portfolios
from coffers.domain.investing.snapshots import PortfolioSnapshots
from coffers.domain.investing.trails import Trails
from coffers.domain.jobs import Jobs
from coffers.domain.ledger.accounts import Accounts
from coffers.domain.ledger.annotations import Annotations
from coffers.domain.ledger.entries import Entries
from coffers.domain.ledger.holdings import Holdings
from coffers.domain.ledger.images import Images
from coffers.domain.ledger.imports import Imports
from coffers.domain.ledger.reconciliations import Reconciliations
from coffers.domain.ledger.snapshots import Snapshots
from coffers.domain.ledger.tombstones import Tombstones
from coffers.domain.ledger.transactions import Transactions
from coffers.domain.leftovers import Leftovers
from coffers.domain.linking.adoptions import Adoptions
from coffers.domain.linking.connections import Connections
from coffers.domain.linking.dormancy import Dormancy
from coffers.domain.linking.schedules import Schedules
from coffers.domain.linking.sealed_secrets import SealedSecrets
from coffers.domain.linking.syncs import Syncs
from coffers.domain.live.events import Event
from coffers.domain.markets.assets import AssetLinks, Assets
from coffers.domain.markets.corporate_actions import CorporateActions
from coffers.domain.markets.prices import Prices
from coffers.domain.markets.rates import OwnRates, PublishedRates
from coffers.domain.portability.restorations import Restorations
from coffers.domain.spending.budgets import Budgets
from coffers.domain.spending.categories import Categories
from coffers.domain.spending.edit_plans import EditPlans
from coffers.domain.spending.recurring import RecurringSeries
from coffers.domain.spending.rules import Rules
from coffers.domain.spending.transfers import Transfers


class UnitOfWork(Protocol):
    """One transaction over every repository. Leaving the block without `commit` rolls back.

    What a use case answers after a write, it reads through the unit of work: under an idempotency
    key the commit is
    held back until the answer can be stored beside its effect.
    """

    @property
    def users(self) -> Users: ...  # noqa: D102 - the noun says it, here and below

    @property
    def sessions(self) -> Sessions: ...  # noqa: D102

    @property
    def one_time_tokens(self) -> OneTimeTokens: ...  # noqa: D102

    @property
    def api_keys(self) -> ApiKeys: ...  # noqa: D102

    @property
    def rotations(self) -> Rotations: ...  # noqa: D102

    @property
    def erasures(self) -> Erasures: ...  # noqa: D102

    @property
    def jobs(self) -> Jobs: ...  # noqa: D102

    @property
    def leftovers(self) -> Leftovers: ...  # noqa: D102

    @property
    def connections(self) -> Connections: ...  # noqa: D102

    @property
    def sealed_secrets(self) -> SealedSecrets: ...  # noqa: D102

    @property
    def adoptions(self) -> Adoptions: ...  # noqa: D102

    @property
    def schedules(self) -> Schedules: ...  # noqa: D102

    @property
    def dormancy(self) -> Dormancy: ...  # noqa: D102

    @property
    def imports(self) -> Imports: ...  # noqa: D102

    @property
    def images(self) -> Images: ...  # noqa: D102

    @property
    def tombstones(self) -> Tombstones: ...  # noqa: D102

    @property
    def syncs(self) -> Syncs: ...  # noqa: D102

    @property
    def accounts(self) -> Accounts: ...  # noqa: D102

    @property
    def holdings(self) -> Holdings: ...  # noqa: D102

    @property
    def transactions(self) -> Transactions: ...  # noqa: D102

    @property
    def annotations(self) -> Annotations: ...  # noqa: D102

    @property
    def entries(self) -> Entries: ...  # noqa: D102

    @property
    def reconciliations(self) -> Reconciliations: ...  # noqa: D102

    @property
    def snapshots(self) -> Snapshots: ...  # noqa: D102

    @property
    def portfolio_snapshots(self) -> PortfolioSnapshots: ...  # noqa: D102

    @property
    def restorations(self) -> Restorations: ...  # noqa: D102

    @property
    def exchange_rates(self) -> OwnRates: ...  # noqa: D102

    @property
    def published_rates(self) -> PublishedRates: ...  # noqa: D102

    @property
    def budgets(self) -> Budgets: ...  # noqa: D102

    @property
    def portfolios(self) -> Portfolios: ...  # noqa: D102

    @property
    def trails(self) -> Trails: ...  # noqa: D102

    @property
    def assets(self) -> Assets: ...  # noqa: D102

    @property
    def asset_links(self) -> AssetLinks: ...  # noqa: D102

    @property
    def prices(self) -> Prices: ...  # noqa: D102

    @property
    def corporate_actions(self) -> CorporateActions: ...  # noqa: D102

    @property
    def categories(self) -> Categories: ...  # noqa: D102

    @property
    def rules(self) -> Rules: ...  # noqa: D102

    @property
    def edit_plans(self) -> EditPlans: ...  # noqa: D102

    @property
    def transfers(self) -> Transfers: ...  # noqa: D102

    @property
    def recurring(self) -> RecurringSeries: ...  # noqa: D102

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def record(self, *events: Event) -> None:
        """Log these events in the commit to come; each user's are numbered and chained there."""
        ...

    async def commit(self) -> None:
        """Make it so, all together.

        Raises the refusal behind a violated constraint, or Unavailable.
        """
        ...

    async def commit_claim(self) -> None:
        """Commit now, whatever an idempotency key would hold back.

        The claim before a call to the network.
        """
        ...


@dataclass(frozen=True, slots=True)
class IdempotencyClaim:
    """A key that one request holds.

    `scope` is the user's, or a public route's; the fingerprint is of the request.
    """

    scope: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What an idempotency key remembers. `status` is None while the first request still runs."""

    fingerprint: str
    status: int | None
    headers: Mapping[str, str]
    body: bytes


class RequestStillRunning(Conflict):
    """The first request with this idempotency key has no answer yet."""

    slug = "request_still_running"


class HeldUnitOfWork(UnitOfWork, Protocol):
    """The unit of work of a request with an idempotency key.

    Its last commit waits for the answer.
    """

    @property
    def is_held(self) -> bool:
        """Whether a commit waits for its answer."""
        ...

    async def settle(self, answer: StoredAnswer) -> None:
        """Store the answer, in the held transaction if one is open, else on its own; and commit."""
        ...

    async def abandon(self) -> None:
        """Roll back what is held and let go of the key."""
        ...


class IdempotencyKeys(Protocol):
    """Where answers wait for a repetition of their request."""

    def claim(self, scope: str, key: str, request: bytes) -> IdempotencyClaim:
        """The claim of this request; its fingerprint is keyed, since requests hold passwords."""
        ...

    async def find(self, claim: IdempotencyClaim, now: datetime) -> StoredAnswer | None:
        """What the key remembers, if anything."""
        ...
