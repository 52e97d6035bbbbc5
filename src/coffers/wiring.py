"""The composition root.

Settings in, services out. The only place where ports meet their adapters.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from coffers.application.identity.verifications import Post
from coffers.application.investing.snapshot_taking import SnapshotPorts
from coffers.application.investing.valuing import BookPorts
from coffers.application.ledger.imports import ImportDesk
from coffers.application.linking.credentials import ProviderAccess
from coffers.application.linking.providers import Catalogue
from coffers.application.live.event_streams import EventStream
from coffers.application.markets.market_data import MarketData
from coffers.application.markets.quotes import Quotes
from coffers.application.ports import Clock, Vault
from coffers.application.rate_limits import RateLimiter
from coffers.application.spending.edit_plan_drafts import EditDesk
from coffers.application.spending.reports import ReportDesk
from coffers.application.unit_of_work import IdempotencyClaim
from coffers.domain.ids import SessionId, UserId
from coffers.domain.live.events import Origin
from coffers.domain.markets.calendars import RuledCalendars
from coffers.domain.markets.sources import PriceSource
from coffers.infrastructure.argon2_passwords import Argon2Passwords
from coffers.infrastructure.clock import SystemClock
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.idempotency import SqlIdempotencyKeys
from coffers.infrastructure.db.identity.api_keys import SqlApiKeyLookups
from coffers.infrastructure.db.identity.directory import SqlDirectory
from coffers.infrastructure.db.identity.security import SqlSecurityConfigs
from coffers.infrastructure.db.identity.session_watch import SessionWatch
from coffers.infrastructure.db.identity.sessions import SqlSessionLists
from coffers.infrastructure.db.identity.users import SqlProfiles
from coffers.infrastructure.db.investing.ledgers import SqlPortfolioLedgers
from coffers.infrastructure.db.investing.portfolio_snapshots import SqlPortfolioSnapshotLookups
from coffers.infrastructure.db.investing.portfolios import SqlPortfolioLookups
from coffers.infrastructure.db.jobs import SqlJobQueue
from coffers.infrastructure.db.lean import LeanReader
from coffers.infrastructure.db.ledger.accounts import SqlAccountLookups
from coffers.infrastructure.db.ledger.daily_balances import SqlDailyBalanceLookups
from coffers.infrastructure.db.ledger.holdings import SqlHoldingLookups
from coffers.infrastructure.db.ledger.import_lists import SqlImportLookups
from coffers.infrastructure.db.ledger.net_worth import SqlNetWorthLookups
from coffers.infrastructure.db.ledger.reconciliations import SqlReconciliationLookups
from coffers.infrastructure.db.ledger.snapshots import SqlSnapshotLookups
from coffers.infrastructure.db.ledger.transaction_lists import SqlTransactionLookups
from coffers.infrastructure.db.linking.connections import SqlConnectionLookups
from coffers.infrastructure.db.linking.syncs import SqlSyncLookups
from coffers.infrastructure.db.live.audit_log import SqlAuditLogs
from coffers.infrastructure.db.live.events import SqlChangeFeeds
from coffers.infrastructure.db.markets.asset_lists import SqlAssetLookups
from coffers.infrastructure.db.markets.price_series import SqlPriceLookups
from coffers.infrastructure.db.markets.rates import SqlExchangeRates
from coffers.infrastructure.db.portability.books import SqlBooks
from coffers.infrastructure.db.portability.exports import SqlExports
from coffers.infrastructure.db.portability.reading import FileExportReader
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.spending.budgets import SqlBudgetLookups
from coffers.infrastructure.db.spending.categories import SqlCategoryLookups
from coffers.infrastructure.db.spending.edit_plan_lists import SqlEditLookups
from coffers.infrastructure.db.spending.flows import SqlFlowLookups
from coffers.infrastructure.db.spending.recurring import SqlRecurringLookups
from coffers.infrastructure.db.spending.rules import SqlRuleLookups
from coffers.infrastructure.db.spending.suggestions import SqlChoiceLookups
from coffers.infrastructure.db.spending.transfer_lists import SqlTransferLookups
from coffers.infrastructure.db.unit_of_work import Committed, SqlUnitOfWork
from coffers.infrastructure.db.vitals import SqlVitals
from coffers.infrastructure.event_stream import open_event_stream
from coffers.infrastructure.hmac_cursors import HmacCursors
from coffers.infrastructure.in_process.rate_limiter import InProcessRateLimiter
from coffers.infrastructure.in_process.remembered import Remembered
from coffers.infrastructure.in_process.revoked_sessions import RevokedSessions
from coffers.infrastructure.jwt_keys import KeyRing, SigningKey
from coffers.infrastructure.jwt_tokens import JwtAccessTokens
from coffers.infrastructure.letters import PlainLetters
from coffers.infrastructure.mail import open_mailer
from coffers.infrastructure.markets.ecb_rates import BundledRates
from coffers.infrastructure.markets.http_prices import HTTP, HttpPrices
from coffers.infrastructure.markets.http_rates import HttpRates
from coffers.infrastructure.markets.yahoo_prices import YAHOO, YahooPrices
from coffers.infrastructure.providers.catalogue import Registration, build_catalogue
from coffers.infrastructure.providers.http import HttpClient, HttpLimits
from coffers.infrastructure.redis.line import Line
from coffers.infrastructure.redis.rate_limiter import RedisRateLimiter
from coffers.infrastructure.statements.reader import SandboxedReader, formats
from coffers.infrastructure.statements.sandboxed import StatementParser
from coffers.infrastructure.vault import AesGcmVault, VaultKey
from coffers.local_secrets import encryption_keys, key_id, secret_keys
from coffers.migrations import outdated_revisions
from coffers.sandbox.market import DEMO, DemoPrices
from coffers.sandbox.oauth import CLIENT_ID, CLIENT_SECRET
from coffers.services import Services
from coffers.settings import Settings


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Everything connected, closed again at the end."""
    clock, erased = SystemClock(), Remembered[UserId]()
    passwords = Argon2Passwords(
        time_cost=settings.argon2_time_cost, memory_kib=settings.argon2_memory_kib
    )
    async with (
        open_engines(settings.database) as engines,
        HttpClient(
            clock, listed_origins=settings.listed_origins, limits=_http_limits(settings)
        ) as http,
        _rate_limiter(settings, Reader(engines), clock, erased) as limiter,
        open_event_stream(settings.redis_url, SqlChangeFeeds(Reader(engines))) as event_stream,
        open_mailer(
            settings.smtp_url.get_secret_value() if settings.smtp_url else None,
            sender=settings.mail_from,
            outbox=settings.outbox,
            clock=clock,
        ) as mailer,
        aclosing(StatementParser()) as parser,
    ):
        reader = Reader(engines)
        lean = LeanReader(engines, reader)
        session_lists = SqlSessionLists(reader, clock, erased)
        rates = SqlExchangeRates(reader, BundledRates())
        price_lookups = SqlPriceLookups(reader)
        books = BookPorts(
            SqlPortfolioLookups(reader),
            SqlPortfolioLedgers(reader),
            SqlAssetLookups(reader),
            price_lookups,
            rates,
            SqlProfiles(reader),
            clock,
        )
        committed = _announcing(limiter, event_stream)
        exports = SqlExports(reader, _vault(settings))

        def unit_of_work(origin: Origin, claim: IdempotencyClaim | None = None) -> SqlUnitOfWork:
            return SqlUnitOfWork(engines, clock, origin, committed, claim)

        try:
            yield Services(
                clock=clock,
                unit_of_work=unit_of_work,
                idempotency_keys=SqlIdempotencyKeys(reader, secret=_fingerprint_key(settings)),
                passwords=passwords,
                access_tokens=_access_tokens(settings),
                rate_limiter=limiter,
                event_stream=event_stream,
                change_feeds=SqlChangeFeeds(reader),
                audit_logs=SqlAuditLogs(reader),
                job_queue=SqlJobQueue(engines, reader),
                mailer=mailer,
                post=Post(PlainLetters(settings.public_base_url), _vault(settings)),
                profiles=SqlProfiles(reader),
                session_lists=session_lists,
                refresh_token_lookups=session_lists,
                security_configs=SqlSecurityConfigs(reader),
                directory=SqlDirectory(reader),
                cursors=HmacCursors(secret_keys(settings)),
                api_key_lookups=SqlApiKeyLookups(reader, engines),
                provider_access=ProviderAccess(
                    _vault(settings),
                    clock,
                    _catalogue(settings, http),
                    timedelta(seconds=settings.sync_lease_s),
                ),
                redirect_uris=settings.callbacks,
                connection_lookups=SqlConnectionLookups(reader),
                sync_lookups=SqlSyncLookups(reader),
                import_desk=ImportDesk(SandboxedReader(parser), clock, _vault(settings)),
                import_formats=formats(),
                import_lookups=SqlImportLookups(reader),
                vault=_vault(settings),
                account_lookups=SqlAccountLookups(reader),
                holding_lookups=SqlHoldingLookups(reader, lean),
                transaction_lookups=SqlTransactionLookups(reader),
                daily_balance_lookups=SqlDailyBalanceLookups(reader),
                reconciliation_lookups=SqlReconciliationLookups(reader),
                snapshot_lookups=SqlSnapshotLookups(reader, lean),
                net_worth_lookups=SqlNetWorthLookups(lean),
                exchange_rates=rates,
                rate_lookups=rates,
                rate_source=HttpRates(http, settings.rate_source_url),
                asset_lookups=SqlAssetLookups(reader),
                price_lookups=price_lookups,
                quotes=Quotes(price_lookups, RuledCalendars()),
                market_data=MarketData(clock, _price_sources(settings, http)),
                category_lookups=SqlCategoryLookups(reader),
                budget_lookups=SqlBudgetLookups(reader),
                report_desk=ReportDesk(
                    SqlFlowLookups(reader),
                    SqlCategoryLookups(reader),
                    SqlProfiles(reader),
                    rates,
                    clock,
                ),
                portfolio_lookups=SqlPortfolioLookups(reader),
                books=books,
                portfolio_snapshots=SnapshotPorts(books, SqlPortfolioSnapshotLookups(reader)),
                rule_lookups=SqlRuleLookups(reader),
                choice_lookups=SqlChoiceLookups(reader),
                edit_desk=EditDesk(
                    SqlEditLookups(reader),
                    SqlTransactionLookups(reader),
                    SqlRuleLookups(reader),
                    SqlCategoryLookups(reader),
                    clock,
                ),
                transfer_lookups=SqlTransferLookups(reader),
                recurring_lookups=SqlRecurringLookups(reader),
                exports=exports,
                ledger_books=SqlBooks(exports),
                export_reader=FileExportReader(_vault(settings)),
                vitals=SqlVitals(engines, outdated_revisions(), getattr(limiter, "is_there", None)),
            )
        finally:
            passwords.close()


