"""Roots: the growth at which payments, discounted by their times, add up to nothing."""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float64]
#: Where roots are looked for, in ln(1 + rate): from nearly everything lost to e^40 a year.
_LOWEST: Final = -40.0
_HIGHEST: Final = 40.0
_STEPS: Final = 1_600
_BISECTIONS: Final = 200
#: A sum of payments that is a smaller part of them may be rounding.
_ABOUT_NOTHING: Final = 1e-9


def roots(amounts: Series, times: Series) -> list[float]:
    """Where the discounted sum changes its sign, each by bisection."""

    def sign(growth: float) -> int:
        # Scaled, so that nothing overflows: only the sign counts.
        exponents = -growth * times
        return int(np.sign(np.dot(amounts, np.exp(exponents - exponents.max()))))

    changes = [_sign_changes(amounts[::-1].cumsum()), _sign_changes(amounts.cumsum())]
    if max(changes) > 1:
        return _scanned(sign)
    sides = zip(changes, ((_LOWEST, 0.0), (0.0, _HIGHEST)), strict=True)
    return [
        _bisected(sign, low, high)
        for count, (low, high) in sides
        if count and sign(low) * sign(high) < 0
    ]


def _sign_changes(sums: Series) -> int:
    """Of running sums, which bound the roots on one side of zero; two where one is about nothing.

    From the first payment on for growth above zero, from the last back for growth below; of one
    there is exactly one root (Laguerre 1883; Jameson, Counting zeros of generalised polynomials).
    """
    size = abs(sums)
    if size.min() <= _ABOUT_NOTHING * size.max():
        return 2
    return int(((sums[1:] > 0) != (sums[:-1] > 0)).sum())


def _scanned(sign: Callable[[float], int]) -> list[float]:
    """All that steps are short enough to tell apart."""
    width = (_HIGHEST - _LOWEST) / _STEPS
    edges = [_LOWEST + width * step for step in range(_STEPS + 1)]
    signs = [sign(edge) for edge in edges]
    exact = [edge for edge, found in zip(edges, signs, strict=True) if not found]
    return exact + [
        _bisected(sign, edges[step], edges[step + 1])
        for step in range(_STEPS)
        if signs[step] * signs[step + 1] < 0
    ]


def _bisected(sign: Callable[[float], int], low: float, high: float) -> float:
    below = sign(low)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        low, high = (middle, high) if sign(middle) == below else (low, middle)
    return (low + high) / 2
