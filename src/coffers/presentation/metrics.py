"""Prometheus metrics of the HTTP service."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Requests by method, route template and status.

    Unknown paths share one label, so nobody can inflate them.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter(
            "coffers_http_requests_total", "Requests answered.", labels, registry=self.registry
        )
        self._seconds = Histogram(
            "coffers_http_request_seconds",
            "Time to the end of the answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._lag = Gauge(
            "coffers_event_loop_lag_seconds", "How late the loop last woke.", registry=self.registry
        )
        self._children: dict[tuple[str, str, int], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        key = (method if method in _METHODS else "OTHER", route, status)
        counter = self._children.get(key)
        if counter is None:
            counter = self._children[key] = self._requests.labels(*map(str, key))
            self._timers.setdefault(route, self._seconds.labels(route))
        counter.inc()
        self._timers[route].observe(seconds)

    def note_lag(self, seconds: float) -> None:
        """How late the event loop is."""
        self._lag.set(seconds)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)


_METHODS: Final = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
