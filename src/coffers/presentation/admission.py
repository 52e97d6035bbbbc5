"""What stands in front of every endpoint, before the framework reads a body.

Identity, limits, revocation, rights, strict input, repetition, deadline, in one pass. A request
from nobody costs one signature check and one round trip to the rate limiter, and learns nothing
about the input that it sent.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from email.message import Message
from typing import TYPE_CHECKING, Any, Final

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from coffers.application.rate_limits import Bucket
from coffers.domain.errors import Invalid, PreconditionFailed, Unauthenticated
from coffers.domain.identity.principals import Principal
from coffers.domain.identity.sessions import TokenInvalid
from coffers.domain.identity.users import UserNotFound
from coffers.domain.live.events import Origin
from coffers.presentation.access import authenticate, authorize, is_api_key
from coffers.presentation.answers import expected_version
from coffers.presentation.calls import NOBODY, Call
from coffers.presentation.json_bodies import strict_json
from coffers.presentation.limits import ADDRESS, Policy
from coffers.presentation.problems import DeadlineExceeded, UnsupportedMediaType
from coffers.presentation.repetition import Handler, answer_once

if TYPE_CHECKING:
    from coffers.presentation.route import Route

#: Methods that `If-Match` keeps from changing what was changed meanwhile.
CHANGING: Final = frozenset({"PATCH", "PUT", "DELETE"})
_OUR_CHARACTERS: Final = frozenset({"utf-8", "utf8", "us-ascii"})
_CONTROL = re.compile(r"%(0[0-8bcef]|1[0-9a-f]|7f)", re.IGNORECASE)


class QueryInvalid(Invalid):
    """The query string has control characters, or a parameter that is not known or comes twice."""

    slug = "query_invalid"


class AdmittingRoute(APIRoute):
    """A route whose endpoint is reached only through admission."""

    admitted: "Route"

    def __init__(self, *args: Any, **options: Any) -> None:  # Any: as the framework declares them
        super().__init__(*args, **options)
        if _needs_only_the_call(self.dependant):
            self.app = _plain(self._guarded(_with_call(self.endpoint)), asked=self.app)

    def get_route_handler(self) -> Callable[[Request], Any]:  # Any: as the framework declares it
        """The framework's handler, behind admission.

        An endpoint that needs nothing but its call is called straight away when it is asked nothing
        more: solving no dependencies costs the framework as much as the whole of admission.
        """
        return self._guarded(super().get_route_handler())

    def _guarded(self, handler: Handler) -> Handler:
        known = set(_queries(self.dependant))

        async def reached(request: Request) -> Response:
            try:
                return await handler(request)
            except UserNotFound as error:
                if self.admitted.access.is_public or UserNotFound in self.admitted.refusals:
                    raise
                raise TokenInvalid("The account behind this token is gone.") from error

        async def guarded(request: Request) -> Response:
            try:
                response = await admit(self.admitted, request, reached, known)
            finally:
                if self.admitted.is_large:
                    await request.close()
            return _bodiless(response) if request.method == "HEAD" else response

        return guarded


def _queries(dependant: Dependant) -> Iterator[str]:
    """The names of all parameters of the query, those of its dependencies too."""
    yield from (parameter.alias for parameter in dependant.query_params)
    for each in dependant.dependencies:
        yield from _queries(each)


def _needs_only_the_call(dependant: Dependant) -> bool:
    fields = (dependant.path_params, dependant.body_params)
    others = (dependant.header_params, dependant.cookie_params)
    is_asked = any(query.field_info.is_required() for query in dependant.query_params)
    return not is_asked and not any((*fields, *others)) and len(dependant.dependencies) == 1


def _with_call(endpoint: Callable[..., Any]) -> Handler:  # Any: the encoded endpoint
    async def handle(request: Request) -> Response:
        response: Response = await endpoint(call=request.scope["coffers.call"])
        return response

    return handle


def _plain(handler: Handler, *, asked: ASGIApp) -> ASGIApp:
    """Without the framework's stacks of what is to be closed: there is nothing to close.

    A request with a query is `asked`.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["query_string"]:
            await asked(scope, receive, send)
            return
        response = await handler(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


async def admit(route: "Route", request: Request, handler: Handler, known: set[str]) -> Response:
    """The endpoint's answer to an admitted request; raises the refusal otherwise."""
    call = request.scope["coffers.call"] = _call(request, route.policy)
    await _identify(route, call)
    if not route.access.is_public:
        authorize(call.principal, route.access, method=route.method, family=route.family)
    _check_query(request, None if route.takes_any_query else known)
    _check_versions(route, request)
    if route.body is not None:
        await _read_body(request, route.body, is_large=route.is_large)
    try:
        async with asyncio.timeout(route.deadline_s) as deadline:
            if route.takes_idempotency_key and "idempotency-key" in request.headers:
                return await answer_once(route, call, handler)
            return await handler(request)
    except TimeoutError as error:
        if not deadline.expired():
            raise
        detail = "No answer in time; whether the request took effect is unknown."
        raise DeadlineExceeded(detail) from error


def _bodiless(response: Response) -> Response:
    """The same head. A stream is not even begun for it."""
    bare = Response(status_code=response.status_code)
    bare.raw_headers = response.raw_headers
    return bare


async def charge_address(request: Request) -> None:
    """A request for what is not in the registry costs its address a token, whatever it is.

    Raises RateLimitExceeded.
    """
    call = request.scope["coffers.call"] = _call(request, None)
    await call.admit([_address(call)], None)


def _call(request: Request, policy: Policy | None) -> Call:
    """The call before anything is known of the caller but the address."""
    state = request.app.state
    origin = Origin(
        ip_address=request.scope["client_address"],
        user_agent=request.headers.get("user-agent", "").replace("\0", "")[:400] or None,
        trace_id=request.scope["trace_id"],
    )
    return Call(request, state.services, NOBODY, origin, policy and state.policies[policy.name])


async def _identify(route: "Route", call: Call) -> None:
    door = [_address(call)]
    if route.access.is_public:
        if call.policy is not None:
            await call.admit([*door, *_own(call, call.origin.ip_address)], None)
        return
    principal = await _principal(call, door)
    _be(call, principal)
    is_revoked = await call.admit([*door, *_own(call, principal.user_id)], principal.session_id)
    if is_revoked is None and principal.session_id is not None:
        is_revoked = not await call.services.session_lists.is_live(
            principal.user_id, principal.session_id
        )
    if is_revoked:
        raise TokenInvalid("The session of this access token is over.")


async def _principal(call: Call, door: list[Bucket]) -> Principal:
    """Whoever the Bearer token proves. Buckets that were charged on the way leave `door`."""
    authorization = call.request.headers.get("authorization")
    if is_api_key(authorization):
        # Only the database knows keys: guessing one must cost before it is asked.
        await call.admit(door, None)
        door.clear()
    try:
        return await authenticate(call.services, authorization)
    except Unauthenticated:
        if door:
            await call.admit(door, None)
        raise


def _address(call: Call) -> Bucket:
    policies: dict[str, Policy] = call.request.app.state.policies
    return policies[ADDRESS.name].bucket(call.origin.ip_address)


def _be(call: Call, principal: Principal) -> None:
    call.principal = principal
    call.origin = Origin(
        actor_id=principal.user_id,
        ip_address=call.origin.ip_address,
        user_agent=call.origin.user_agent,
        trace_id=call.origin.trace_id,
    )


def _own(call: Call, identity: object) -> list[Bucket]:
    """The route's own bucket, unless it is the address's or only the endpoint knows whose it is."""
    if call.policy is None or call.policy.scope.is_later or call.policy.name == ADDRESS.name:
        return []
    return [call.policy.bucket(identity)]


def _check_query(request: Request, known: set[str] | None) -> None:
    query = request.scope["query_string"]
    if not query:
        return
    if _CONTROL.search(query.decode("latin-1")):
        raise QueryInvalid("The query string has control characters.")
    if known is None:
        return
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise QueryInvalid(
            f"Unknown query parameter; known here: {', '.join(sorted(known)) or 'none'}."
        )
    named = [name for name, _ in request.query_params.multi_items()]
    if len(named) > len(set(named)):
        # All but one would be left out without a word.
        raise QueryInvalid("A query parameter was sent twice.")


def _check_versions(route: "Route", request: Request) -> None:
    """What has no version is none that could be demanded: better refused than overwritten."""
    if route.method not in CHANGING or route.has_versions:
        return
    if expected_version(request) is not None:
        raise PreconditionFailed("What this changes has no ETag that `If-Match` could demand.")


async def _read_body(request: Request, media_type: str, *, is_large: bool) -> None:
    body = b"" if is_large else await request.body()
    content_type = request.headers.get("content-type", "")
    sent = content_type.partition(";")[0].strip().lower()
    if sent != media_type and (body or sent):
        raise UnsupportedMediaType(f"Send {media_type}.")
    _check_encodings(request, content_type)
    if is_large:
        await request.form(max_files=1, max_fields=0)
    if media_type == "application/json" and body:
        request._json = strict_json(body)  # noqa: SLF001 - where Starlette caches what it would parse leniently


def _check_encodings(request: Request, content_type: str) -> None:
    """What is packed, or in other characters than ours, would be taken for something else."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Send the body as it is, without `Content-Encoding`.")
    if "charset" in content_type.lower():
        message = Message()
        message["Content-Type"] = content_type
        if message.get_content_charset() not in _OUR_CHARACTERS:
            raise UnsupportedMediaType("Send the body in UTF-8.")
