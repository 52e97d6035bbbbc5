"""Libraries whose answers ours are compared with, loaded by the tests that ask them.

They take two seconds together, which every worker would wait for if a test file loaded them.
"""

import importlib
from typing import Any, Final

NAMES: Final = frozenset({"empyrical", "pandas", "talib"})


def __getattr__(name: str) -> Any:  # Any: they ship no types
    if name not in NAMES:
        raise AttributeError(name)
    return importlib.import_module(name)
