"""The path under which a proxy shows the server."""

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Prefix:
    """Middleware that makes paths whole, whether or not a proxy has taken the prefix off.

    Args:
        app: what answers.
        prefix: e.g. ``"/brainmtl"``; empty for none.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self.app, self.prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http" and self.prefix:
            if scope["path"] == self.prefix:
                await RedirectResponse(f"{self.prefix}/")(scope, receive, send)
                return
            whole = str(scope["path"]).startswith(f"{self.prefix}/")
            path = scope["path"] if whole else self.prefix + scope["path"]
            scope = {**scope, "root_path": self.prefix, "path": path}
        await self.app(scope, receive, send)
