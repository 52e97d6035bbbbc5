from datetime import UTC, datetime, timedelta

import pytest

from coffers.domain.identity.api_keys import (
    MAX_LIFE,
    MAX_SCOPES,
    ExpiryInvalid,
    ScopeInvalid,
    allows,
    check_expiry,
    check_scopes,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_scopes_are_read_and_write_of_everything_or_of_a_family() -> None:
    scopes = ["read", "write", "accounts:read", "api-keys:write"]

    assert check_scopes(scopes) == frozenset(scopes)


@pytest.mark.parametrize(
    "scopes",
    [[], ["admin"], ["read "], ["read\n"], ["Read"], [":read"], ["a:b:read"], ["x" * 41 + ":read"]],
)
def test_what_is_not_a_scope_is_refused(scopes: list[str]) -> None:
    with pytest.raises(ScopeInvalid):
        check_scopes(scopes)


def test_a_key_has_so_many_scopes_and_no_more() -> None:
    assert check_scopes(["read"] * MAX_SCOPES)

    with pytest.raises(ScopeInvalid):
        check_scopes(["read"] * (MAX_SCOPES + 1))


@pytest.mark.parametrize(
    ("scope", "reads_accounts", "writes_accounts", "reads_holdings"),
    [
        ("read", True, False, True),
        ("write", True, True, True),
        ("accounts:read", True, False, False),
        ("accounts:write", True, True, False),
        ("holdings:write", False, False, True),
    ],
)
def test_to_write_includes_to_read_and_a_family_stays_within_itself(
    scope: str,
    reads_accounts: bool,  # noqa: FBT001 - a row of the table
    writes_accounts: bool,  # noqa: FBT001 - a parameter of the cases
    reads_holdings: bool,  # noqa: FBT001 - a parameter of the cases
) -> None:
    scopes = frozenset({scope})

    assert allows(scopes, family="accounts", writing=False) is reads_accounts
    assert allows(scopes, family="accounts", writing=True) is writes_accounts
    assert allows(scopes, family="holdings", writing=False) is reads_holdings


def test_a_key_ends_ahead_within_ten_years_or_never() -> None:
    assert check_expiry(None, NOON) is None
    assert check_expiry(NOON + MAX_LIFE, NOON) == NOON + MAX_LIFE

    for expiry in (NOON, NOON - timedelta(days=1), NOON + MAX_LIFE + timedelta(microseconds=1)):
        with pytest.raises(ExpiryInvalid):
            check_expiry(expiry, NOON)
