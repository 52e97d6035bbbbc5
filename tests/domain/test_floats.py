from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.floats import decimals, floats


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=9))
def test_decimals_of_floats_are_as_they_are_told(told: list[float]) -> None:
    assert list(map(str, decimals(np.array(told)))) == [
        str(Decimal(repr(each))) if each else "0" for each in told
    ]


@given(st.lists(st.decimals(allow_nan=True, allow_infinity=False, places=None), max_size=9))
def test_floats_of_decimals_are_the_nearest(told: list[Decimal]) -> None:
    known = [each for each in told if not each.is_snan()]

    assert list(map(repr, floats(known).tolist())) == [repr(float(each)) for each in known]


@given(st.lists(st.decimals("-1e20", "1e20", places=18), max_size=9))
def test_amounts_of_many_digits_are_rounded_as_one_by_one(told: list[Decimal]) -> None:
    assert floats(told).tolist() == list(map(float, told))