@asynccontextmanager
async def _rate_limiter(
    settings: Settings, reader: Reader, clock: Clock, erased: Remembered[UserId]
) -> AsyncIterator[InProcessRateLimiter | RedisRateLimiter]:
    """The limiter, and the watch over the sessions table that feeds it."""
    revoked = RevokedSessions()
    line = Line(settings.redis_url) if settings.redis_url else None
    watch = SessionWatch(reader, clock, revoked, erased)
    await watch.look()
    watching = asyncio.create_task(watch.run())
    try:
        yield RedisRateLimiter(line, revoked) if line else InProcessRateLimiter(revoked)
    finally:
        watching.cancel()
        await asyncio.wait([watching])
        if line:
            await line.close()


def _announcing(limiter: RateLimiter, stream: EventStream) -> Committed:
    async def announce(users: Sequence[UserId], ended: Sequence[SessionId]) -> None:
        if ended:
            await limiter.announce_revoked(ended)
        await stream.announce(users)

    return announce


def _fingerprint_key(settings: Settings) -> bytes:
    return hashlib.sha256(b"fingerprints:" + secret_keys(settings)[0].encode()).digest()


def _vault(settings: Settings) -> Vault:
    keys = encryption_keys(settings)
    return AesGcmVault([VaultKey.from_text(key_id(key), key) for key in keys])


