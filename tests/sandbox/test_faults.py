import json
import time
import zlib
from collections import Counter

import httpx
import pytest

from coffers.sandbox.faults import (
    HOSTILE_KINDS,
    MAX_HANG_S,
    MAX_OVERSIZED_MIB,
    Fault,
    FaultUnknown,
    parse_fault,
)
from tests.sandbox.running import Visitor, error_of, ids, running_sandbox

ACCOUNTS = "/v1/accounts"
CARD = "/v1/accounts/ys-card/transactions"
PAGE = {"page_size": "10", "from": "2026-06-01"}


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("expired_token", 401, "token_expired"),
        ("unauthorized", 401, "invalid_token"),
        ("rate_limited", 429, "rate_limited"),
        ("gone", 410, "gone"),
        ("error", 500, "internal_error"),
        ("error:503", 503, "internal_error"),
        ("hang:0", 504, "internal_error"),
    ],
)
def test_a_fault_answers_with_its_status(
    saver: Visitor, fault: str, status: int, code: str
) -> None:
    assert error_of(saver.get(ACCOUNTS, fault=fault)) == (status, code)
    assert saver.get(ACCOUNTS).status_code == 200


def test_a_refused_token_is_announced_as_such(saver: Visitor) -> None:
    answer = saver.get(ACCOUNTS, fault="expired_token")

    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_a_rate_limit_says_how_long(saver: Visitor) -> None:
    assert saver.get(ACCOUNTS, fault="rate_limited").headers["retry-after"] == "2"
    assert saver.get(ACCOUNTS, fault="rate_limited:17").headers["retry-after"] == "17"


def test_html_comes_with_200(saver: Visitor) -> None:
    answer = saver.get(ACCOUNTS, fault="html")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<!doctype html>")


def test_a_redirect_leads_nowhere(saver: Visitor) -> None:
    answer = saver.get(ACCOUNTS, fault="redirect")

    assert (answer.status_code, answer.headers["location"]) == (302, "http://127.0.0.1:1/")


