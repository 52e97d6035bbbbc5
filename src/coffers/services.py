"""What the inside needs from the outside: a field per port, filled once by `wiring`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coffers.application.accounts import AccountLookups
from coffers.application.api_keys import ApiKeyLookups
from coffers.application.audit_log import AuditLogs
from coffers.application.connections import ConnectionLookups
from coffers.application.credentials import ProviderAccess
from coffers.application.directory import Directory
from coffers.application.event_streams import EventStream
from coffers.application.events import ChangeFeeds
from coffers.application.holdings import HoldingLookups
from coffers.application.import_formats import ImportFormats
from coffers.application.import_views import ImportLookups
from coffers.application.imports import ImportDesk
from coffers.application.jobs import JobQueue
from coffers.application.net_worth import NetWorthLookups
from coffers.application.ports import (
    AccessTokens,
    Clock,
    HeldUnitOfWork,
    IdempotencyClaim,
    IdempotencyKeys,
    Mailer,
    Passwords,
    Vault,
)
from coffers.application.rate_limits import RateLimiter
from coffers.application.security import SecurityConfigs
from coffers.application.sessions import SessionLists
from coffers.application.snapshots import SnapshotLookups
from coffers.application.sync_reports import SyncLookups
from coffers.application.tokens import RefreshTokenLookups
from coffers.application.transactions import TransactionLookups
from coffers.application.users import Profiles
from coffers.application.verifications import Letters
from coffers.application.vitals import Vitals
from coffers.domain.events import Origin
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
    letters: Letters
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
    snapshot_lookups: SnapshotLookups
    net_worth_lookups: NetWorthLookups
    vitals: Vitals
