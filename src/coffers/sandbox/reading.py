"""The data API: accounts, positions, transactions."""

import re
from datetime import date
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coffers.sandbox.grants import TokenExpired, TokenRefused
from coffers.sandbox.pages import DEFAULT_PAGE, MAX_PAGE, Page, Walk, page_of
from coffers.sandbox.refusals import BEARER, Refused
from coffers.sandbox.sandbox import fault_of, parse_day, sandbox_of
from coffers.sandbox.statement import Statement
from coffers.sandbox.wire import account_document, position_document, transaction_document


async def list_accounts(request: Request) -> Response:
    """Answer all accounts of whoever signed in."""
    sandbox = sandbox_of(request)
    statements = sandbox.bank.statements(_user_name(request), sandbox.today)
    accounts = [account_document(sandbox.seed, statement) for statement in statements]
    return JSONResponse({"accounts": accounts})


async def list_positions(request: Request) -> Response:
    """Answer what is held in an account."""
    statement = _statement(request, sandbox_of(request).today)
    positions = [position_document(statement, position) for position in statement.positions]
    return JSONResponse(_heading(statement) | {"positions": positions})


async def list_transactions(request: Request) -> Response:
    """Answer one page of what happened in an account, oldest first."""
    statement = _statement(request, sandbox_of(request).today)
    walk = _walk(request)
    if walk.as_of != statement.as_of:
        statement = _statement(request, walk.as_of)
    first, last = walk.first or "0", walk.last or "9"
    rows = [row for row in statement.rows if first <= row.movement.day.isoformat() <= last]
    page = page_of(rows, walk, fault_of(request), sandbox_of(request).repeated)
    return JSONResponse(_heading(statement) | _page_document(request, statement, page))


def _page_document(request: Request, statement: Statement, page: Page) -> dict[str, object]:
    token = page.onward.token(sandbox_of(request).seal) if page.onward else None
    return {
        "transactions": [transaction_document(statement, row) for row in page.rows],
        "next_page_token": token,
        "total_count": page.total,
        "revision": page.revision,
    }


def _heading(statement: Statement) -> dict[str, object]:
    return {"account_id": statement.account.id, "as_of": statement.as_of.isoformat()}


def _walk(request: Request) -> Walk:
    """Answer where the reader stands: at the beginning, or where the page token says."""
    sandbox, query = sandbox_of(request), request.query_params
    first, last = query.get("from", ""), query.get("to", "")
    _check_period(first, last)
    account_id = request.path_params["account_id"]
    walk = Walk(account_id, first, last, sandbox.today, _page_size(query.get("page_size")))
    if "page_token" not in query:
        return walk
    resumed = walk.resumed(sandbox.seal, query["page_token"])
    if resumed is None:
        raise Refused(400, "invalid_page_token", "Not a page token of this list.")
    return resumed


def _check_period(first: str, last: str) -> None:
    days = [parse_day(text) for text in (first, last) if text]
    if days != sorted(days):
        raise Refused(400, "invalid_request", "from is after to.")


def _page_size(text: str | None) -> int:
    if text is None:
        return DEFAULT_PAGE
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= MAX_PAGE:
        raise Refused(400, "invalid_request", f"page_size is from 1 to {MAX_PAGE}.")
    return int(text)


def _statement(request: Request, as_of: date) -> Statement:
    user_name = _user_name(request)
    account_id = request.path_params["account_id"]
    statement = sandbox_of(request).bank.statement(user_name, account_id, as_of)
    if statement is None:
        raise Refused(404, "account_not_found", "There is no such account.")
    return statement


def _user_name(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        return sandbox_of(request).grants.user_of(token if scheme.lower() == "bearer" else "")
    except TokenExpired as error:
        raise Refused(401, "token_expired", str(error), BEARER) from error
    except TokenRefused as error:
        raise Refused(401, "invalid_token", str(error), BEARER) from error


ROUTES: Final = [
    Route("/v1/accounts", list_accounts),
    Route("/v1/accounts/{account_id}/positions", list_positions),
    Route("/v1/accounts/{account_id}/transactions", list_transactions),
]
