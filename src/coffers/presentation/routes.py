"""THE REGISTRY: every endpoint, one line each. Nothing is reachable that does not stand here."""

from collections.abc import Sequence
from typing import Final

from coffers.application.investing.allocation import NoTargets
from coffers.application.investing.scenarios import ScenarioNotFound
from coffers.application.live.audit_log import PeriodInvalid
from coffers.application.live.event_streams import TooManyListeners
from coffers.application.markets.indicator_names import IndicatorInvalid
from coffers.application.portability.exports import ExportsBusy
from coffers.application.portability.restorations import RestorationsBusy
from coffers.application.ports import VaultRefused
from coffers.application.vitals import MigrationsMissing
from coffers.domain.errors import DomainError, PreconditionFailed
from coffers.domain.identity.api_keys import (
    ApiKeyNotFound,
    ExpiryInvalid,
    ScopeInvalid,
    TooManyApiKeys,
)
from coffers.domain.identity.passwords import PasswordTooWeak, WrongPassword
from coffers.domain.identity.principals import NotYours
from coffers.domain.identity.sessions import SessionNotFound, TokenInvalid, TokenReuse
from coffers.domain.identity.users import (
    AccountInactive,
    AccountLocked,
    EmailNotVerified,
    EmailTaken,
    InvalidCredentials,
    LastAdmin,
    ProfileInvalid,
    UsernameTaken,
    UserNotFound,
)
from coffers.domain.identity.verifications import OneTimeTokenInvalid
from coffers.domain.investing.allocation import TargetsInvalid
from coffers.domain.investing.lots import LotUnknown, Oversold
from coffers.domain.investing.portfolios import PortfolioNotFound, TooManyPortfolios
from coffers.domain.investing.scenarios import PlanInvalid, ShockInvalid
from coffers.domain.investing.snapshots import BackFillNotFound, BackFillUnderWay
from coffers.domain.investing.trails import LotNamed
from coffers.domain.ledger.accounts import AccountNotFound, AccountNotManual, TooManyAccounts
from coffers.domain.ledger.entries import TransactionReconciled
from coffers.domain.ledger.holdings import HoldingNotFound
from coffers.domain.ledger.imports import (
    ImportNotApplied,
    ImportNotFound,
    ImportNotPlanned,
    ImportSuperseded,
    ImportTargetInvalid,
    PlanStale,
    TooManyImports,
)
from coffers.domain.ledger.reconciliations import (
    AccountReconciled,
    BalanceUnknown,
    ReconciliationNotFound,
    TooManyReconciliations,
)
from coffers.domain.ledger.statements import StatementUnreadable
from coffers.domain.ledger.transactions import TransactionNotFound, TransactionReported
from coffers.domain.linking.connections import (
    ConnectionNotActive,
    ConnectionNotFound,
    OAuthStateInvalid,
    ProviderNotOffered,
    RedirectNotAllowed,
    TooManyConnections,
    WrongCredentialType,
)
from coffers.domain.linking.providers import (
    CredentialFieldsInvalid,
    ProviderAnsweredNonsense,
    ProviderFailed,
    ProviderNotFound,
    ProviderRateLimited,
    ProviderRefusedCredentials,
    ProviderTimedOut,
)
from coffers.domain.linking.syncs import (
    AccountElsewhere,
    AccountNotLinked,
    AccountsNotSynced,
    NotReported,
    SyncInProgress,
    SyncTakenOver,
    SyncTooRecent,
)
from coffers.domain.markets.assets import (
    AssetInUse,
    AssetInvalid,
    AssetNotFound,
    AssetShared,
    AssetTaken,
    TooManyAssets,
)
from coffers.domain.markets.corporate_actions import (
    ActionInvalid,
    ActionKnown,
    ActionNotFound,
    TooManyActions,
)
from coffers.domain.markets.prices import PriceInvalid, PriceNotFound, SeriesInvalid
from coffers.domain.markets.rates import RateInvalid, RateNotFound, TooManyRates
from coffers.domain.markets.sources import SourcesFailed
from coffers.domain.paging import CursorInvalid, TooManyRows
from coffers.domain.portability.restorations import ExportUnreadable, LedgerNotEmpty
from coffers.domain.ranges import RangeInvalid
from coffers.domain.spending.budgets import (
    BudgetInvalid,
    BudgetNotBegun,
    BudgetNotFound,
    TooManyBudgets,
)
from coffers.domain.spending.categories import (
    CategoryInUse,
    CategoryInvalid,
    CategoryNotFound,
    CategoryOfTheSystem,
    CategoryTaken,
    CategoryUnknown,
    TooManyCategories,
)
from coffers.domain.spending.edit_plans import (
    EditInvalid,
    PlanNotApplied,
    PlanNotFound,
    PlanNotPlanned,
    PlanTooLarge,
    TooManyPlans,
)
from coffers.domain.spending.recurring import RecurringNotFound
from coffers.domain.spending.rules import RuleInvalid, RuleNotFound, TooManyRules
from coffers.domain.spending.transfers import LegTaken, TransferInvalid, TransferNotFound
from coffers.presentation.access import ADMIN, PUBLIC, SELF, SESSION, USER
from coffers.presentation.api import operations
from coffers.presentation.api.identity import (
    api_keys,
    directory,
    erasures,
    passwords,
    security,
    sessions,
    users,
    verifications,
)
from coffers.presentation.api.investing import performance, portfolios, risk, values
from coffers.presentation.api.investing import snapshots as portfolio_snapshots
from coffers.presentation.api.ledger import (
    accounts,
    daily_balances,
    entries,
    holdings,
    imports,
    net_worth,
    reconciliations,
    snapshots,
    transactions,
)
from coffers.presentation.api.linking import connections, oauth_callback, providers, syncs
from coffers.presentation.api.linking.connections import NoRedirect
from coffers.presentation.api.live import audit_log, events
from coffers.presentation.api.live.events import LastEventIdInvalid
from coffers.presentation.api.markets import (
    analytics,
    assets,
    corporate_actions,
    market_data,
    prices,
    rates,
)
from coffers.presentation.api.markets.analytics import IdsInvalid, RiskFreeInvalid
from coffers.presentation.api.markets.rates import DaysInvalid
from coffers.presentation.api.portability import exports, restorations
from coffers.presentation.api.spending import (
    budgets,
    bulk_edits,
    categories,
    forecasts,
    recurring,
    reports,
    rule_runs,
    rules,
    suggestions,
    transfers,
)
from coffers.presentation.event_streams import EVENT_STREAM_TYPE
from coffers.presentation.limits import (
    ADDRESS,
    API_READ,
    API_WRITE,
    AUTH_LOGIN,
    AUTH_RECOVERY,
    AUTH_REGISTER,
    AUTH_TOKEN_REFRESH,
    EVENT_STREAM,
    EXPORT,
    PROVIDER_CONNECT,
    PROVIDER_SYNC,
    REPORT,
)
from coffers.presentation.route import CSV, HTML, JSON, MULTIPART, TEXT, Route

