import pytest

from coffers.domain.identity.passwords import MAX_PASSWORD, PasswordTooWeak, check_password
from coffers.domain.identity.weak_passwords import WEAK_PASSWORDS

GOOD = [
    "all lowercase, twelve or more"[:12],
    "x7#q" * 3,
    "Tr1cycle",
    "ÄöüÄöü12",
    "correct horse battery",
    " leading and trailing ",
    "🔑" * 12,
    "aZ3" + "." * (MAX_PASSWORD - 3),
]
WEAK = {
    "empty": "",
    "eleven characters of one kind": "x7#q" * 2 + "x7#",
    "seven characters of all kinds": "Tr1cycl",
    "eight without a digit": "Tricycle",
    "eight without upper case": "tr1cycle",
    "eight without lower case": "TR1CYCLE",
    "common, in lower case": "passwordpassword",
    "common, long enough, in another case": "PassWordPassWord",
    "common and mixed": "Password1",
    "longer than the longest": "aZ3" + "." * (MAX_PASSWORD - 2),
}


@pytest.mark.parametrize("password", GOOD)
def test_twelve_characters_or_eight_mixed_ones_are_enough(password: str) -> None:
    assert check_password(password) == password


@pytest.mark.parametrize("password", WEAK.values(), ids=WEAK.keys())
def test_a_weak_password_is_refused_with_its_field(password: str) -> None:
    with pytest.raises(PasswordTooWeak) as refusal:
        check_password(password, field="new_password")

    assert refusal.value.field == "new_password"
    assert len(password) < 2 or password not in refusal.value.detail


def test_the_common_passwords_are_those_that_the_length_rules_alone_would_let_pass() -> None:
    assert len(WEAK_PASSWORDS) > 300
    assert all(word == word.lower() and len(word) >= 8 for word in WEAK_PASSWORDS)
