"""The HTTP service."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Any, Final, TypeVar

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Mount, request_response
from starlette.routing import Route as Page
from starlette.types import ASGIApp, Receive, Scope, Send

from coffers import worker
from coffers.domain.errors import DomainError
from coffers.presentation import limits, problems
from coffers.presentation.admission import charge_address
from coffers.presentation.cors import Cors
from coffers.presentation.field_names import field_names
from coffers.presentation.metrics import Metrics
from coffers.presentation.middleware import Edge
from coffers.presentation.openapi import document
from coffers.presentation.problems import ProblemPages
from coffers.presentation.route import Route
from coffers.presentation.router import RouteTable, build_routes
from coffers.presentation.routes import ROUTES
from coffers.services import Services
from coffers.settings import Settings
from coffers.wiring import open_services

VERSION: Final = version("coffers")

E = TypeVar("E", bound=Exception)

OpenServices = Callable[[Settings], AbstractAsyncContextManager[Services]]


def create_app(settings: Settings, open_services: OpenServices = open_services) -> FastAPI:
    """The application; its services open when it starts and close when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings) as services:
            app.state.services = services
            watching = asyncio.create_task(app.state.metrics.watch_lag())
            try:
                async with worker.beside(services, settings, app.state.stopping):
                    yield
            finally:
                watching.cancel()

    app = FastAPIOffline(
        title="Coffers", version=VERSION, lifespan=lifespan, redirect_slashes=False
    )
    pages = ProblemPages(settings.public_base_url)
    app.state.settings = settings
    app.state.problem_pages = pages
    app.state.metrics = Metrics()
    app.state.stopping = asyncio.Event()
    app.state.key_families = frozenset(each.family for each in ROUTES if each.access.by_api_key)
    app.state.policies = limits.with_overrides(settings.limit_overrides)
    _answer_refusals(app, pages)
    table = route_table(tuple(ROUTES))
    app.router.routes.insert(0, table)
    app.openapi = _documented(table.routes, settings.public_base_url)  # type: ignore[method-assign]  # FastAPI's own advice
    _encode_once(app)
    _count_pages(app)
    if settings.cors_origins:
        app.add_middleware(Cors, origins=settings.cors_origins)
    app.add_middleware(
        Edge,
        pages=pages,
        metrics=app.state.metrics,
        trusted_proxies=settings.trusted_proxies,
        max_requests=settings.max_requests,
        stopping=app.state.stopping,
    )
    return app


@functools.cache
def route_table(registry: tuple[Route, ...]) -> RouteTable:
    """They know no settings, so that all applications of a process have the same ones."""
    return RouteTable(build_routes(registry))


def _documented(routes: Sequence[Any], url: str) -> Callable[[], dict[str, Any]]:  # Any: OpenAPI
    made: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:  # Any: OpenAPI
        if not made:
            made.update(document(ROUTES, routes, version=VERSION, url=url))
        return made

    return openapi


def _encode_once(app: FastAPI) -> None:
    """A description of a megabyte takes longer to make and to encode than others may wait."""
    encoded = functools.cache(lambda: msgspec.json.encode(app.openapi()))

    async def describe(_: Request) -> Response:
        return Response(await asyncio.to_thread(encoded), media_type="application/json")

    for page in app.router.routes:
        if isinstance(page, Page) and page.path == app.openapi_url:
            page.app = request_response(describe)


def _count_pages(app: FastAPI) -> None:
    """The reference and its assets cost the address a token, as everything does."""
    for page in app.router.routes:
        if isinstance(page, Page | Mount):
            page.app = _counted(page.app)


def _counted(page: ASGIApp) -> ASGIApp:
    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        await charge_address(Request(scope))
        await page(scope, receive, send)

    return counted


def _answer_refusals(app: FastAPI, pages: ProblemPages) -> None:
    def respond(request: Request, error: DomainError, **more: Any) -> Response:  # Any: flaws
        trace_id = problems.trace_id_of(request)
        return pages.response(error, path=request.url.path, trace_id=trace_id, **more)

    async def refused(request: Request, error: Exception) -> Response:
        return respond(request, _as(DomainError, error))

    async def invalid(request: Request, error: Exception) -> Response:
        refusal, flaws = problems.from_validation(_as(RequestValidationError, error), field_names())
        return respond(request, refusal, flaws=flaws)

    async def unmatched(request: Request, error: Exception) -> Response:
        if "coffers.call" not in request.scope:
            try:
                await charge_address(request)
            except DomainError as refusal:
                return respond(request, refusal)
        http_error = _as(HTTPException, error)
        response = respond(request, problems.from_http(http_error))
        response.headers.update(http_error.headers or {})
        return response

    app.add_exception_handler(DomainError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, unmatched)


def _as(kind: type[E], error: Exception) -> E:
    if not isinstance(error, kind):
        raise TypeError(f"{kind.__name__} expected.") from error
    return error
