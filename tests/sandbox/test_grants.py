import pytest

from coffers.sandbox import grants as limits
from coffers.sandbox.grants import GrantRefused, Grants, TokenExpired, TokenRefused, Tokens
from coffers.sandbox.seals import MAX_SEALED, Seal

URI = "http://127.0.0.1:9/callback"
# RFC 7636, appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class FakeTime:
    """A clock that ticks once at each look, so that no two instants are the same."""

    def __init__(self) -> None:
        self.now = 1_000 * limits.SECOND

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def pass_by(self, seconds: int) -> None:
        self.now += seconds * limits.SECOND


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def grants(time: FakeTime) -> Grants:
    return Grants(Seal(1), 300, time)


def sign_in(grants: Grants) -> Tokens:
    return grants.redeem(grants.code("retiree", URI, CHALLENGE), URI, VERIFIER)


def test_a_code_opens_what_its_owner_allowed(grants: Grants) -> None:
    tokens = sign_in(grants)

    assert grants.user_of(tokens.access) == "retiree"
    assert tokens.expires_in == 300


def test_a_code_is_good_for_a_minute(grants: Grants, time: FakeTime) -> None:
    code = grants.code("retiree", URI, CHALLENGE)
    time.pass_by(60)

    with pytest.raises(GrantRefused):
        grants.redeem(code, URI, VERIFIER)


def test_a_code_that_comes_back_ends_the_sign_in(grants: Grants) -> None:
    code = grants.code("retiree", URI, CHALLENGE)
    tokens = grants.redeem(code, URI, VERIFIER)

    with pytest.raises(GrantRefused):
        grants.redeem(code, URI, VERIFIER)
    with pytest.raises(TokenRefused):
        grants.user_of(tokens.access)
    with pytest.raises(GrantRefused):
        grants.refresh(tokens.refresh)


@pytest.mark.parametrize(("uri", "verifier"), [(f"{URI}/other", VERIFIER), (URI, f"{VERIFIER}x")])
def test_a_code_needs_its_own_address_and_verifier(grants: Grants, uri: str, verifier: str) -> None:
    code = grants.code("retiree", URI, CHALLENGE)

    with pytest.raises(GrantRefused):
        grants.redeem(code, uri, verifier)


def test_an_access_token_runs_out(grants: Grants, time: FakeTime) -> None:
    tokens = sign_in(grants)
    time.pass_by(300)

    with pytest.raises(TokenExpired):
        grants.user_of(tokens.access)


def test_a_refresh_token_runs_out_after_thirty_days(grants: Grants, time: FakeTime) -> None:
    tokens = sign_in(grants)
    time.pass_by(30 * 24 * 3600)

    with pytest.raises(GrantRefused):
        grants.refresh(tokens.refresh)


def test_a_refresh_token_is_good_once_and_its_sign_in_survives_a_quick_repetition(
    grants: Grants,
) -> None:
    first = sign_in(grants)
    second = grants.refresh(first.refresh)

    with pytest.raises(GrantRefused):
        grants.refresh(first.refresh)

    assert grants.refresh(second.refresh).refresh != second.refresh


def test_a_refresh_token_used_again_late_ends_the_sign_in(grants: Grants, time: FakeTime) -> None:
    first = sign_in(grants)
    second = grants.refresh(first.refresh)
    time.pass_by(limits.REUSE_GRACE_S + 1)

    with pytest.raises(GrantRefused):
        grants.refresh(first.refresh)
    with pytest.raises(GrantRefused):
        grants.refresh(second.refresh)
    with pytest.raises(TokenRefused):
        grants.user_of(second.access)


def test_a_restarted_sandbox_honours_its_tokens_and_goes_on_rotating(
    grants: Grants, time: FakeTime
) -> None:
    tokens = grants.refresh(sign_in(grants).refresh)

    restarted = Grants(Seal(1), 300, time)

    assert restarted.user_of(tokens.access) == "retiree"
    assert restarted.user_of(restarted.refresh(tokens.refresh).access) == "retiree"
    with pytest.raises(GrantRefused):
        restarted.refresh(tokens.refresh)


def test_another_seed_honours_nothing(grants: Grants, time: FakeTime) -> None:
    tokens = sign_in(grants)

    with pytest.raises(TokenRefused):
        Grants(Seal(2), 300, time).user_of(tokens.access)


def test_a_refresh_token_is_no_access_token(grants: Grants) -> None:
    tokens = sign_in(grants)

    with pytest.raises(TokenRefused):
        grants.user_of(tokens.refresh)
    with pytest.raises(GrantRefused):
        grants.refresh(tokens.access)


def test_revoking_an_access_token_ends_only_it(grants: Grants) -> None:
    tokens = sign_in(grants)
    grants.revoke(tokens.access)

    with pytest.raises(TokenRefused):
        grants.user_of(tokens.access)
    assert grants.user_of(grants.refresh(tokens.refresh).access) == "retiree"


def test_revoking_a_refresh_token_ends_the_sign_in(grants: Grants) -> None:
    tokens = sign_in(grants)
    grants.revoke(tokens.refresh)

    with pytest.raises(TokenRefused):
        grants.user_of(tokens.access)
    with pytest.raises(GrantRefused):
        grants.refresh(tokens.refresh)


def test_expiring_all_leaves_the_refresh_tokens(grants: Grants) -> None:
    tokens = sign_in(grants)
    grants.expire_all()

    with pytest.raises(TokenExpired):
        grants.user_of(tokens.access)
    assert grants.user_of(grants.refresh(tokens.refresh).access) == "retiree"


def test_revoking_all_leaves_nothing_but_new_sign_ins(grants: Grants) -> None:
    tokens = sign_in(grants)
    grants.revoke_all()

    with pytest.raises(TokenRefused):
        grants.user_of(tokens.access)
    with pytest.raises(GrantRefused):
        grants.refresh(tokens.refresh)
    assert grants.user_of(sign_in(grants).access) == "retiree"


def test_grants_are_counted_and_so_are_attempts(grants: Grants) -> None:
    tokens = sign_in(grants)
    grants.refresh(tokens.refresh)
    with pytest.raises(GrantRefused):
        grants.refresh(tokens.refresh)

    assert grants.counts == {"code_grants": 1, "refresh_attempts": 2, "refresh_grants": 1}


def test_the_oldest_sign_in_is_forgotten_beyond_the_limit(
    grants: Grants, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REMEMBERED", 3)
    tokens = [sign_in(grants) for _ in range(3)]
    grants.refresh(tokens[0].refresh)
    with pytest.raises(GrantRefused):
        grants.refresh(tokens[0].refresh)

    sign_in(grants)

    assert grants.user_of(grants.refresh(tokens[0].refresh).access) == "retiree"


def test_a_seal_opens_only_what_it_closed_for_the_purpose() -> None:
    seal = Seal(1)
    word = seal.close("page", {"offset": 7})

    assert seal.open("page", word) == {"offset": 7}
    assert seal.open("access", word) is None
    assert seal.open("page", f"{word}0") is None
    assert seal.open("page", f"x{word}") is None
    assert seal.open("page", "") is None
    assert seal.open("page", "é.é") is None


def test_a_seal_does_not_look_at_what_is_too_long() -> None:
    seal = Seal(1)
    longest = seal.close("page", {"x": "A" * 1_442})
    longer = seal.close("page", {"x": "A" * 1_443})

    assert len(longest) <= MAX_SEALED < len(longer)
    assert seal.open("page", longest) is not None
    assert seal.open("page", longer) is None
