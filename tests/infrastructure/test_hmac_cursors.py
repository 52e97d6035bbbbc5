import pytest

from coffers.domain.paging import CursorInvalid
from coffers.infrastructure.hmac_cursors import MAX_CURSOR, HmacCursors

CURSORS = HmacCursors(["secret one"])
KEY = ["2026-03-01", "18f0"]
BINDING = ("transactions", "ada", None, "desc")


def test_a_cursor_gives_back_the_sort_key_that_it_was_made_of() -> None:
    assert CURSORS.open(CURSORS.seal(KEY, BINDING), BINDING) == KEY


@pytest.mark.parametrize(
    "other",
    [
        ("transactions", "eve", None, "desc"),
        ("transactions", "ada", "None", "desc"),
        ("transactions", "ada", None),
        ("transactionsada", None, "desc"),
    ],
)
def test_a_cursor_for_another_user_filter_or_order_is_refused(other: tuple[object, ...]) -> None:
    cursor = CURSORS.seal(KEY, BINDING)

    with pytest.raises(CursorInvalid):
        CURSORS.open(cursor, other)


def test_a_cursor_changed_in_any_place_is_refused() -> None:
    cursor = CURSORS.seal(KEY, BINDING)

    for place in range(len(cursor) - 1):
        bent = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(CursorInvalid):
            CURSORS.open(bent, BINDING)


@pytest.mark.parametrize("text", ["", "x", "????", "é", "A" * 24, "A" * (MAX_CURSOR + 1)])
def test_what_was_never_a_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        CURSORS.open(text, BINDING)


def test_cursors_outlive_the_rotation_of_the_secret_until_it_is_dropped() -> None:
    cursor = CURSORS.seal(KEY, BINDING)

    assert HmacCursors(["secret two", "secret one"]).open(cursor, BINDING) == KEY
    with pytest.raises(CursorInvalid):
        HmacCursors(["secret two"]).open(cursor, BINDING)