def _http_limits(settings: Settings) -> HttpLimits:
    usual, deadline_s = HttpLimits(), settings.provider_deadline_s
    return replace(usual, deadline_s=deadline_s, connect_s=min(usual.connect_s, deadline_s))


def _price_sources(settings: Settings, http: HttpClient) -> list[PriceSource]:
    """In their order; the demo's only where there is a sandbox."""
    made: dict[str, PriceSource] = {YAHOO: YahooPrices()}
    if settings.sandbox:
        made[DEMO] = DemoPrices()
    if settings.price_source_url:
        token = settings.price_source_token
        secret = token.get_secret_value() if token else None
        made[HTTP] = HttpPrices(http, settings.price_source_url, secret)
    return [made[name] for name in settings.price_sources if name in made]


def _catalogue(settings: Settings, http: HttpClient) -> Catalogue:
    sandbox = schwab = None
    if settings.sandbox:
        sandbox = Registration(
            CLIENT_ID, CLIENT_SECRET, settings.sandbox, settings.sandbox_public_url
        )
    if settings.schwab_client_id and settings.schwab_client_secret:
        secret = settings.schwab_client_secret.get_secret_value()
        schwab = Registration(settings.schwab_client_id, secret)
    return build_catalogue(http, SystemClock(), sandbox=sandbox, schwab=schwab)


def _access_tokens(settings: Settings) -> JwtAccessTokens:
    keys = [SigningKey(key_id(secret), secret) for secret in secret_keys(settings)]
    return JwtAccessTokens(
        KeyRing(keys, algorithm=settings.jwt_algorithm),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
    )
