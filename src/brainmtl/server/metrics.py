"""What the server counts, as Prometheus reads it."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROUTES = ("/v1/predict", "/v1/models", "/healthz", "/readyz", "/metrics", "/openapi.json")


class Metrics:
    """Counters of one server; no label holds anything of what was uploaded."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "brainmtl_requests", "Requests answered.", ("route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "brainmtl_request_seconds", "From first byte to answer.", ("route",), registry=self.registry
        )
        self.rows = Counter("brainmtl_rows", "Rows answered.", ("model", "status"), registry=self.registry)
        self.batch = Histogram(
            "brainmtl_batch_slices",
            "Slices in a batch.",
            registry=self.registry,
            buckets=(1, 2, 4, 8, 16, 32, 64),
        )
        self.inside = Gauge("brainmtl_requests_inside", "Requests being answered.", registry=self.registry)

    def text(self) -> bytes:
        """All of them in Prometheus's text format."""
        return generate_latest(self.registry)


class Counted:
    """Middleware that counts requests.

    Args:
        app: what answers.
        metrics: where it is noted.
        prefix: of the server's paths.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, prefix: str) -> None:
        self.app, self.metrics, self.prefix = app, metrics, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = str(scope["path"]).removeprefix(self.prefix)
        route, started = path if path in ROUTES else "page", time.perf_counter()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.metrics.requests.labels(route, str(message["status"])).inc()
            await send(message)

        await self.app(scope, receive, noting)
        self.metrics.seconds.labels(route).observe(time.perf_counter() - started)
