"""Large JSON, piece by piece."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.infrastructure.db.portability import json_parts
from coffers.infrastructure.db.portability.json_parts import MAX_VALUE, JsonUnreadable, parts

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def read(content: str | bytes) -> list[tuple[str, int, Any]]:
    return list(parts(io.BytesIO(content.encode() if isinstance(content, str) else content)))


@given(
    value=st.dictionaries(st.text(), JSON, max_size=5),
    chunk=st.integers(1, 64),
    indent=st.sampled_from([None, 0, 2]),
)
def test_any_layout_read_in_any_pieces_says_the_same(
    value: dict[str, Any], chunk: int, indent: int | None
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    wanted = []
    for key, inner in value.items():
        listed = enumerate(inner, 1) if isinstance(inner, list) else [(0, inner)]
        wanted += [(key, place, each) for place, each in listed]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_parts, "CHUNK", chunk)

        assert read(text) == wanted


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"a": [{}',
        '{"a": [{}]',
        '{"a": [{} {}]}',
        '{"a": [{}],}',
        '{"a": 1} {}',
        '{"a": 1, "a": 2}',
        '{"a": [{"b": 1, "b": 2}]}',
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1e999}',
        '{"a": 123456789012345678901}',
        "{1: 2}",
        '{"a": "line\nbreak"}',
        b'{"a": "\xff"}',
        b'{"a": "\xe2\x9d',
        '{"a": ' + "[" * 100_000,
        '{"a": [' + '{"b":' * 100_000,
    ],
    ids=range(19),
)
def test_what_is_not_such_json_is_refused(content: str | bytes) -> None:
    with pytest.raises(JsonUnreadable):
        read(content)


def test_a_row_may_be_so_long_and_no_longer() -> None:
    longest = "x" * (MAX_VALUE - 2)

    assert read(f'{{"a": ["{longest}"]}}') == [("a", 1, longest)]
    with pytest.raises(JsonUnreadable, match="at most"):
        read(f'{{"a": ["{longest}x"]}}')


def test_a_row_without_an_end_is_given_up_before_the_file_is_read_whole() -> None:
    file = io.BytesIO(b'{"a": ["' + b"x" * (8 * MAX_VALUE))

    with pytest.raises(JsonUnreadable, match="at most"):
        list(parts(file))

    assert file.tell() < 4 * MAX_VALUE
