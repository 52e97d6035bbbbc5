"""What the inside needs from the outside: a field per port, filled once by `wiring`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coffers.application.identity.api_keys import ApiKeyLookups
from coffers.application.identity.directory import Directory
from coffers.application.identity.security import SecurityConfigs
from coffers.application.identity.sessions import SessionLists
from coffers.application.identity.tokens import RefreshTokenLookups
from coffers.application.identity.users import Profiles
from coffers.application.identity.verifications import Post
from coffers.application.investing.portfolios import PortfolioLookups
from coffers.application.investing.snapshot_taking import SnapshotPorts
from coffers.application.investing.valuing import BookPorts
from coffers.application.jobs import JobQueue
from coffers.application.ledger.accounts import AccountLookups
from coffers.application.ledger.daily_balances import DailyBalanceLookups
from coffers.application.ledger.holdings import HoldingLookups
from coffers.application.ledger.import_formats import ImportFormats
from coffers.application.ledger.import_views import ImportLookups
from coffers.application.ledger.imports import ImportDesk
from coffers.application.ledger.net_worth import NetWorthLookups
from coffers.application.ledger.reconciliations import ReconciliationLookups
from coffers.application.ledger.snapshots import SnapshotLookups
from coffers.application.ledger.transactions import TransactionLookups
from coffers.application.linking.connections import ConnectionLookups
from coffers.application.linking.credentials import ProviderAccess
from coffers.application.linking.sync_reports import SyncLookups
from coffers.application.live.audit_log import AuditLogs
from coffers.application.live.event_streams import EventStream
from coffers.application.live.events import ChangeFeeds
from coffers.application.markets.assets import AssetLookups
from coffers.application.markets.market_data import MarketData
from coffers.application.markets.prices import PriceLookups
from coffers.application.markets.quotes import Quotes
from coffers.application.markets.rates import RateLookups, RateSource
from coffers.application.portability.books import Books
from coffers.application.portability.exports import Exports
from coffers.application.portability.restorations import ExportReader
from coffers.application.ports import AccessTokens, Clock, Mailer, Passwords, Vault
from coffers.application.rate_limits import RateLimiter
from coffers.application.spending.budgets import BudgetLookups
from coffers.application.spending.categories import CategoryLookups
from coffers.application.spending.edit_plan_drafts import EditDesk
from coffers.application.spending.recurring import RecurringLookups
from coffers.application.spending.reports import ReportDesk
from coffers.application.spending.rules import RuleLookups
from coffers.application.spending.suggestions import ChoiceLookups
from coffers.application.spending.transfers import TransferLookups
from coffers.application.unit_of_work import HeldUnitOfWork, IdempotencyClaim, IdempotencyKeys
from coffers.application.vitals import Vitals
from coffers.domain.live.events import Origin
from coffers.domain.markets.rates import ExchangeRates
from coffers.domain.paging import Cursors

UnitOfWorkFactory = Callable[[Origin, IdempotencyClaim | None], HeldUnitOfWork]


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a use case may ask for."""

    clock: Clock
    unit_of_work: UnitOfWorkFactory
    idempotency_keys: IdempotencyKeys
    passwords: Passwords
    access_tokens: AccessTokens
    rate_limiter: RateLimiter
    event_stream: EventStream
    change_feeds: ChangeFeeds
    audit_logs: AuditLogs
    job_queue: JobQueue
    mailer: Mailer
    post: Post
    profiles: Profiles
    session_lists: SessionLists
    refresh_token_lookups: RefreshTokenLookups
    security_configs: SecurityConfigs
    directory: Directory
    cursors: Cursors
    api_key_lookups: ApiKeyLookups
    provider_access: ProviderAccess
    redirect_uris: Sequence[str]
    connection_lookups: ConnectionLookups
    sync_lookups: SyncLookups
    import_desk: ImportDesk
    import_formats: ImportFormats
    import_lookups: ImportLookups
    vault: Vault
    account_lookups: AccountLookups
    holding_lookups: HoldingLookups
    transaction_lookups: TransactionLookups
    daily_balance_lookups: DailyBalanceLookups
    reconciliation_lookups: ReconciliationLookups
    snapshot_lookups: SnapshotLookups
    net_worth_lookups: NetWorthLookups
    exchange_rates: ExchangeRates
    rate_lookups: RateLookups
    rate_source: RateSource
    asset_lookups: AssetLookups
    price_lookups: PriceLookups
    quotes: Quotes
    market_data: MarketData
    category_lookups: CategoryLookups
    report_desk: ReportDesk
    budget_lookups: BudgetLookups
    portfolio_lookups: PortfolioLookups
    books: BookPorts
    portfolio_snapshots: SnapshotPorts
    rule_lookups: RuleLookups
    edit_desk: EditDesk
    choice_lookups: ChoiceLookups
    transfer_lookups: TransferLookups
    recurring_lookups: RecurringLookups
    exports: Exports
    ledger_books: Books
    export_reader: ExportReader
    vitals: Vitals
