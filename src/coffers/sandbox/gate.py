"""The gate that every request passes: it is counted, and struck by the fault that is due."""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from coffers.sandbox.faults import Fault, FaultUnknown, parse_fault
from coffers.sandbox.refusals import refusal
from coffers.sandbox.sandbox import FAULT_KEY, Sandbox
from coffers.sandbox.strikes import Request, strike

SPARED = ("/admin/", "/health")


@dataclass(frozen=True, slots=True)
class Gate:
    """ASGI middleware around the endpoints."""

    app: ASGIApp
    sandbox: Sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count and strike what is not spared."""
        if scope["type"] != "http" or scope["path"].startswith(SPARED):
            await self.app(scope, receive, send)
            return
        self.sandbox.count(scope["path"])
        try:
            fault = self._due(scope)
        except FaultUnknown as error:
            answer = refusal(400, "unknown_fault", str(error))
            await answer(scope, receive, send)
            return
        if fault is None:
            await self.app(scope, receive, send)
        else:
            struck = Request(self.app, {**scope, FAULT_KEY: fault}, receive, send)
            await strike(fault, struck)

    def _due(self, scope: Scope) -> Fault | None:
        """Answer the fault of the header, which goes before the rules."""
        header = Headers(scope=scope).get("x-sandbox-fault")
        return self.sandbox.rules.strike(scope["path"]) if header is None else parse_fault(header)
