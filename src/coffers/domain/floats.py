"""Many decimals as floats, and floats as decimals: by way of one text, in half of the time."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float64]
ZERO: Final = Decimal(0)
_NUMBERS: Final = msgspec.json.Encoder(decimal_format="number")
_FLOATS: Final = msgspec.json.Decoder(list[float])


def floats(values: Sequence[Decimal]) -> Series:
    """Of each the nearest one."""
    try:
        return np.array(_FLOATS.decode(_NUMBERS.encode(list(values))), dtype=np.float64)
    except msgspec.DecodeError:
        # What is not known has no word there.
        return np.array(list(map(float, values)), dtype=np.float64)


def decimals(values: Series) -> list[Decimal]:
    """Of each the shortest one that is this float, as `repr` tells it; of NaN zero."""
    found = [ZERO] * values.size
    places = np.flatnonzero(np.nan_to_num(values))
    if places.size:
        texts = msgspec.json.encode(values[places].tolist()).decode()[1:-1].split(",")
        for place, text in zip(places.tolist(), texts, strict=True):
            found[place] = Decimal(text)
    return found
