"""A request with an idempotency key takes effect once, and is answered alike each time."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from coffers.application.unit_of_work import IdempotencyClaim, RequestStillRunning, StoredAnswer
from coffers.domain.errors import BadRequest, DomainError, Invalid
from coffers.presentation.calls import Call
from coffers.presentation.form_bodies import without_boundary
from coffers.presentation.problems import status_of

if TYPE_CHECKING:
    from coffers.presentation.route import Route

Handler = Callable[[Request], Awaitable[Response]]

#: Bytes of a large file that are read at a time.
_PIECE: Final = 1024 * 1024
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS: Final = ("location", "etag", "content-type", "link")
#: Refusals that another try may not meet again are not remembered.
_FORGOTTEN: Final = frozenset({401, 403, 408, 409, 429})


class IdempotencyKeyInvalid(BadRequest):
    """`Idempotency-Key` is 1 to 255 printable ASCII characters."""

    slug = "idempotency_key_invalid"


class IdempotencyKeyReused(Invalid):
    """This key came before with another request."""

    slug = "idempotency_key_reused"


async def answer_once(route: "Route", call: Call, handler: Handler) -> Response:
    """The endpoint's answer, stored with its effect; or the one that was given before.

    Raises IdempotencyKeyInvalid, IdempotencyKeyReused, RequestStillRunning.
    """
    claim = await _claim(route, call)
    known = await call.services.idempotency_keys.find(claim, call.services.clock.now())
    if known is not None and known.status is not None:
        return _replay(claim, known)
    call.claim = claim
    try:
        response = await handler(call.request)
    except RequestStillRunning as refusal:
        return await _answer_of_the_other(call, claim, refusal)
    except DomainError as refusal:
        return await _settle_refusal(call, refusal)
    except BaseException:
        await asyncio.shield(call.uow.abandon())
        raise
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    fingerprint = claim.fingerprint
    await call.uow.settle(
        StoredAnswer(fingerprint, response.status_code, headers, bytes(response.body))
    )
    return response


async def _claim(route: "Route", call: Call) -> IdempotencyClaim:
    request = call.request
    key = request.headers["idempotency-key"]
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyInvalid("`Idempotency-Key` is 1 to 255 printable ASCII characters.")
    scope = (
        f"{route.method} {route.path}" if route.access.is_public else str(call.principal.user_id)
    )
    line = f"{route.method} {request.scope['path']}?".encode(errors="replace")
    body = await (_digest(request) if route.is_large else _body(request))
    content = line + request.scope["query_string"] + b"\n" + body
    return call.services.idempotency_keys.claim(scope, key, content)


async def _body(request: Request) -> bytes:
    return without_boundary(await request.body(), request.headers.get("content-type", ""))


async def _digest(request: Request) -> bytes:
    """Of a form that went to disk: the names of its files and a hash of what is in them."""
    digest = hashlib.sha256()
    for name, file in (await request.form()).multi_items():
        digest.update(f"{name}\n".encode(errors="replace"))
        if isinstance(file, UploadFile):
            while piece := await file.read(_PIECE):
                digest.update(piece)
            await file.seek(0)
    return digest.digest()


def _replay(claim: IdempotencyClaim, known: StoredAnswer) -> Response:
    if known.fingerprint != claim.fingerprint:
        raise IdempotencyKeyReused("This idempotency key was used for another request.")
    headers = {**known.headers, "Idempotency-Replayed": "true"}
    return Response(known.body, known.status or 200, headers=headers)


async def _answer_of_the_other(
    call: Call, claim: IdempotencyClaim, refusal: DomainError
) -> Response:
    """The key is held by another request: its answer if it has one by now, else the refusal."""
    known = await call.services.idempotency_keys.find(claim, call.services.clock.now())
    if known is None or known.status is None:
        if known is not None and known.fingerprint != claim.fingerprint:
            raise IdempotencyKeyReused("This idempotency key was used for another request.")
        raise refusal
    return _replay(claim, known)


async def _settle_refusal(call: Call, refusal: DomainError) -> Response:
    """Remember a refusal that would come again, in the same commit as what it left behind.

    Forget the others.
    """
    status = status_of(type(refusal))
    if status >= 500 or status in _FORGOTTEN:  # noqa: PLR2004 - server errors
        if call.uow.is_held:
            await call.uow.commit_claim()
        await call.uow.abandon()
        raise refusal
    pages = call.request.app.state.problem_pages
    response: Response = pages.response(
        refusal, path=call.request.url.path, trace_id=call.request.scope["trace_id"]
    )
    headers = {"content-type": response.headers["content-type"]}
    claim = call.claim
    fingerprint = claim.fingerprint if claim else ""
    await call.uow.settle(StoredAnswer(fingerprint, status, headers, bytes(response.body)))
    return response
