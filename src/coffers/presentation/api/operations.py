"""/health, /metrics, /errors: for whoever runs this and whoever meets a refusal."""

from typing import Literal

import msgspec
from fastapi import Response

from coffers.domain.errors import DomainError, NotFound
from coffers.presentation.calls import Caller
from coffers.presentation.problems import kinds, status_of, title_of


class Liveness(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["alive"]


class Readiness(msgspec.Struct, frozen=True):
    """The service can do its work. `degraded` names what is away that it can do without."""

    status: Literal["ready"]
    degraded: list[str]


class ErrorExplanation(msgspec.Struct, frozen=True):
    """What a problem's `type` means."""

    slug: str
    title: str
    status: int
    explanation: str


class NoSuchError(NotFound):
    """No problem has this type."""


async def live(call: Caller) -> Liveness:
    """Whether the process is alive: no database, no network."""
    return Liveness("alive")


async def ready(call: Caller) -> Readiness:
    """Whether requests can be served: the database answers and has all migrations."""
    return Readiness("ready", list(await call.services.vitals.check()))


async def metrics(call: Caller) -> Response:
    """Prometheus metrics, in the text exposition format."""
    in_use = call.services.vitals.connections_in_use()
    text = call.request.app.state.metrics.text(in_use)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


async def explain_error(call: Caller, slug: str) -> ErrorExplanation:
    """The page behind a problem's `type`."""
    for kind in kinds():
        if kind.slug == slug:
            return explanation(kind)
    raise NoSuchError("No problem has this type.")


def explanation(kind: type[DomainError]) -> ErrorExplanation:
    """A kind of refusal, explained by its own docstring."""
    text = " ".join((kind.__doc__ or "").split())
    return ErrorExplanation(kind.slug, title_of(kind.slug), status_of(kind), text)
