"""The service and the worker as processes of their own, as operators run them."""

import sys
from pathlib import Path
from typing import Final

from tests.programs import HOST, ServiceProcess, free_port

#: Passwords that cost nothing.
CHEAP: Final = {
    "COFFERS_ARGON2_TIME_COST": "1",
    "COFFERS_ARGON2_MEMORY_KIB": "8",
}
_NO_LIMITS: Final = {
    f"COFFERS_LIMITS__{name}": "100000/100000"
    for name in ("ADDRESS", "API_READ", "API_WRITE", "AUTH_LOGIN", "AUTH_REGISTER", "EVENT_STREAM")
}
#: What a worker's log says, once a start: all of them write to one log.
_STARTED: Final = "worker started"


class Service(ServiceProcess):
    """`coffers serve` on a free port; ready when `start` returns."""

    def __init__(self, home: Path, **env: str) -> None:
        self.port = free_port()
        self.origin = f"http://{HOST}:{self.port}"
        super().__init__(
            [sys.executable, "-m", "coffers.cli", "serve"],
            {
                "COFFERS_HOME": str(home),
                "COFFERS_PORT": str(self.port),
                "COFFERS_PUBLIC_BASE_URL": self.origin,
                **CHEAP,
                **_NO_LIMITS,
                **{f"COFFERS_{name.upper()}": value for name, value in env.items()},
            },
        )

    @property
    def api(self) -> str:
        """Where the API begins."""
        return f"{self.origin}/api/v1"

    def start(self) -> "Service":
        """Start, on the same port as ever."""
        super().start()
        self.wait_until_ready(f"{self.origin}/health/live")
        return self


class WorkerProcess(ServiceProcess):
    """`coffers worker`."""

    def __init__(self, home: Path, **env: str) -> None:
        super().__init__(
            [sys.executable, "-m", "coffers.cli", "worker"],
            {
                "COFFERS_HOME": str(home),
                **{f"COFFERS_{name.upper()}": value for name, value in env.items()},
            },
        )

    def start(self) -> "WorkerProcess":
        """Start; it works when this returns."""
        before = self.log_text.count(_STARTED) if self.log.exists() else 0
        super().start()
        self.wait_until(lambda: self.log_text.count(_STARTED) > before)
        return self
