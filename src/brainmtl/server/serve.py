"""The process: it listens, and at its end it answers what it has begun."""

import signal
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

DRAIN_S = 30
CONNECTIONS = 512
HEAD_BYTES = 16_384


def serve(app: FastAPI, host: str, port: int, prefix: str, started: Callable[[str], None]) -> bool:
    """Serve until a signal comes; SIGTERM and SIGINT let requests that have begun come to their end.

    Args:
        app: the application.
        host: address to listen on.
        port: 0 takes any that is free.
        prefix: of the app's paths, for the address.
        started: called with the address once requests are answered.

    Returns:
        Whether it ever listened.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        limit_concurrency=CONNECTIONS,
        h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_graceful_shutdown=DRAIN_S,
        lifespan="on",
        ws="none",
        http="h11",
    )
    server = _Announced(config, lambda address: started(f"{address}{prefix}/"))
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises what it caught once more when it is done
        signal.signal(number, lambda *_: None)
    try:
        server.run()
    except SystemExit:  # uvicorn's word for a port that is taken
        return False
    return server.started


class _Announced(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Callable[[str], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            self._announce(f"http://{shown}:{port}")
            sys.stderr.flush()