#: What asking a provider may end in.
UPSTREAM: Final[Sequence[type[DomainError]]] = (
    ProviderRefusedCredentials,
    ProviderFailed,
    ProviderAnsweredNonsense,
    ProviderTimedOut,
    ProviderRateLimited,
)
SYNCING: Final[Sequence[type[DomainError]]] = (
    ConnectionNotActive,
    ProviderNotOffered,
    NotReported,
    SyncInProgress,
    SyncTooRecent,
    SyncTakenOver,
    TooManyAccounts,
    *UPSTREAM,
)
#: A first sync of a long history takes its time.
SYNC_DEADLINE_S: Final = 180.0

# fmt: off
ROUTES: Final[Sequence[Route]] = (
    Route("POST", "/users", users.register_user, PUBLIC, AUTH_REGISTER, [EmailTaken, PasswordTooWeak], body=JSON),
    Route("GET", "/users/me", users.get_profile, USER, API_READ, []),
    Route("PATCH", "/users/me", users.edit_profile, SESSION, API_WRITE, [UsernameTaken, ProfileInvalid, PreconditionFailed], body=JSON),
    Route("POST", "/users/me/erasures", erasures.erase_current_user, SESSION, API_WRITE, [WrongPassword, AccountLocked], body=JSON),
    Route("PUT", "/users/me/password", passwords.change_password, SELF, API_WRITE, [PasswordTooWeak, WrongPassword, AccountLocked], body=JSON),
    Route("GET", "/users", directory.list_users, ADMIN, API_READ, [CursorInvalid]),
    Route("GET", "/users/{user_id}", directory.get_user, ADMIN, API_READ, [UserNotFound]),
    Route("PATCH", "/users/{user_id}", directory.change_user, ADMIN, API_WRITE, [UserNotFound, LastAdmin, PreconditionFailed], body=JSON),
    Route("POST", "/email-verification-tokens", verifications.request_verification, PUBLIC, AUTH_RECOVERY, [], body=JSON),
    Route("POST", "/email-verifications", verifications.verify_email, PUBLIC, AUTH_RECOVERY, [OneTimeTokenInvalid], body=JSON),
    Route("POST", "/password-reset-tokens", passwords.request_password_reset, PUBLIC, AUTH_RECOVERY, [], body=JSON),
    Route("POST", "/password-resets", passwords.reset_password, PUBLIC, AUTH_RECOVERY, [OneTimeTokenInvalid, PasswordTooWeak], body=JSON),

    Route("POST", "/sessions", sessions.create_session, PUBLIC, AUTH_LOGIN, [InvalidCredentials, AccountLocked, AccountInactive, EmailNotVerified], is_secret=True, body=JSON),
    Route("GET", "/sessions", sessions.list_sessions, SELF, API_READ, [CursorInvalid]),
    Route("DELETE", "/sessions", sessions.end_other_sessions, SELF, API_WRITE, []),
    Route("DELETE", "/sessions/current", sessions.end_current_session, SELF, API_WRITE, [PreconditionFailed]),
    Route("GET", "/sessions/{session_id}", sessions.get_session, SELF, API_READ, [SessionNotFound, NotYours]),
    Route("DELETE", "/sessions/{session_id}", sessions.end_session, SELF, API_WRITE, [SessionNotFound, NotYours, PreconditionFailed]),
    Route("POST", "/tokens", sessions.refresh_tokens, PUBLIC, AUTH_TOKEN_REFRESH, [TokenInvalid, TokenReuse], is_secret=True, body=JSON),

    Route("GET", "/api-keys", api_keys.list_api_keys, SESSION, API_READ, []),
    Route("POST", "/api-keys", api_keys.create_api_key, SESSION, API_WRITE, [ScopeInvalid, ExpiryInvalid, TooManyApiKeys], is_secret=True, body=JSON),
    Route("DELETE", "/api-keys/{api_key_id}", api_keys.delete_api_key, SESSION, API_WRITE, [ApiKeyNotFound, NotYours]),

    Route("POST", "/admin/security/rotations", security.rotate_everybody, ADMIN, API_WRITE, [], body=JSON),
    Route("GET", "/admin/security/config", security.get_security_config, ADMIN, API_READ, []),
    Route("POST", "/admin/users/{user_id}/rotations", security.rotate_user, ADMIN, API_WRITE, [UserNotFound]),

    Route("GET", "/providers", providers.list_providers, USER, API_READ, []),
    Route("GET", "/providers/{slug}", providers.get_provider, USER, API_READ, [ProviderNotFound]),

    Route("POST", "/connections", connections.create_connection, USER, PROVIDER_CONNECT, [ProviderNotFound, WrongCredentialType, CredentialFieldsInvalid, RedirectNotAllowed, TooManyConnections, ConnectionNotFound, NotYours, NoRedirect, *UPSTREAM], body=JSON, deadline_s=60),
    Route("POST", "/connections/callback", connections.complete_connection, USER, PROVIDER_CONNECT, [OAuthStateInvalid, ProviderNotOffered, TooManyConnections, *UPSTREAM], body=JSON, deadline_s=60),
    Route("GET", "/oauth/callback", oauth_callback.show_callback, PUBLIC, ADDRESS, [], is_root=True, produces=HTML, takes_any_query=True),
    Route("GET", "/connections", connections.list_connections, USER, API_READ, []),
    Route("GET", "/connections/{connection_id}", connections.get_connection, USER, API_READ, [ConnectionNotFound, NotYours]),
    Route("PATCH", "/connections/{connection_id}", connections.rename_connection, USER, API_WRITE, [ConnectionNotFound, NotYours, PreconditionFailed], body=JSON),
    Route("DELETE", "/connections/{connection_id}", connections.disconnect, USER, API_WRITE, [ConnectionNotFound, NotYours, PreconditionFailed]),
    Route("POST", "/connections/{connection_id}/token-refreshes", connections.refresh_connection_tokens, USER, PROVIDER_SYNC, [ConnectionNotFound, NotYours, ConnectionNotActive, ProviderNotOffered, *UPSTREAM], body=JSON, deadline_s=60),
    Route("POST", "/connections/{connection_id}/syncs", syncs.sync_connection, USER, PROVIDER_SYNC, [ConnectionNotFound, NotYours, *SYNCING], body=JSON, deadline_s=SYNC_DEADLINE_S),
    Route("GET", "/connections/{connection_id}/syncs", syncs.list_syncs, USER, API_READ, [ConnectionNotFound, NotYours]),
    Route("POST", "/accounts/syncs", syncs.sync_accounts, USER, PROVIDER_SYNC, [ConnectionNotFound, NotYours, *SYNCING], body=JSON, deadline_s=SYNC_DEADLINE_S),
    Route("POST", "/transactions/syncs", syncs.sync_transactions, USER, PROVIDER_SYNC, [RangeInvalid, ConnectionNotFound, AccountNotFound, NotYours, AccountElsewhere, AccountsNotSynced, *SYNCING], body=JSON, deadline_s=SYNC_DEADLINE_S),
    Route("POST", "/accounts/{account_id}/holdings/syncs", syncs.sync_holdings, USER, PROVIDER_SYNC, [AccountNotFound, NotYours, AccountNotLinked, *SYNCING], body=JSON, deadline_s=SYNC_DEADLINE_S),

    Route("GET", "/accounts", accounts.list_accounts, USER, API_READ, []),
    Route("POST", "/accounts", accounts.open_account, USER, API_WRITE, [TooManyAccounts], body=JSON),
    Route("GET", "/accounts/{account_id}", accounts.get_account, USER, API_READ, [AccountNotFound, NotYours]),
    Route("PATCH", "/accounts/{account_id}", accounts.edit_account, USER, API_WRITE, [AccountNotFound, NotYours, AccountNotManual, AccountReconciled, PreconditionFailed], body=JSON),
    Route("DELETE", "/accounts/{account_id}", accounts.delete_account, USER, API_WRITE, [AccountNotFound, NotYours, AccountNotManual, PreconditionFailed]),
    Route("GET", "/connections/{connection_id}/accounts", accounts.list_connection_accounts, USER, API_READ, [ConnectionNotFound, NotYours]),
    Route("GET", "/transactions", transactions.list_transactions, USER, API_READ, [CursorInvalid, RangeInvalid, AccountNotFound, NotYours]),
    Route("POST", "/transactions", entries.add_transaction, USER, API_WRITE, [AccountNotFound, NotYours, AccountNotManual, Oversold, LotUnknown], body=JSON),
    Route("GET", "/transactions/{transaction_id}", transactions.get_transaction, USER, API_READ, [TransactionNotFound, NotYours]),
    Route("PATCH", "/transactions/{transaction_id}", entries.edit_transaction, USER, API_WRITE, [TransactionNotFound, AccountNotFound, NotYours, AccountNotManual, TransactionReported, TransactionReconciled, Oversold, LotUnknown, LotNamed, PreconditionFailed], body=JSON),
    Route("GET", "/transactions/{transaction_id}/category-suggestions", suggestions.list_category_suggestions, USER, API_READ, [TransactionNotFound, NotYours]),
    Route("DELETE", "/transactions/{transaction_id}", entries.delete_transaction, USER, API_WRITE, [TransactionNotFound, NotYours, TransactionReported, TransactionReconciled, Oversold, LotNamed, PreconditionFailed]),
    Route("GET", "/accounts/{account_id}/transactions", transactions.list_account_transactions, USER, API_READ, [CursorInvalid, RangeInvalid, AccountNotFound, NotYours]),
    Route("GET", "/holdings", holdings.list_holdings, USER, API_READ, [TooManyRows]),
    Route("GET", "/holdings/{holding_id}", holdings.get_holding, USER, API_READ, [HoldingNotFound, NotYours]),
    Route("POST", "/accounts/{account_id}/positions", entries.enter_position, USER, API_WRITE, [AccountNotFound, NotYours, AccountNotManual, Oversold], body=JSON),
    Route("GET", "/accounts/{account_id}/holdings", holdings.list_account_holdings, USER, API_READ, [AccountNotFound, NotYours, TooManyRows]),

    Route("POST", "/imports", imports.create_import, USER, API_WRITE, [StatementUnreadable, ImportTargetInvalid, TooManyImports, AccountNotFound, NotYours], body=MULTIPART, deadline_s=60),
    Route("GET", "/imports", imports.list_imports, USER, API_READ, [CursorInvalid]),
    Route("GET", "/imports/formats", imports.list_import_formats, USER, API_READ, []),
    Route("POST", "/imports/previews", imports.preview_import, USER, API_WRITE, [StatementUnreadable], body=MULTIPART),
    Route("GET", "/imports/{import_id}", imports.get_import, USER, API_READ, [ImportNotFound, NotYours]),
    Route("DELETE", "/imports/{import_id}", imports.discard_import, USER, API_WRITE, [ImportNotFound, NotYours, ImportNotPlanned, PreconditionFailed]),
    Route("GET", "/imports/{import_id}/rows", imports.list_import_rows, USER, API_READ, [ImportNotFound, NotYours, CursorInvalid]),
    Route("POST", "/imports/{import_id}/application", imports.apply_import, USER, API_WRITE, [ImportNotFound, AccountNotFound, NotYours, ImportNotPlanned, PlanStale, ImportTargetInvalid, TooManyAccounts], body=JSON, deadline_s=120),
    Route("POST", "/imports/{import_id}/reversal", imports.revert_import, USER, API_WRITE, [ImportNotFound, NotYours, ImportNotApplied, ImportSuperseded, TransactionReconciled], deadline_s=120),

    Route("GET", "/events", events.stream_events, USER, EVENT_STREAM, [LastEventIdInvalid, TooManyListeners], produces=EVENT_STREAM_TYPE),
    Route("GET", "/changes", events.list_changes, USER, API_READ, [CursorInvalid]),
    Route("GET", "/admin/audit-log", audit_log.list_audit_log, ADMIN, API_READ, [CursorInvalid, PeriodInvalid]),
    Route("GET", "/admin/audit-log/verification", audit_log.verify_audit_log, ADMIN, REPORT, [], deadline_s=300),

    Route("GET", "/balance-snapshots", snapshots.list_latest_snapshots, USER, API_READ, []),
    Route("GET", "/accounts/{account_id}/balance-history", snapshots.get_balance_history, USER, API_READ, [RangeInvalid, AccountNotFound, NotYours, TooManyRows]),
    Route("GET", "/accounts/{account_id}/balance-snapshots", snapshots.list_account_snapshots, USER, API_READ, [AccountNotFound, NotYours]),

    Route("GET", "/assets", assets.list_assets, USER, API_READ, [CursorInvalid]),
    Route("POST", "/assets", assets.create_asset, USER, API_WRITE, [AssetInvalid, AssetTaken, AssetShared, TooManyAssets], body=JSON),
    Route("GET", "/assets/correlations", analytics.get_correlations, USER, REPORT, [AssetNotFound, NotYours, RangeInvalid, IdsInvalid, TooManyRows], deadline_s=60),
    Route("GET", "/assets/{asset_id}", assets.get_asset, USER, API_READ, [AssetNotFound, NotYours]),
    Route("PATCH", "/assets/{asset_id}", assets.edit_asset, USER, API_WRITE, [AssetNotFound, NotYours, AssetShared, AssetInvalid, AssetTaken, PreconditionFailed], body=JSON),
    Route("DELETE", "/assets/{asset_id}", assets.delete_asset, USER, API_WRITE, [AssetNotFound, NotYours, AssetShared, AssetInUse, PreconditionFailed]),
    Route("GET", "/asset-links", assets.list_asset_links, USER, API_READ, []),
    Route("PUT", "/asset-links", assets.link_asset, USER, API_WRITE, [AssetNotFound, NotYours, AssetInvalid], body=JSON),
    Route("GET", "/assets/{asset_id}/prices", prices.get_price_history, USER, API_READ, [AssetNotFound, NotYours, RangeInvalid, TooManyRows]),
    Route("POST", "/assets/{asset_id}/prices", prices.keep_price_series, USER, API_WRITE, [AssetNotFound, NotYours, AssetShared, SeriesInvalid], body=JSON),
    Route("GET", "/assets/{asset_id}/prices/{price_date}", prices.get_price, USER, API_READ, [AssetNotFound, NotYours, PriceNotFound]),
    Route("PUT", "/assets/{asset_id}/prices/{price_date}", prices.keep_price, USER, API_WRITE, [AssetNotFound, NotYours, AssetShared, PriceInvalid], body=JSON),
    Route("DELETE", "/assets/{asset_id}/prices/{price_date}", prices.forget_price, USER, API_WRITE, [AssetNotFound, NotYours, AssetShared, PriceNotFound]),
    Route("GET", "/assets/{asset_id}/corporate-actions", corporate_actions.list_corporate_actions, USER, API_READ, [AssetNotFound, NotYours]),
    Route("POST", "/assets/{asset_id}/corporate-actions", corporate_actions.add_corporate_action, USER, API_WRITE, [AssetNotFound, NotYours, AssetShared, ActionInvalid, ActionKnown, TooManyActions], body=JSON),
    Route("GET", "/assets/{asset_id}/corporate-actions/{action_id}", corporate_actions.get_corporate_action, USER, API_READ, [AssetNotFound, NotYours, ActionNotFound]),
    Route("PATCH", "/assets/{asset_id}/corporate-actions/{action_id}", corporate_actions.edit_corporate_action, USER, API_WRITE, [AssetNotFound, NotYours, AssetShared, ActionNotFound, ActionInvalid, ActionKnown, PreconditionFailed], body=JSON),
    Route("DELETE", "/assets/{asset_id}/corporate-actions/{action_id}", corporate_actions.delete_corporate_action, USER, API_WRITE, [AssetNotFound, NotYours, AssetShared, ActionNotFound, PreconditionFailed]),
    Route("GET", "/assets/{asset_id}/indicators", analytics.get_indicators, USER, API_READ, [AssetNotFound, NotYours, RangeInvalid, IndicatorInvalid, TooManyRows]),
    Route("GET", "/assets/{asset_id}/metrics", analytics.get_asset_metrics, USER, API_READ, [AssetNotFound, NotYours, RangeInvalid, RiskFreeInvalid, TooManyRows]),
    Route("GET", "/market-overview", analytics.get_market_overview, USER, API_READ, []),
    Route("POST", "/assets/{asset_id}/price-refreshes", market_data.refresh_prices, USER, REPORT, [AssetNotFound, NotYours, SourcesFailed], deadline_s=120),
    Route("GET", "/market-data/sources", market_data.list_price_sources, USER, API_READ, []),
    Route("GET", "/prices", prices.list_latest_prices, USER, API_READ, [TooManyRows]),
    Route("POST", "/prices", prices.keep_prices, USER, API_WRITE, [AssetNotFound, NotYours, AssetShared, SeriesInvalid], body=JSON),
    Route("POST", "/price-uploads", prices.upload_prices, USER, API_WRITE, [AssetNotFound, NotYours, AssetShared, SeriesInvalid], body=MULTIPART, deadline_s=60),

    Route("GET", "/exchange-rates", rates.list_exchange_rates, USER, API_READ, [DaysInvalid, RangeInvalid, TooManyRows]),
    Route("POST", "/exchange-rates", rates.keep_exchange_rates, USER, API_WRITE, [RateInvalid, TooManyRates], body=JSON),
    Route("GET", "/exchange-rates/own", rates.list_own_exchange_rates, USER, API_READ, [RangeInvalid, TooManyRows]),
    Route("DELETE", "/exchange-rates/own/{exchange_rate_id}", rates.forget_exchange_rate, USER, API_WRITE, [RateNotFound, NotYours]),

    Route("GET", "/categories", categories.list_categories, USER, API_READ, []),
    Route("POST", "/categories", categories.create_category, USER, API_WRITE, [CategoryInvalid, CategoryTaken, TooManyCategories], body=JSON),
    Route("GET", "/categories/{category_id}", categories.get_category, USER, API_READ, [CategoryNotFound, NotYours]),
    Route("PATCH", "/categories/{category_id}", categories.edit_category, USER, API_WRITE, [CategoryNotFound, NotYours, CategoryOfTheSystem, CategoryInvalid, CategoryTaken, PreconditionFailed], body=JSON),
    Route("DELETE", "/categories/{category_id}", categories.delete_category, USER, API_WRITE, [CategoryNotFound, NotYours, CategoryOfTheSystem, CategoryInUse, CategoryInvalid, PreconditionFailed]),

    Route("GET", "/rules", rules.list_rules, USER, API_READ, []),
    Route("POST", "/rules", rules.create_rule, USER, API_WRITE, [RuleInvalid, CategoryUnknown, TooManyRules], body=JSON),
    Route("PUT", "/rules/order", rules.order_rules, USER, API_WRITE, [RuleInvalid], body=JSON),
    Route("GET", "/rules/{rule_id}", rules.get_rule, USER, API_READ, [RuleNotFound, NotYours]),
    Route("PATCH", "/rules/{rule_id}", rules.edit_rule, USER, API_WRITE, [RuleNotFound, NotYours, RuleInvalid, CategoryUnknown, PreconditionFailed], body=JSON),
    Route("DELETE", "/rules/{rule_id}", rules.delete_rule, USER, API_WRITE, [RuleNotFound, NotYours, PreconditionFailed]),

    Route("POST", "/rule-runs", rule_runs.plan_rule_run, USER, API_WRITE, [RangeInvalid, RuleInvalid, AccountNotFound, NotYours, PlanTooLarge, TooManyPlans], body=JSON, deadline_s=300),
    Route("GET", "/rule-runs", rule_runs.list_rule_runs, USER, API_READ, [CursorInvalid]),
    Route("GET", "/rule-runs/{run_id}", rule_runs.get_rule_run, USER, API_READ, [PlanNotFound, NotYours]),
    Route("DELETE", "/rule-runs/{run_id}", rule_runs.discard_rule_run, USER, API_WRITE, [PlanNotFound, NotYours, PlanNotPlanned, PreconditionFailed]),
    Route("GET", "/rule-runs/{run_id}/rows", rule_runs.list_rule_run_rows, USER, API_READ, [PlanNotFound, NotYours, CursorInvalid]),
    Route("POST", "/rule-runs/{run_id}/application", rule_runs.apply_rule_run, USER, API_WRITE, [PlanNotFound, AccountNotFound, NotYours, PlanNotPlanned, PlanStale, RuleInvalid, PlanTooLarge], body=JSON, deadline_s=300),
    Route("POST", "/rule-runs/{run_id}/reversal", rule_runs.revert_rule_run, USER, API_WRITE, [PlanNotFound, NotYours, PlanNotApplied, PlanStale], deadline_s=300),

    Route("POST", "/bulk-edits", bulk_edits.plan_bulk_edit, USER, API_WRITE, [RangeInvalid, EditInvalid, CategoryUnknown, AccountNotFound, NotYours, AccountNotManual, PlanTooLarge, TooManyPlans], body=JSON, deadline_s=300),
    Route("GET", "/bulk-edits", bulk_edits.list_bulk_edits, USER, API_READ, [CursorInvalid]),
    Route("GET", "/bulk-edits/{edit_id}", bulk_edits.get_bulk_edit, USER, API_READ, [PlanNotFound, NotYours]),
    Route("DELETE", "/bulk-edits/{edit_id}", bulk_edits.discard_bulk_edit, USER, API_WRITE, [PlanNotFound, NotYours, PlanNotPlanned, PreconditionFailed]),
    Route("GET", "/bulk-edits/{edit_id}/rows", bulk_edits.list_bulk_edit_rows, USER, API_READ, [PlanNotFound, NotYours, CursorInvalid]),
    Route("POST", "/bulk-edits/{edit_id}/application", bulk_edits.apply_bulk_edit, USER, API_WRITE, [PlanNotFound, AccountNotFound, NotYours, AccountNotManual, PlanNotPlanned, PlanStale, CategoryUnknown, PlanTooLarge], body=JSON, deadline_s=300),
    Route("POST", "/bulk-edits/{edit_id}/reversal", bulk_edits.revert_bulk_edit, USER, API_WRITE, [PlanNotFound, NotYours, PlanNotApplied, PlanStale], deadline_s=300),

    Route("GET", "/accounts/{account_id}/daily-balances", daily_balances.get_daily_balances, USER, API_READ, [RangeInvalid, TooManyRows, AccountNotFound, NotYours, AccountNotManual, BalanceUnknown]),
    Route("GET", "/accounts/{account_id}/reconciliations", reconciliations.list_reconciliations, USER, API_READ, [AccountNotFound, NotYours]),
    Route("POST", "/accounts/{account_id}/reconciliations", reconciliations.create_reconciliation, USER, API_WRITE, [AccountNotFound, NotYours, AccountNotManual, BalanceUnknown, TooManyReconciliations], body=JSON),
    Route("GET", "/reconciliations/{reconciliation_id}", reconciliations.get_reconciliation, USER, API_READ, [ReconciliationNotFound, NotYours]),
    Route("DELETE", "/reconciliations/{reconciliation_id}", reconciliations.delete_reconciliation, USER, API_WRITE, [ReconciliationNotFound, NotYours]),

    Route("GET", "/portfolios", portfolios.list_portfolios, USER, API_READ, []),
    Route("POST", "/portfolios", portfolios.create_portfolio, USER, API_WRITE, [AccountNotFound, AssetNotFound, NotYours, TargetsInvalid, TooManyPortfolios], body=JSON),
    Route("GET", "/portfolios/{portfolio_id}", portfolios.get_portfolio, USER, API_READ, [PortfolioNotFound, NotYours]),
    Route("PATCH", "/portfolios/{portfolio_id}", portfolios.edit_portfolio, USER, API_WRITE, [PortfolioNotFound, AccountNotFound, AssetNotFound, NotYours, TargetsInvalid, PreconditionFailed], body=JSON),
    Route("DELETE", "/portfolios/{portfolio_id}", portfolios.delete_portfolio, USER, API_WRITE, [PortfolioNotFound, NotYours, PreconditionFailed]),
    Route("GET", "/portfolios/{portfolio_id}/positions", performance.list_positions, USER, API_READ, [PortfolioNotFound, NotYours, TooManyRows]),
    Route("GET", "/portfolios/{portfolio_id}/values", values.list_values, USER, REPORT, [PortfolioNotFound, NotYours, RangeInvalid, TooManyRows]),
    Route("GET", "/portfolios/{portfolio_id}/chart", values.get_chart, USER, REPORT, [PortfolioNotFound, NotYours, RangeInvalid, TooManyRows]),
    Route("GET", "/portfolios/{portfolio_id}/snapshots", portfolio_snapshots.list_portfolio_snapshots, USER, API_READ, [PortfolioNotFound, NotYours, RangeInvalid, TooManyRows]),
    Route("POST", "/portfolios/{portfolio_id}/snapshots", portfolio_snapshots.fill_portfolio_snapshots, USER, API_WRITE, [PortfolioNotFound, NotYours, RangeInvalid, BackFillUnderWay], body=JSON),
    Route("GET", "/portfolios/{portfolio_id}/snapshots/back-fill", portfolio_snapshots.get_portfolio_back_fill, USER, API_READ, [PortfolioNotFound, NotYours, BackFillNotFound]),
    Route("GET", "/portfolios/{portfolio_id}/performance", performance.get_performance, USER, REPORT, [PortfolioNotFound, AssetNotFound, NotYours, RangeInvalid, TooManyRows]),
    Route("GET", "/portfolios/{portfolio_id}/risk", performance.get_risk, USER, REPORT, [PortfolioNotFound, AssetNotFound, NotYours, RangeInvalid, TooManyRows]),
    Route("GET", "/portfolios/{portfolio_id}/risk/rolling", risk.get_rolling_risk, USER, REPORT, [PortfolioNotFound, AssetNotFound, NotYours, RangeInvalid, TooManyRows]),
    Route("GET", "/portfolios/{portfolio_id}/correlations", risk.get_position_correlations, USER, REPORT, [PortfolioNotFound, NotYours, RangeInvalid, TooManyRows], deadline_s=60),
    Route("GET", "/portfolios/{portfolio_id}/allocation", performance.get_allocation, USER, API_READ, [PortfolioNotFound, NotYours, TooManyRows]),
    Route("GET", "/portfolios/{portfolio_id}/rebalancing", performance.get_rebalancing, USER, API_READ, [PortfolioNotFound, NotYours, NoTargets, TooManyRows]),
    Route("GET", "/scenarios", performance.list_scenarios, USER, API_READ, []),
    Route("POST", "/portfolios/{portfolio_id}/scenarios", performance.run_scenario, USER, REPORT, [PortfolioNotFound, NotYours, ScenarioNotFound, ShockInvalid, TooManyRows], body=JSON),
    Route("POST", "/portfolios/{portfolio_id}/simulations", performance.simulate, USER, REPORT, [PortfolioNotFound, NotYours, PlanInvalid, TooManyRows], body=JSON),

    Route("GET", "/reports/totals", reports.get_totals_report, USER, API_READ, [RangeInvalid, AccountNotFound, NotYours, TooManyRows]),
    Route("GET", "/reports/by-category", reports.report_by_category, USER, API_READ, [RangeInvalid, AccountNotFound, NotYours, TooManyRows]),
    Route("GET", "/reports/by-merchant", reports.report_by_merchant, USER, API_READ, [RangeInvalid, AccountNotFound, NotYours, TooManyRows]),
    Route("GET", "/reports/by-account", reports.report_by_account, USER, API_READ, [RangeInvalid, AccountNotFound, NotYours, TooManyRows]),
    Route("GET", "/reports/by-tag", reports.report_by_tag, USER, API_READ, [RangeInvalid, AccountNotFound, NotYours, TooManyRows]),
    Route("GET", "/reports/over-time", reports.report_over_time, USER, API_READ, [RangeInvalid, AccountNotFound, NotYours, TooManyRows]),
    Route("GET", "/reports/week", reports.report_week, USER, API_READ, [AccountNotFound, NotYours, TooManyRows]),

    Route("GET", "/budgets", budgets.list_budgets, USER, API_READ, []),
    Route("POST", "/budgets", budgets.create_budget, USER, API_WRITE, [BudgetInvalid, TooManyBudgets], body=JSON),
    Route("GET", "/budgets/envelopes", budgets.get_envelopes, USER, API_READ, [BudgetInvalid, TooManyRows]),
    Route("GET", "/budgets/{budget_id}", budgets.get_budget, USER, API_READ, [BudgetNotFound, NotYours]),
    Route("PATCH", "/budgets/{budget_id}", budgets.edit_budget, USER, API_WRITE, [BudgetNotFound, NotYours, BudgetInvalid, PreconditionFailed], body=JSON),
    Route("DELETE", "/budgets/{budget_id}", budgets.delete_budget, USER, API_WRITE, [BudgetNotFound, NotYours, PreconditionFailed]),
    Route("GET", "/budgets/{budget_id}/progress", budgets.get_budget_progress, USER, API_READ, [BudgetNotFound, NotYours, BudgetNotBegun, BudgetInvalid, TooManyRows]),

    Route("GET", "/net-worth", net_worth.get_net_worth, USER, API_READ, [TooManyRows]),
    Route("GET", "/net-worth/history", net_worth.get_net_worth_history, USER, API_READ, [RangeInvalid, TooManyRows]),

    Route("GET", "/transfers", transfers.list_transfers, USER, API_READ, [CursorInvalid]),
    Route("POST", "/transfers", transfers.name_transfer, USER, API_WRITE, [TransactionNotFound, NotYours, TransferInvalid, LegTaken], body=JSON),
    Route("GET", "/transfers/{transfer_id}", transfers.get_transfer, USER, API_READ, [TransferNotFound, NotYours]),
    Route("PATCH", "/transfers/{transfer_id}", transfers.decide_transfer, USER, API_WRITE, [TransferNotFound, NotYours, TransferInvalid, LegTaken, PreconditionFailed], body=JSON),
    Route("DELETE", "/transfers/{transfer_id}", transfers.undo_transfer, USER, API_WRITE, [TransferNotFound, NotYours, PreconditionFailed]),
    Route("GET", "/recurring", recurring.list_recurring, USER, API_READ, []),
    Route("GET", "/recurring/upcoming", recurring.list_upcoming, USER, API_READ, []),
    Route("POST", "/recurring/detections", recurring.detect_recurring_payments, USER, REPORT, []),
    Route("GET", "/recurring/{recurring_id}", recurring.get_recurring, USER, API_READ, [RecurringNotFound, NotYours]),
    Route("PATCH", "/recurring/{recurring_id}", recurring.edit_recurring, USER, API_WRITE, [RecurringNotFound, NotYours, CategoryUnknown, PreconditionFailed], body=JSON),
    Route("GET", "/cash-flow-forecast", forecasts.forecast_cash_flow, USER, API_READ, []),

    Route("GET", "/exports/json", exports.export_json, USER, EXPORT, [ExportsBusy, VaultRefused]),
    Route("GET", "/exports/csv", exports.export_csv, USER, EXPORT, [ExportsBusy], produces=CSV),
    Route("GET", "/exports/beancount", exports.export_beancount, USER, EXPORT, [ExportsBusy], produces=TEXT),
    Route("POST", "/restorations", restorations.restore_export, USER, EXPORT, [ExportUnreadable, LedgerNotEmpty, RestorationsBusy], body=MULTIPART, is_large=True, deadline_s=600),

    Route("GET", "/health/live", operations.live, PUBLIC, None, [], is_root=True),
    Route("GET", "/health/ready", operations.ready, PUBLIC, None, [MigrationsMissing], is_root=True),

    Route("GET", "/metrics", operations.metrics, PUBLIC, None, [], is_root=True, produces="text/plain"),
    Route("GET", "/.well-known/jwks.json", security.get_key_set, PUBLIC, ADDRESS, [], is_root=True),
    Route("GET", "/errors/{slug}", operations.explain_error, PUBLIC, ADDRESS, [], is_root=True),
)
# fmt: on
