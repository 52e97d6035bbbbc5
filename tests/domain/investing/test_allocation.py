from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.investing.allocation import (
    TargetsInvalid,
    concentration,
    contribution_first,
    drifts,
    full_rebalance,
    in_minor_units,
    sliced,
)
from coffers.domain.money import AmountInvalid

VALUES = st.dictionaries(
    st.sampled_from("abcdefgh"), st.decimals("0.01", "1000000", places=2), min_size=1
)


def targets_of(weights: list[int]) -> dict[str, Decimal]:
    """Fractions of hundredths that add up to one."""
    whole = sum(weights)
    parts = [Decimal(weight * 100 // whole) / 100 for weight in weights]
    parts[0] += 1 - sum(parts, Decimal(0))
    return dict(zip("abcdefgh", parts, strict=False))


TARGETS = st.lists(st.integers(1, 100), min_size=1, max_size=8).map(targets_of)


def test_weights_are_of_the_whole_and_the_largest_comes_first() -> None:
    slices = sliced({"bonds": Decimal(25), "shares": Decimal(75)})

    assert [(each.name, each.weight) for each in slices] == [
        ("shares", Decimal("0.75")),
        ("bonds", Decimal("0.25")),
    ]


@given(VALUES)
def test_weights_add_up_to_one(values: dict[str, Decimal]) -> None:
    weights = [each.weight for each in sliced(values) if each.weight is not None]

    assert sum(weights) == 1


def test_a_short_position_weighs_below_zero_and_the_whole_is_still_one() -> None:
    slices = sliced({"long": Decimal(7), "longer": Decimal(4), "short": Decimal(-2)})

    assert sum(each.weight or 0 for each in slices) == 1
    assert slices[-1].weight is not None
    assert slices[-1].weight < 0


def test_nothing_has_no_weights_and_no_concentration() -> None:
    assert [each.weight for each in sliced({"a": Decimal(1), "b": Decimal(-1)})] == [None, None]
    assert concentration({"a": Decimal(0)}) is None
    assert concentration({"a": Decimal(2), "b": Decimal(-1)}) is None


@pytest.mark.parametrize(("parts", "index"), [(1, "1"), (2, "0.5"), (4, "0.25")])
def test_concentration_is_the_sum_of_squared_weights(parts: int, index: str) -> None:
    values = {str(number): Decimal(10) for number in range(parts)}

    assert concentration(values) == Decimal(index)


def test_drift_is_weight_less_target_of_everything_held_or_wanted() -> None:
    found = drifts(
        {"shares": Decimal(80), "gold": Decimal(20)},
        {"shares": Decimal("0.6"), "bonds": Decimal("0.4")},
    )

    assert [(each.name, each.drift, each.excess) for each in found] == [
        ("shares", Decimal("0.2"), Decimal(20)),
        ("gold", Decimal("0.2"), Decimal(20)),
        ("bonds", Decimal("-0.4"), Decimal(-40)),
    ]


def test_nothing_held_has_no_drift() -> None:
    (found,) = drifts({}, {"shares": Decimal(1)})

    assert (found.weight, found.drift, found.excess) == (None, None, None)


@pytest.mark.parametrize("targets", [{"a": "0.5"}, {"a": "1.5", "b": "-0.5"}, {}])
def test_targets_are_fractions_of_one(targets: dict[str, str]) -> None:
    with pytest.raises(TargetsInvalid):
        drifts({"a": Decimal(1)}, {name: Decimal(text) for name, text in targets.items()})


def test_new_money_goes_where_most_is_missing_and_nothing_is_sold() -> None:
    proposals = contribution_first(
        {"shares": Decimal(700), "bonds": Decimal(300)},
        {"shares": Decimal("0.5"), "bonds": Decimal("0.5")},
        Decimal(100),
        "EUR",
    )

    assert [(each.name, each.amount) for each in proposals] == [("bonds", Decimal(100))]


@given(VALUES, TARGETS, st.decimals("-1000", "1000", places=2))
def test_proposals_add_up_to_the_contribution_and_go_one_way(
    values: dict[str, Decimal], targets: dict[str, Decimal], contribution: Decimal
) -> None:
    proposals = contribution_first(values, targets, contribution, "EUR")

    if proposals:
        assert sum(each.amount for each in proposals) == contribution
    assert all((each.amount > 0) == (contribution > 0) for each in proposals)


#: In another currency than they are priced in, values have many digits.
LONG = {
    "a": Decimal("36.0123").scaleb(-19) * 909_090_909_090_909_091 * Decimal("31.33712345"),
    "b": Decimal("51.7777").scaleb(-19) * 909_090_909_090_909_091 * Decimal("7.125"),
    "c": Decimal("1000.55").scaleb(-19) * 909_090_909_090_909_091,
}


def test_values_of_many_digits_are_rebalanced_in_minor_units_that_add_up() -> None:
    targets = {"a": Decimal("0.33"), "b": Decimal("0.33"), "c": Decimal("0.34")}

    traded = full_rebalance(LONG, targets, "EUR")
    bought = contribution_first(LONG, targets, Decimal("1000.01"), "EUR")

    assert sum(each.amount for each in traded) == 0
    assert sum(each.amount for each in bought) == Decimal("1000.01")
    assert all(each.amount == round(each.amount, 2) for each in (*traded, *bought))


def test_new_money_is_of_minor_units() -> None:
    with pytest.raises(AmountInvalid) as refused:
        contribution_first({"a": Decimal(1)}, {"a": Decimal(1)}, Decimal("0.001"), "EUR")

    assert refused.value.field == "contribution"


def test_parts_that_are_shown_add_up_to_the_whole() -> None:
    shown = in_minor_units(dict.fromkeys("abc", Decimal("33.335")), "EUR")

    assert sum(shown.values()) == Decimal("100.01")


@given(VALUES, TARGETS)
def test_a_full_rebalance_adds_up_to_nothing_and_meets_the_targets(
    values: dict[str, Decimal], targets: dict[str, Decimal]
) -> None:
    proposals = full_rebalance(values, targets, "EUR")

    assert sum(each.amount for each in proposals) == 0
    after = dict(values)
    for each in proposals:
        after[each.name] = after.get(each.name, Decimal(0)) + each.amount
    whole = sum(values.values())
    for name, value in after.items():
        assert abs(value - targets.get(name, Decimal(0)) * whole) < Decimal("0.01")
