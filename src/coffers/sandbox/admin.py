"""The strings behind the stage: faults, clock, tokens, counters."""

import json
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coffers.sandbox.faults import (
    MAX_PATTERN,
    MAX_RULES,
    MAX_TIMES,
    Fault,
    FaultUnknown,
    Rule,
    parse_fault,
)
from coffers.sandbox.refusals import Refused
from coffers.sandbox.sandbox import bounded_body, parse_day, sandbox_of


async def add_fault(request: Request) -> Response:
    """Put a rule in force."""
    wish = await _wish(request, {"path", "fault", "times"})
    path, fault, times = wish.get("path"), _fault(wish.get("fault")), _times(wish.get("times"))
    if not isinstance(path, str) or not 1 <= len(path) <= MAX_PATTERN:
        raise Refused(400, "invalid_request", "path is a shell pattern.")
    rule = sandbox_of(request).rules.add(path, fault, times)
    if rule is None:
        raise Refused(409, "too_many_faults", f"At most {MAX_RULES} rules.")
    return JSONResponse(_document(rule), 201)


async def list_faults(request: Request) -> Response:
    """Answer the rules in force, oldest first."""
    return JSONResponse({"faults": [_document(rule) for rule in sandbox_of(request).rules]})


async def clear_faults(request: Request) -> Response:
    """Take all rules out of force."""
    sandbox_of(request).rules.clear()
    return Response(status_code=204)


async def remove_fault(request: Request) -> Response:
    """Take one rule out of force."""
    if not sandbox_of(request).rules.remove(request.path_params["rule_id"]):
        raise Refused(404, "not_found", "There is no such rule.")
    return Response(status_code=204)


async def show_clock(request: Request) -> Response:
    """Answer today."""
    return JSONResponse({"today": sandbox_of(request).today.isoformat()})


async def set_clock(request: Request) -> Response:
    """Make another day today."""
    today = (await _wish(request, {"today"})).get("today")
    if not isinstance(today, str):
        raise Refused(400, "invalid_request", "today is a date.")
    try:
        sandbox_of(request).today = parse_day(today)
    except ValueError as error:
        raise Refused(400, "invalid_request", str(error)) from error
    return await show_clock(request)


async def expire_tokens(request: Request) -> Response:
    """Let all access tokens expire."""
    sandbox_of(request).grants.expire_all()
    return Response(status_code=204)


async def revoke_tokens(request: Request) -> Response:
    """Revoke all tokens."""
    sandbox_of(request).grants.revoke_all()
    return Response(status_code=204)


async def show_calls(request: Request) -> Response:
    """Answer how often what was asked."""
    sandbox = sandbox_of(request)
    return JSONResponse({"calls": sandbox.calls, **sandbox.grants.counts})


async def forget_calls(request: Request) -> Response:
    """Count from zero."""
    sandbox = sandbox_of(request)
    sandbox.calls.clear()
    for name in sandbox.grants.counts:
        sandbox.grants.counts[name] = 0
    return Response(status_code=204)


async def show_health(request: Request) -> Response:
    """Answer that the sandbox is up."""
    return JSONResponse({"status": "ok", "today": sandbox_of(request).today.isoformat()})


# Any: whatever JSON somebody sent.
async def _wish(request: Request, names: set[str]) -> dict[str, Any]:
    try:
        wish = json.loads(await bounded_body(request))
    except (ValueError, RecursionError) as error:
        raise Refused(400, "invalid_request", "The body is not JSON.") from error
    if not isinstance(wish, dict) or not wish.keys() <= names:
        raise Refused(400, "invalid_request", f"The body is an object of {sorted(names)}.")
    return wish


def _fault(text: object) -> Fault:
    try:
        return parse_fault(str(text))
    except FaultUnknown as error:
        raise Refused(400, "unknown_fault", str(error)) from error


def _times(times: object) -> int | None:
    if times is None:
        return None
    if type(times) is not int or not 1 <= times <= MAX_TIMES:
        raise Refused(400, "invalid_request", f"times is from 1 to {MAX_TIMES}, or null.")
    return times


def _document(rule: Rule) -> dict[str, str | int | None]:
    return {"id": rule.id, "path": rule.path, "fault": str(rule.fault), "times": rule.times}


ROUTES: Final = [
    Route("/admin/faults", add_fault, methods=["POST"]),
    Route("/admin/faults", list_faults, methods=["GET"]),
    Route("/admin/faults", clear_faults, methods=["DELETE"]),
    Route("/admin/faults/{rule_id:int}", remove_fault, methods=["DELETE"]),
    Route("/admin/clock", show_clock, methods=["GET"]),
    Route("/admin/clock", set_clock, methods=["POST"]),
    Route("/admin/tokens/expire", expire_tokens, methods=["POST"]),
    Route("/admin/tokens/revoke", revoke_tokens, methods=["POST"]),
    Route("/admin/calls", show_calls, methods=["GET"]),
    Route("/admin/calls", forget_calls, methods=["DELETE"]),
    Route("/health", show_health, methods=["GET"]),
]
