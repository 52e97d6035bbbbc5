from datetime import date

import pytest

from coffers.sandbox.faults import parse_fault
from coffers.sandbox.pages import MAX_PAGE, MAX_REPEATED, Walk, page_of
from tests.sandbox.running import TODAY, Visitor, error_of, ids

LARGE = {"page_size": "500"}
CARD = "/v1/accounts/ys-card/transactions"


def test_everybody_sees_their_own_accounts_only(visitor: Visitor) -> None:
    seen = {}
    for name in ("young-saver", "active-trader", "retiree"):
        accounts = visitor.sign_in(name).get("/v1/accounts").json()["accounts"]
        seen[name] = [account["id"] for account in accounts]

    assert seen["young-saver"] == ["ys-checking", "ys-savings", "ys-card", "ys-brokerage"]
    assert seen["active-trader"] == ["at-checking", "at-margin", "at-crypto"]
    assert len(seen["retiree"]) == 8


@pytest.mark.parametrize("account_id", ["at-margin", "nothing", "%00", "ys-card%2F.."])
@pytest.mark.parametrize("of", ["positions", "transactions"])
def test_the_account_of_somebody_else_does_not_exist(
    saver: Visitor, account_id: str, of: str
) -> None:
    answer = saver.get(f"/v1/accounts/{account_id}/{of}")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] in {"account_not_found", "not_found"}


def test_owed_money_is_positive_on_cards_and_mortgages(saver: Visitor) -> None:
    accounts = {row["id"]: row for row in saver.get("/v1/accounts").json()["accounts"]}
    owed = saver.sign_in("retiree").get("/v1/accounts").json()["accounts"][4]

    assert float(accounts["ys-card"]["balance"]) > 0
    assert float(owed["balance"]) > 0
    assert (owed["type"], owed["opening_balance"], owed["available"]) == (
        "mortgage",
        "186400.00",
        None,
    )


def test_a_bank_account_holds_nothing(saver: Visitor) -> None:
    answer = saver.get("/v1/accounts/ys-checking/positions")

    assert answer.json() == {
        "account_id": "ys-checking",
        "as_of": "2026-06-30",
        "positions": [],
    }


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer made.up", "Basic Zm9vOmJhcg=="])
def test_without_a_good_token_nothing_is_told(visitor: Visitor, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}

    for path in ("/v1/accounts", CARD, "/v1/accounts/ys-card/positions"):
        answer = visitor.http.get(path, headers=headers)

        assert error_of(answer) == (401, "invalid_token")
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_pages_are_complete_oldest_first_and_each_row_once(saver: Visitor) -> None:
    whole = ids(saver.pages("ys-card", LARGE))

    assert ids(saver.pages("ys-card", {"page_size": "77"})) == whole
    assert len(set(whole)) == len(whole)
    pages = saver.pages("ys-card", LARGE)
    assert {page["total_count"] for page in pages} == {len(whole)}
    assert len({page["revision"] for page in pages}) == 1
    days = [row["date"] for page in pages for row in page["transactions"]]
    assert days == sorted(days)


def test_the_default_page_has_a_hundred_rows(saver: Visitor) -> None:
    assert len(saver.get(CARD).json()["transactions"]) == 100


def test_a_period_is_inclusive_at_both_ends(saver: Visitor) -> None:
    whole = [row for page in saver.pages("ys-card", LARGE) for row in page["transactions"]]

    period = saver.pages("ys-card", {"from": "2025-03-14", "to": "2025-03-20"})

    wanted = [row["id"] for row in whole if "2025-03-14" <= row["date"] <= "2025-03-20"]
    assert ids(period) == wanted
    assert {"2025-03-14", "2025-03-20"} <= {row["date"] for row in period[0]["transactions"]}


def test_an_open_period_reaches_to_the_end(saver: Visitor) -> None:
    late = saver.pages("ys-card", {"from": "2026-06-01"})
    early = saver.pages("ys-card", LARGE | {"to": "2026-05-31"})

    assert ids(early) + ids(late) == ids(saver.pages("ys-card", LARGE))


def test_a_walk_sees_the_day_on_which_it_began(saver: Visitor) -> None:
    whole = ids(saver.pages("ys-card", LARGE))
    first = saver.get(CARD, page_size="500").json()

    saver.set_today(date(2026, 9, 30))

    page, seen = first, ids([first])
    while page["next_page_token"]:
        page = saver.get(CARD, page_size="500", page_token=page["next_page_token"]).json()
        seen += ids([page])
        assert (page["as_of"], page["revision"]) == ("2026-06-30", first["revision"])
    assert seen == whole
    assert len(ids(saver.pages("ys-card", LARGE))) > len(whole)


def test_a_page_may_be_read_again(saver: Visitor) -> None:
    token = saver.get(CARD).json()["next_page_token"]

    assert saver.get(CARD, page_token=token).json() == saver.get(CARD, page_token=token).json()


@pytest.mark.parametrize(
    "query",
    [
        {"page_size": "0"},
        {"page_size": str(MAX_PAGE + 1)},
        {"page_size": "-1"},
        {"page_size": "ten"},
        {"page_size": "١٠"},
        {"page_size": ""},
        {"from": "2026-02-30"},
        {"from": "20260201"},
        {"to": "2026-2-1"},
        {"from": "2026-02-02", "to": "2026-02-01"},
    ],
)
def test_what_cannot_be_read_is_refused(saver: Visitor, query: dict[str, str]) -> None:
    assert error_of(saver.get(CARD, **query)) == (400, "invalid_request")


def test_a_page_token_is_good_for_its_own_list_only(saver: Visitor) -> None:
    token = saver.get(CARD).json()["next_page_token"]

    for path, query in (
        (CARD, {"page_token": f"{token}0"}),
        (CARD, {"page_token": ""}),
        (CARD, {"page_token": token, "from": "2025-01-01"}),
        ("/v1/accounts/ys-checking/transactions", {"page_token": token}),
    ):
        assert error_of(saver.get(path, **query)) == (400, "invalid_page_token")


def test_unknown_paths_and_methods_speak_the_same_language(visitor: Visitor) -> None:
    assert error_of(visitor.http.get("/v1/nothing")) == (404, "not_found")
    assert error_of(visitor.http.get("/v1/accounts/")) == (404, "not_found")
    assert error_of(visitor.http.post("/v1/accounts")) == (405, "method_not_allowed")


def test_what_is_repeated_twice_is_remembered_up_to_a_limit() -> None:
    repeated: set[str] = set()
    fault = parse_fault("repeated_page:twice")
    for offset in range(MAX_REPEATED + 1):
        page_of([], Walk("x", "", "", TODAY, 10, offset, 2), fault, repeated)

    assert len(repeated) == 1
