"""A database behind its adapters, without the service around it, and a clock that a test sets."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from coffers.application.ports import Clock
from coffers.domain.identity.users import Role, User
from coffers.domain.ids import SessionId, UserId, new_id
from coffers.domain.live.events import Event, Origin
from coffers.infrastructure.db.engines import Engines, open_engines
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.unit_of_work import SqlUnitOfWork

NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)


class FakeClock(Clock):
    def __init__(self, now: datetime = NOON) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def pass_time(self, **amount: float) -> None:
        self.time += timedelta(**amount)


@dataclass
class Store:
    """Engines on one database; `announced` is what commits told the world."""

    engines: Engines
    reader: Reader
    clock: FakeClock
    announced: list[tuple[list[UserId], list[SessionId]]] = field(default_factory=list)

    def uow(self, origin: Origin | None = None) -> SqlUnitOfWork:
        async def committed(users: Sequence[UserId], ended: Sequence[SessionId]) -> None:
            self.announced.append((list(users), list(ended)))

        return SqlUnitOfWork(self.engines, self.clock, origin or Origin(), committed)

    async def add_user(self, name: str = "ada") -> UserId:
        user_id = UserId(new_id())
        uow = self.uow()
        async with uow:
            await uow.users.add(user(user_id, name))
            await uow.commit()
        return user_id

    async def record(self, *events: Event, origin: Origin | None = None) -> None:
        uow = self.uow(origin)
        async with uow:
            uow.record(*events)
            await uow.commit()


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[Store]:
    async with open_engines(url) as engines:
        yield Store(engines, Reader(engines), FakeClock())


def user(user_id: UserId, name: str) -> User:
    return User(
        id=user_id,
        email=f"{name}@example.com",
        password_hash="-",
        roles=frozenset({Role.USER}),
        is_verified=True,
        is_active=True,
        base_currency="EUR",
        time_zone="UTC",
        created_at=NOON,
        updated_at=NOON,
    )
