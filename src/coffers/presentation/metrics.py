"""Prometheus metrics of the HTTP service."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
#: How often the event loop is asked whether it is late.
LAG_EVERY_S: Final = 0.25

disable_created_metrics()  # type: ignore[no-untyped-call]  # as the library has it


class Metrics:
    """Requests by method, route template and status; the event loop; the database pools.

    Unknown paths share one label, and so do unknown methods, so nobody can inflate them.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("method", "route", "status")
        self._requests = Counter(
            "coffers_http_requests_total", "Requests answered.", labels, registry=self.registry
        )
        self._seconds = Histogram(
            "coffers_http_request_seconds",
            "Time to the end of the answer; event streams are left out.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._lag = Gauge(
            "coffers_event_loop_lag_seconds",
            "How late the event loop woke at worst since the last scrape.",
            registry=self.registry,
        )
        self._connections = Gauge(
            "coffers_database_connections_in_use",
            "Connections that somebody holds.",
            ("pool",),
            registry=self.registry,
        )
        self._worst_lag_s = 0.0
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def count(self, method: str, route: str, status: int) -> None:
        """Count one request."""
        key = (method if method in _METHODS else "OTHER", route, status)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = self._requests.labels(*map(str, key))
        counter.inc()

    def time(self, route: str, seconds: float) -> None:
        """Note how long one request took."""
        timer = self._timers.get(route)
        if timer is None:
            timer = self._timers[route] = self._seconds.labels(route)
        timer.observe(seconds)

    async def watch_lag(self) -> None:
        """Note how late the event loop is, for ever."""
        while True:
            due = time.perf_counter() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._worst_lag_s = max(self._worst_lag_s, time.perf_counter() - due)

    def text(self, connections_in_use: Mapping[str, int]) -> bytes:
        """The exposition format; the worst lag is counted anew from here."""
        self._lag.set(self._worst_lag_s)
        self._worst_lag_s = 0.0
        for pool, in_use in connections_in_use.items():
            self._connections.labels(pool).set(in_use)
        return generate_latest(self.registry)
