"""Identifiers: UUID version 7 (RFC 9562, section 5.7), ordered by the instant of their making."""

import os
import time
from typing import NewType
from uuid import UUID

UserId = NewType("UserId", UUID)
SessionId = NewType("SessionId", UUID)

#: Stands for the system where an owner is expected: its audit chain, jobs that are nobody's.
SYSTEM = UserId(UUID(int=0))


def new_id() -> UUID:
    """A fresh identifier; those of one process and millisecond come in no particular order."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
