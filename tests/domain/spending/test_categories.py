"""Names, slugs and icons of categories, and how they stand to one another."""

from dataclasses import replace

import pytest

from coffers.domain.ids import UserId, new_id
from coffers.domain.spending.categories import (
    MAX_VALUE,
    SYSTEM_CATEGORIES,
    Category,
    CategoryInvalid,
    CategoryKind,
    CategoryTaken,
    check_free,
    check_icon,
    check_place,
    slug,
)

ME = UserId(new_id())


def category(name: str = "Coffee", kind: CategoryKind = CategoryKind.EXPENSE) -> Category:
    return Category(new_id(), kind, slug(name), name, "☕️", user_id=ME)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Coffee", "coffee"),
        ("Coffee & cake", "coffee_cake"),
        ("  Deposit   interest! ", "deposit_interest"),
        ("Straße", "strasse"),
        ("Кафе 24/7", "кафе_24_7"),
        ("カフェ", "カフェ"),
        ("हिन्दी", "हिन्दी"),
        ("ﬁnance", "finance"),
        ("🍔 Burger", "burger"),
    ],
)
def test_a_slug_is_the_name_in_lower_case_with_words_joined(name: str, value: str) -> None:
    assert slug(name) == value


def test_the_system_s_values_and_icons_are_such_as_a_user_s_own() -> None:
    for each in SYSTEM_CATEGORIES:
        assert slug(each.value) == each.value
        assert check_icon(each.icon) == each.icon


@pytest.mark.parametrize("name", ["🍔", "—", "none", "None!"])
def test_a_name_without_letters_or_that_asks_for_nothing_is_refused(name: str) -> None:
    with pytest.raises(CategoryInvalid):
        slug(name)


def test_a_slug_fits_its_column_however_long_its_letters_are_written_out() -> None:
    assert len(slug("ﷺ" * 60)) <= MAX_VALUE


@pytest.mark.parametrize(
    "icon", ["🛒", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣", "👍🏽", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏳️‍🌈", "👩🏽‍💻", "🍽", "☕️", "☕"]
)
def test_an_icon_is_one_emoji_of_however_many_code_points(icon: str) -> None:
    assert check_icon(icon) == icon


@pytest.mark.parametrize(
    "icon",
    [
        "",
        "a",
        "1",
        "🛒🛒",
        "🛒 ",
        "a🛒",
        "🏽",
        "🏽\ufe0f",
        "☕️\ufe0f",
        "\N{ZERO WIDTH JOINER}",
        ":)",
    ],
)
def test_anything_else_is_no_icon(icon: str) -> None:
    with pytest.raises(CategoryInvalid):
        check_icon(icon)


def test_a_category_stands_under_one_of_its_kind_that_stands_under_none() -> None:
    group, other = category("Food"), category("Salary", CategoryKind.INCOME)
    child = replace(category(), parent_id=group.id)
    check_place(child, group, [group, child])

    for parent in (child, other, replace(category("Deep"), parent_id=group.id)):
        with pytest.raises(CategoryInvalid):
            check_place(child, parent, [group, child])


def test_what_has_others_under_it_gets_no_parent() -> None:
    group, top = category("Food"), category("Everything")
    child = replace(category(), parent_id=group.id)

    with pytest.raises(CategoryInvalid):
        check_place(replace(group, parent_id=top.id), top, [group, top, child])


def test_a_value_is_taken_once_per_kind() -> None:
    gifts = category("Gifts")

    with pytest.raises(CategoryTaken):
        check_free(gifts, SYSTEM_CATEGORIES)
    check_free(category("Pets", CategoryKind.INCOME), SYSTEM_CATEGORIES)
    check_free(gifts, [gifts])
