from collections.abc import Callable

import pytest

from coffers.domain.identity.users import (
    ProfileInvalid,
    check_base_currency,
    check_email,
    check_time_zone,
    check_username,
)

Check = Callable[[str], str]

GOOD: list[tuple[Check, str]] = [
    (check_email, "ada@example.com"),
    (check_email, "a.b+c_d'e@sub.example.co.uk"),
    (check_email, "a" * 64 + "@" + "b" * 185 + ".com"),
    (check_username, "ada"),
    (check_username, "A" * 30),
    (check_username, "a_b.c-9"),
    (check_base_currency, "EUR"),
    (check_base_currency, "JPY"),
    (check_time_zone, "Europe/Berlin"),
    (check_time_zone, "UTC"),
]
BAD: list[tuple[Check, str]] = [
    (check_email, "ada"),
    (check_email, "ada@localhost"),
    (check_email, "ada@example.com\n"),
    (check_email, "ada @example.com"),
    (check_email, "ada@exa mple.com"),
    (check_email, "@example.com"),
    (check_email, "ada@@example.com"),
    (check_email, "ada@example..com"),
    (check_email, "ädä@example.com"),
    (check_email, "a" * 65 + "@example.com"),
    (check_email, "a" * 64 + "@" + "b" * 186 + ".com"),
    (check_username, "ab"),
    (check_username, "A" * 31),
    (check_username, "9ada"),
    (check_username, "ada@example.com"),
    (check_username, "ada\n"),
    (check_username, "ädä"),
    (check_base_currency, "eur"),
    (check_base_currency, "XYZ"),
    (check_base_currency, ""),
    (check_time_zone, "Europe/Atlantis"),
    (check_time_zone, "../etc/passwd"),
    (check_time_zone, ""),
]


@pytest.mark.parametrize(("check", "value"), GOOD)
def test_what_the_rules_allow_is_kept_as_it_was_typed(check: Check, value: str) -> None:
    assert check(value) == value


@pytest.mark.parametrize(("check", "value"), BAD)
def test_what_breaks_a_rule_is_refused_with_its_field(check: Check, value: str) -> None:
    with pytest.raises(ProfileInvalid) as refusal:
        check(value)

    assert refusal.value.field == check.__name__.removeprefix("check_")
