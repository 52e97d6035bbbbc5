from decimal import Decimal

import pytest

from coffers.domain.investing.scenarios import (
    HISTORICAL,
    Held,
    Scenario,
    Shock,
    ShockBy,
    ShockInvalid,
    applied,
    in_minor_units,
)

APPLE = Held(
    "AAPL",
    Decimal(1000),
    {ShockBy.TYPE: "equity", ShockBy.SECTOR: "Technology", ShockBy.CURRENCY: "USD"},
)
BOND = Held("BUND", Decimal(500), {ShockBy.TYPE: "fixed_income", ShockBy.CURRENCY: "EUR"})
CASH = Held("cash", Decimal(100))


def scenario(*shocks: tuple[ShockBy, str, str]) -> Scenario:
    return Scenario("own", "Own", [Shock(by, name, Decimal(change)) for by, name, change in shocks])


def test_a_shock_changes_what_it_is_aimed_at() -> None:
    outcomes = applied(scenario((ShockBy.TYPE, "equity", "-0.2")), [APPLE, BOND, CASH])

    assert [each.after for each in outcomes] == [Decimal(800), Decimal(500), Decimal(100)]


def test_of_several_shocks_the_narrowest_holds() -> None:
    shocks = scenario(
        (ShockBy.ALL, "", "-0.1"),
        (ShockBy.TYPE, "equity", "-0.2"),
        (ShockBy.SECTOR, "Technology", "-0.3"),
        (ShockBy.ASSET, "AAPL", "-0.4"),
    )

    assert [each.after for each in applied(shocks, [APPLE, BOND])] == [Decimal(600), Decimal(450)]


def test_a_shock_by_currency_comes_on_top() -> None:
    shocks = scenario((ShockBy.TYPE, "equity", "-0.2"), (ShockBy.CURRENCY, "USD", "0.1"))

    assert applied(shocks, [APPLE])[0].after == Decimal(880)


def test_outcomes_that_are_shown_add_up_to_the_whole() -> None:
    held = [Held(name, Decimal("33.335")) for name in "abc"]

    shown = in_minor_units(applied(scenario((ShockBy.ALL, "", "-0.1")), held), "EUR")

    assert sum(each.before for each in shown) == Decimal("100.01")
    assert sum(each.after for each in shown) == Decimal("90.00")


@pytest.mark.parametrize(
    "told",
    [
        [(ShockBy.ALL, "", "-1.01")],
        [(ShockBy.ALL, "AAPL", "-0.1")],
        [(ShockBy.ASSET, "", "-0.1")],
        [(ShockBy.ASSET, "AAPL", "-0.1"), (ShockBy.ASSET, "AAPL", "-0.2")],
    ],
    ids=["more than everything", "all by name", "none by name", "twice"],
)
def test_shocks_that_cannot_all_be_meant_are_refused(told: list[tuple[ShockBy, str, str]]) -> None:
    with pytest.raises(ShockInvalid):
        applied(scenario(*told), [APPLE])


@pytest.mark.parametrize("known", HISTORICAL, ids=lambda each: each.slug)
def test_every_named_scenario_can_be_applied(known: Scenario) -> None:
    (outcome,) = applied(known, [APPLE])

    assert 0 < outcome.after < outcome.before
