"""How to make what a route speaks of: one line for each path that names an object.

A new path with a parameter needs its line here, or `test_routes.py` fails.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from coffers.domain.identity.verifications import Purpose
from coffers.domain.ids import UserId
from coffers.presentation.route import Route
from tests.exporting import an_export
from tests.import_examples import (
    a_layout_to_try,
    a_plan,
    a_statement,
    an_applied_import,
    the_plan_looked_at,
)
from tests.ledgers import ledger_of, position
from tests.letters import token_for
from tests.link_examples import (
    a_callback,
    a_connection,
    a_connection_to_sync,
    a_link_to_begin,
    a_provider,
    an_account_to_sync,
)
from tests.market_examples import (
    a_file_of_prices,
    a_meaning,
    a_price,
    an_action,
    an_asset,
    some_prices,
)
from tests.people import PASSWORD, Person, sign_in
from tests.portfolio_examples import a_portfolio, a_portfolio_being_filled
from tests.promises import description
from tests.recurring_examples import a_recurring_payment
from tests.rule_examples import (
    a_bulk_edit,
    a_rule,
    a_rule_run,
    an_applied_bulk_edit,
    an_applied_rule_run,
    every_rule,
    the_edit_looked_at,
    the_run_looked_at,
)
from tests.transfer_examples import a_transfer, two_legs

#: From the path up to its last parameter to something that makes such an object for a person and
#: answers its concrete path.
Maker = Callable[[Person], Awaitable[str]]


async def _an_error(_: Person) -> str:
    return "/errors/not_found"


async def _myself(person: Person) -> str:
    return f"/users/{person.id}"


async def _myself_to_administrators(person: Person) -> str:
    return f"/admin/users/{person.id}"


async def _a_sign_in(person: Person) -> str:
    await sign_in(person.client, person.email)
    return f"/sessions/{(await person.get('/sessions')).json()['sessions'][0]['id']}"


async def _an_api_key(person: Person) -> str:
    made = await person.post("/api-keys", {"name": "script", "scopes": ["read"]})
    return f"/api-keys/{made.json()['id']}"


async def _an_account(person: Person) -> str:
    draft = {"name": "Cash", "account_type": "cash", "currency": "USD"}
    return f"/accounts/{(await person.post('/accounts', draft)).json()['id']}"


async def _a_holding(person: Person) -> str:
    async with ledger_of(person) as ledger:
        await ledger.hold(await ledger.account(), position())
    return f"/holdings/{(await person.get('/holdings')).json()['holdings'][0]['id']}"


async def _a_transaction(person: Person) -> str:
    made = await person.post("/transactions", await _an_entry(person))
    return f"/transactions/{made.json()['id']}"


async def _a_reconciliation(person: Person) -> str:
    path = await _a_known_account(person)
    statement = {"statement_date": "2026-03-01", "stated_balance": "5.00"}
    made = await person.post(f"{path}/reconciliations", statement)
    return f"/reconciliations/{made.json()['id']}"


async def _a_known_account(person: Person) -> str:
    """One whose balance is known, since it is known what it opened with."""
    async with ledger_of(person) as ledger:
        known = await ledger.purse(balance=Decimal("5.00"), opening_balance=Decimal("5.00"))
    return f"/accounts/{known.id}"


async def _an_entry(person: Person) -> object:
    async with ledger_of(person) as ledger:
        account_id = str((await ledger.purse()).id)
    entry = {"amount": "-3.50", "transaction_date": "2026-03-01", "description": "Coffee"}
    return {"account_id": account_id, **entry}


async def _a_rate(person: Person) -> str:
    rate = {"base_currency": "EUR", "quote_currency": "XAU", "date": "2026-03-02", "rate": "0.0004"}
    made = await person.post("/exchange-rates", {"exchange_rates": [rate]})
    return f"/exchange-rates/own/{made.json()['exchange_rates'][0]['id']}"


async def _a_category(person: Person) -> str:
    draft = {"name": f"Coffee {uuid4()}", "kind": "expense", "icon": "☕️"}
    return f"/categories/{(await person.post('/categories', draft)).json()['id']}"


async def _a_budget(person: Person) -> str:
    draft = {"name": "Food", "amount": "400.00", "currency": "USD"}
    period = {"period": "month", "starts_on": "2026-01-01"}
    return f"/budgets/{(await person.post('/budgets', draft | period)).json()['id']}"


EXAMPLES: dict[str, Maker] = {
    "/budgets/{budget_id}": _a_budget,
    "/exchange-rates/own/{exchange_rate_id}": _a_rate,
    "/assets/{asset_id}": an_asset,
    "/assets/{asset_id}/prices/{price_date}": a_price,
    "/assets/{asset_id}/corporate-actions/{action_id}": an_action,
    "/providers/{slug}": a_provider,
    "/connections/{connection_id}": a_connection,
    "/accounts/{account_id}": _an_account,
    "/holdings/{holding_id}": _a_holding,
    "/transactions/{transaction_id}": _a_transaction,
    "/reconciliations/{reconciliation_id}": _a_reconciliation,
    "/imports/{import_id}": a_plan,
    "/transfers/{transfer_id}": a_transfer,
    "/recurring/{recurring_id}": a_recurring_payment,
    "/categories/{category_id}": _a_category,
    "/rules/{rule_id}": a_rule,
    "/rule-runs/{run_id}": a_rule_run,
    "/bulk-edits/{edit_id}": a_bulk_edit,
    "/portfolios/{portfolio_id}": a_portfolio,
    "/errors/{slug}": _an_error,
    "/users/{user_id}": _myself,
    "/admin/users/{user_id}": _myself_to_administrators,
    "/sessions/{session_id}": _a_sign_in,
    "/api-keys/{api_key_id}": _an_api_key,
}
#: Those that are nobody's: other people see them too.
SHARED = {"/errors/{slug}", "/providers/{slug}"}
#: Operation → an object that it can work with, where just any cannot.
FITTING: dict[str, Maker] = {
    "sync_holdings": an_account_to_sync,
    "get_daily_balances": _a_known_account,
    "get_portfolio_back_fill": a_portfolio_being_filled,
    "create_reconciliation": _a_known_account,
    "revert_import": an_applied_import,
    "revert_rule_run": an_applied_rule_run,
    "revert_bulk_edit": an_applied_bulk_edit,
}


async def _my_refresh_token(person: Person) -> object:
    return {"refresh_token": person.refresh_token}


async def _my_credentials(person: Person) -> object:
    return {"email": person.email, "password": PASSWORD}


async def _a_new_account(person: Person) -> object:
    return {"email": f"friend-of-{person.email}", "password": PASSWORD}


async def _my_password(_: Person) -> object:
    return {"password": PASSWORD}


async def _my_next_password(_: Person) -> object:
    return {"current_password": PASSWORD, "new_password": f"{PASSWORD}, changed"}


async def _my_verification(person: Person) -> object:
    user_id = UserId(UUID(person.id))
    return {"token": await token_for(person.client, user_id, Purpose.EMAIL_VERIFICATION)}


async def _my_reset(person: Person) -> object:
    user_id = UserId(UUID(person.id))
    token = await token_for(person.client, user_id, Purpose.PASSWORD_RESET)
    return {"token": token, "new_password": f"{PASSWORD}, reset"}


async def _a_promotion(_: Person) -> object:
    return {"roles": ["admin"], "is_active": True}


#: Operation → a body that works for this person, where the documented example cannot.
BODIES: dict[str, Callable[[Person], Awaitable[object]]] = {
    "order_rules": every_rule,
    "apply_rule_run": the_run_looked_at,
    "apply_bulk_edit": the_edit_looked_at,
    "create_connection": a_link_to_begin,
    "complete_connection": a_callback,
    "sync_accounts": a_connection_to_sync,
    "sync_transactions": a_connection_to_sync,
    "add_transaction": _an_entry,
    "create_import": a_statement,
    "preview_import": a_layout_to_try,
    "restore_export": an_export,
    "apply_import": the_plan_looked_at,
    "register_user": _a_new_account,
    "create_session": _my_credentials,
    "refresh_tokens": _my_refresh_token,
    "erase_current_user": _my_password,
    "change_password": _my_next_password,
    "verify_email": _my_verification,
    "reset_password": _my_reset,
    "change_user": _a_promotion,
    "name_transfer": two_legs,
    "link_asset": a_meaning,
    "keep_prices": some_prices,
    "upload_prices": a_file_of_prices,
}


#: Operation → what it cannot do without.
QUERIES = {
    "get_envelopes": "?month=2026-03",
    "list_latest_prices": "?symbols=AAPL,MSFT",
    "get_indicators": "?names=sma_20,macd_12_26_9",
    "list_exchange_rates": "?base=EUR&quote=USD&date=2026-03-02",
    "get_balance_history": "?start_date=2026-01-01T00:00:00Z&end_date=2026-12-31T00:00:00Z",
}


def template_of(route: Route) -> str:
    """The path up to its last parameter: what EXAMPLES are filed under."""
    return route.path[: route.path.rindex("}") + 1]


async def path_for(route: Route, person: Person) -> str:
    """The route's path with an object of this person's, made now."""
    if "{" not in route.path:
        return address_of(route, route.path)
    template = template_of(route)
    made = await FITTING.get(route.endpoint.__name__, EXAMPLES[template])(person)
    return address_of(route, made + route.path.removeprefix(template))


def address_of(route: Route, path: str) -> str:
    """The whole address; the client's own base has the prefix of the API in it."""
    path += QUERIES.get(route.endpoint.__name__, "")
    return f"http://test{path}" if route.is_root else path


async def body_for(route: Route, person: Person) -> Any:
    """A body that works, None for a route without one."""
    if route.body is None:
        return None
    maker = BODIES.get(route.endpoint.__name__)
    return await maker(person) if maker else documented_body(route)


def documented_body(route: Route) -> Any:
    """The example that the description shows."""
    operation = description()["paths"][route.full_path][route.method.lower()]
    return operation["requestBody"]["content"][route.body]["example"]
