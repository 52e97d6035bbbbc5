"""Where tests keep their databases and logs: in memory, where there is room for them."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - each takes a directory of its own in it
#: A whole run needs a fraction of it.
ROOM_BYTES: Final = 4 * 1024**3


def use_memory() -> None:
    """From now on, temporary files are made in memory if they can: nothing waits for a disk."""
    if "TMPDIR" not in os.environ and _is_roomy(MEMORY):
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


def shared_directory() -> Path:
    """Where other users may enter, too; TMPDIR may lie in somebody's home."""
    memory = str(MEMORY)
    return MEMORY if tempfile.gettempdir() == memory else Path("/tmp")  # noqa: S108 - likewise


def _is_roomy(directory: Path) -> bool:
    """Whether programs may be kept and started there, too."""
    if not (directory.is_dir() and os.access(directory, os.W_OK)):
        return False
    may_start = not os.statvfs(directory).f_flag & os.ST_NOEXEC
    return may_start and shutil.disk_usage(directory).free >= ROOM_BYTES
