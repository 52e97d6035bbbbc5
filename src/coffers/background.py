"""Every kind of background work: who does it, how many at once, for how long, how often."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from coffers.application.identity.verifications import LETTER, write_letter
from coffers.application.investing.snapshot_taking import (
    SNAPSHOTS,
    SNAPSHOTS_EVERY,
    TAKE,
    look_for_missing,
    run_back_fill,
    take_missing,
)
from coffers.application.investing.snapshots import FILL
from coffers.application.jobs import clean_up
from coffers.application.letters import MAIL, deliver_mail
from coffers.application.linking.schedules import TURN, look_whose_turn, take_turn
from coffers.application.markets import rates
from coffers.application.markets.asset_links import NEW_PRICES
from coffers.application.markets.price_refreshes import REFRESH, REFRESH_EVERY, refresh_linked
from coffers.application.spending.budget_alerts import check_budgets, check_everybody
from coffers.application.spending.budget_checks import CHECK, CHECKS
from coffers.application.spending.recurring_detection import (
    DETECTION,
    MISSING,
    detect_recurring,
    tell_missed,
)
from coffers.application.spending.transfer_matching import MATCHING, match_movements
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.jobs import Job
from coffers.domain.linking.schedules import LOOK_EVERY, MAX_AT_ONCE
from coffers.domain.live.events import Origin
from coffers.services import Services


@dataclass(frozen=True, slots=True)
class Kind:
    """How jobs of one kind are worked on: by whom, how many at once in one process, for how long.

    With `every` the kind is recurring: one row that comes back, for all workers together.
    """

    run: Callable[[Services, Job], Awaitable[None]]
    at_once: int
    limit_s: float
    every: timedelta | None = None


async def _write_letter(services: Services, job: Job) -> None:
    uow = unit_of_work(services, job)
    await write_letter(uow, services.clock, services.post, job)


async def _deliver_mail(services: Services, job: Job) -> None:
    await deliver_mail(services.mailer, services.vault, job)


async def _clean_up(services: Services, job: Job) -> None:
    await clean_up(unit_of_work(services, job), services.clock)


async def _look_whose_turn(services: Services, job: Job) -> None:
    catalogue = services.provider_access.catalogue
    await look_whose_turn(unit_of_work(services, job), services.clock, catalogue)


async def _take_turn(services: Services, job: Job) -> None:
    await take_turn(unit_of_work(services, job), services.provider_access, job)
    # There is room for the next one now, not only at the next look.
    await _look_whose_turn(services, job)


async def _match_movements(services: Services, job: Job) -> None:
    uow = unit_of_work(services, job)
    await match_movements(uow, services.exchange_rates, services.clock, job)


async def _detect_recurring(services: Services, job: Job) -> None:
    lookups, uow = services.recurring_lookups, unit_of_work(services, job)
    await detect_recurring(uow, lookups, services.clock, job.user_id)


async def _tell_missed(services: Services, job: Job) -> None:
    await tell_missed(unit_of_work(services, job), services.recurring_lookups, services.clock)


async def _check_budgets(services: Services, job: Job) -> None:
    desk, lookups = services.report_desk, services.budget_lookups
    await check_budgets(unit_of_work(services, job), desk, lookups, job.user_id)


async def _check_everybody(services: Services, job: Job) -> None:
    desk, lookups = services.report_desk, services.budget_lookups
    await check_everybody(unit_of_work(services, job), desk, lookups)


async def _refresh_prices(services: Services, job: Job) -> None:
    uow, market = unit_of_work(services, job), services.market_data
    await refresh_linked(uow, market, services.asset_lookups, services.price_lookups)


async def _price_new_symbols(services: Services, job: Job) -> None:
    uow, market = unit_of_work(services, job), services.market_data
    lookups, prices = services.asset_lookups, services.price_lookups
    await refresh_linked(uow, market, lookups, prices, job.user_id)


async def _refresh_rates(services: Services, job: Job) -> None:
    uow, source = unit_of_work(services, job), services.rate_source
    await rates.refresh_published(uow, services.rate_lookups, source)


async def _look_for_missing(services: Services, job: Job) -> None:
    await look_for_missing(unit_of_work(services, job), services.portfolio_snapshots)


async def _take_missing(services: Services, job: Job) -> None:
    await take_missing(unit_of_work(services, job), services.portfolio_snapshots, job)


async def _run_back_fill(services: Services, job: Job) -> None:
    await run_back_fill(unit_of_work(services, job), services.portfolio_snapshots, job)


#: Every kind of background work, one line each.
KINDS: Final[Mapping[str, Kind]] = {
    LETTER: Kind(_write_letter, at_once=2, limit_s=30),
    MAIL: Kind(_deliver_mail, at_once=4, limit_s=60),
    "clean_up": Kind(_clean_up, at_once=1, limit_s=300, every=timedelta(hours=1)),
    "sync_turns": Kind(_look_whose_turn, at_once=1, limit_s=60, every=LOOK_EVERY),
    MATCHING: Kind(_match_movements, at_once=1, limit_s=600),
    DETECTION: Kind(_detect_recurring, at_once=1, limit_s=300),
    CHECK: Kind(_check_budgets, at_once=2, limit_s=120),
    CHECKS: Kind(_check_everybody, at_once=1, limit_s=300, every=timedelta(hours=1)),
    MISSING: Kind(_tell_missed, at_once=1, limit_s=1200, every=timedelta(hours=1)),
    NEW_PRICES: Kind(_price_new_symbols, at_once=1, limit_s=600),
    REFRESH: Kind(_refresh_prices, at_once=1, limit_s=1200, every=REFRESH_EVERY),
    rates.REFRESH: Kind(_refresh_rates, at_once=1, limit_s=120, every=rates.REFRESH_EVERY),
    SNAPSHOTS: Kind(_look_for_missing, at_once=1, limit_s=300, every=SNAPSHOTS_EVERY),
    TAKE: Kind(_take_missing, at_once=1, limit_s=300),
    FILL: Kind(_run_back_fill, at_once=1, limit_s=600),
    TURN: Kind(_take_turn, at_once=MAX_AT_ONCE, limit_s=1200),
}


def unit_of_work(services: Services, job: Job) -> UnitOfWork:
    """For a job's transactions: the log names the job where it names requests otherwise."""
    return services.unit_of_work(Origin(trace_id=str(job.id)), None)