def test_truncated_json_is_half_of_the_truth(saver: Visitor) -> None:
    whole = saver.get(ACCOUNTS).content

    answer = saver.get(ACCOUNTS, fault="truncated_json")

    assert answer.content == whole[: len(whole) // 2]
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_a_cut_connection_ends_before_the_promised_length(saver: Visitor) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        saver.get(ACCOUNTS, fault="truncated_json:connection")

    assert saver.get(ACCOUNTS).status_code == 200


def test_a_slow_drip_is_the_truth_byte_by_byte(saver: Visitor) -> None:
    path = "/v1/accounts/ys-checking/positions"
    whole = saver.get(path).content
    begun = time.monotonic()

    answer = saver.get(path, fault="slow_drip:2")

    assert answer.content == whole
    assert time.monotonic() - begun > 0.001 * len(whole)


def test_a_drip_outlasts_every_read_timeout(saver: Visitor) -> None:
    headers = {
        "Authorization": f"Bearer {saver.tokens['access_token']}",
        "X-Sandbox-Fault": "slow_drip:20",
    }
    begun = time.monotonic()

    with saver.http.stream("GET", ACCOUNTS, headers=headers, timeout=0.5) as answer:
        for _ in answer.iter_raw():
            if time.monotonic() - begun > 0.8:
                break

    assert time.monotonic() - begun > 0.8


def test_what_hangs_sends_nothing(saver: Visitor) -> None:
    headers = {
        "Authorization": f"Bearer {saver.tokens['access_token']}",
        "X-Sandbox-Fault": "hang",
    }

    with pytest.raises(httpx.ReadTimeout):
        saver.http.get(ACCOUNTS, headers=headers, timeout=0.3)

    assert saver.get(ACCOUNTS).status_code == 200


def test_a_zip_bomb_inflates_a_thousandfold(saver: Visitor) -> None:
    headers = {
        "Authorization": f"Bearer {saver.tokens['access_token']}",
        "X-Sandbox-Fault": "zip_bomb",
    }
    inflater, inflated = zlib.decompressobj(wbits=31), 0

    with saver.http.stream("GET", ACCOUNTS, headers=headers) as answer:
        packed = b"".join(answer.iter_raw())
    rest = packed
    while not inflater.eof:
        inflated += len(inflater.decompress(rest, 1 << 22))
        rest = inflater.unconsumed_tail

    assert answer.headers["content-encoding"] == "gzip"
    assert len(packed) < 300_000
    assert inflated == 200 * (1 << 20) + 2


def test_an_oversized_body_is_as_large_as_wished(saver: Visitor) -> None:
    answer = saver.get(ACCOUNTS, fault="oversized:3")

    assert len(answer.content) == 3 * (1 << 20) + 2
    assert answer.json() == {}


def test_the_list_that_changes_while_it_is_paged_repeats_one_row_and_misses_one(
    saver: Visitor,
) -> None:
    true = ids(saver.pages("ys-card", PAGE))

    pages = saver.pages("ys-card", PAGE, fault="mutation_while_paging")

    seen = Counter(ids(pages))
    assert len(pages) > 2
    assert [row for row, times in seen.items() if times == 2] == [true[9], *true[29:30]]
    assert set(true) - set(seen) == {*true[19:20], *true[39:40]}
    assert len({page["revision"] for page in pages}) == len(pages)
    assert len({page["total_count"] for page in pages}) == 2


def test_a_repeated_page_names_itself_for_ever(saver: Visitor) -> None:
    first, *others = saver.pages("ys-card", PAGE, fault="repeated_page", limit=5)

    assert {page["next_page_token"] for page in others} == {first["next_page_token"]}
    assert all(page["transactions"] == others[0]["transactions"] for page in others)


def test_even_a_single_page_is_repeated(saver: Visitor) -> None:
    late = {"from": "2026-06-29"}

    pages = saver.pages("ys-card", late, fault="repeated_page", limit=4)

    assert len(pages) == 4
    assert len({page["next_page_token"] for page in pages}) == 1


def test_a_page_repeated_twice_lets_the_walk_go_on(saver: Visitor) -> None:
    true = ids(saver.pages("ys-card", PAGE))

    for _ in range(2):
        seen = ids(saver.pages("ys-card", PAGE, fault="repeated_page:twice"))

        assert list(dict.fromkeys(seen)) == true
        assert Counter(seen) == Counter(true[:10] + 2 * true[10:])


def test_an_endless_cursor_never_ends_and_never_repeats_itself(saver: Visitor) -> None:
    count = len(ids(saver.pages("ys-card", PAGE)))

    pages = saver.pages("ys-card", PAGE, fault="endless_cursor", limit=20)

    assert len(pages) == 20
    assert len(set(ids(pages))) == 200 > count
    assert len({page["next_page_token"] for page in pages}) == 20


def test_an_endless_cursor_may_be_empty(saver: Visitor) -> None:
    pages = saver.pages("ys-card", PAGE, fault="endless_cursor:empty", limit=5)
    nothing = saver.pages("ys-card", {"from": "2030-01-01"}, fault="endless_cursor", limit=5)

    assert [len(page["transactions"]) for page in pages] == [10, 0, 0, 0, 0]
    assert len({page["next_page_token"] for page in pages}) == 5
    assert [len(page["transactions"]) for page in nothing] == [0, 0, 0, 0, 0]


def test_a_row_can_go_missing(saver: Visitor) -> None:
    accounts = saver.get(ACCOUNTS, fault="without:ys-savings").json()["accounts"]
    positions = saver.get(
        "/v1/accounts/ys-brokerage/positions", fault="without:ys-brokerage:TMKX"
    ).json()["positions"]

    assert [row["id"] for row in accounts] == ["ys-checking", "ys-card", "ys-brokerage"]
    assert [row["symbol"] for row in positions] == ["WRLX"]


def test_each_of_the_first_rows_is_spoilt_in_its_own_way(saver: Visitor) -> None:
    true = saver.get(CARD).json()["transactions"]

    answer = saver.get(CARD, fault="hostile_values")

    rows = json.loads(answer.content)["transactions"]
    assert len(rows) == len(true)
    spoilt = [number for number, row in enumerate(rows) if row != true[number]]
    assert spoilt == list(range(len(HOSTILE_KINDS)))
    values = [rows[0]["amount"], rows[1]["amount"], rows[2]["date"], rows[6]["amount"]]
    assert values == ["NaN", "1E+999", "9999-12-31", "-0.00"]
    assert "\0" in rows[3]["description"]
    assert len(rows[4]["description"]) == 1 << 20
    assert rows[5]["id"] == rows[4]["id"]
    assert rows[7]["type"] == "quantum"
    assert isinstance(rows[8]["amount"], float)
    assert b'"amount": NaN' in answer.content
    assert "id" not in rows[10]
    assert rows[11]["description"] == "\ud800"


@pytest.mark.parametrize("kind", HOSTILE_KINDS)
@pytest.mark.parametrize(
    ("path", "name"),
    [
        (ACCOUNTS, "accounts"),
        ("/v1/accounts/ys-brokerage/positions", "positions"),
        (CARD, "transactions"),
    ],
)
def test_all_rows_can_be_spoilt_in_one_way(saver: Visitor, kind: str, path: str, name: str) -> None:
    query = {"page_size": "3"} if name == "transactions" else {}
    true = saver.get(path, **query).json()[name]

    rows = json.loads(saver.get(path, fault=f"hostile_values:{kind}", **query).content)[name]

    if kind == "year" and name == "positions":
        assert rows == true
    elif kind == "duplicate":
        assert {row["id"] for row in rows} == {true[-1]["id"]}
    else:
        assert all(spoilt != row for spoilt, row in zip(rows, true, strict=True))


def test_a_refusal_is_not_spoilt(visitor: Visitor) -> None:
    visitor.rule("/v1/*", "hostile_values")
    visitor.rule("/oauth/*", "without:x")

    assert error_of(visitor.http.get(ACCOUNTS)) == (401, "invalid_token")
    assert visitor.http.get("/oauth/authorize").status_code == 400


def test_the_token_endpoint_can_be_struck_too(saver: Visitor) -> None:
    saver.rule("/oauth/token", "error:502", times=1)

    struck, well = (saver.refresh(saver.tokens["refresh_token"]) for _ in range(2))

    assert (struck.status_code, well.status_code) == (502, 200)


def test_a_fault_may_be_in_force_from_the_beginning() -> None:
    with running_sandbox(faults=[("/v1/accounts*", "gone")]) as url:
        visitor = Visitor(url).sign_in()
        answer = visitor.get(ACCOUNTS)
        visitor.close()

    assert error_of(answer) == (410, "gone")


@pytest.mark.parametrize(
    "text",
    [
        "nothing",
        "",
        "gone:1",
        "rate_limited:soon",
        "rate_limited:-1",
        "rate_limited:3601",
        "rate_limited:١",
        "rate_limited:1234567",
        "error:499",
        "error:600",
        "slow_drip:0",
        "slow_drip:10001",
        f"hang:{MAX_HANG_S + 1}",
        f"oversized:{MAX_OVERSIZED_MIB + 1}",
        "oversized:0",
        "truncated_json:third",
        "repeated_page:thrice",
        "hostile_values:friendly",
        "without",
    ],
)
def test_a_fault_that_does_not_exist_is_refused(saver: Visitor, text: str) -> None:
    with pytest.raises(FaultUnknown):
        parse_fault(text)
    if text.isascii() and text:
        assert error_of(saver.get(ACCOUNTS, fault=text)) == (400, "unknown_fault")


def test_a_fault_reads_as_it_is_written() -> None:
    assert parse_fault("without:ys-brokerage:TMKX") == Fault("without", "ys-brokerage:TMKX")
    assert str(parse_fault("rate_limited")) == "rate_limited:2"
    assert str(parse_fault("gone")) == "gone"
