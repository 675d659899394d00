"""What every answer says to a browser, who may ask, and what a fault gives away."""

import hmac
from collections.abc import Collection
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brainmtl.server.problems import Refusal, fault, respond

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final[dict[str, str]] = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
GUARDED: Final = ("/v1/", "/metrics")
"""Paths that want the token; the page has nothing to hide, and whoever watches over the process has none."""


class Guard:
    """Middleware: headers, the token, the server's names, and faults that tell nothing.

    Args:
        app: what answers.
        token: what a client must show, if anything.
        hosts: names that the server may be called by, in lower case; empty for any.
        prefix: of the server's paths.
    """

    def __init__(self, app: ASGIApp, token: str | None, hosts: Collection[str], prefix: str) -> None:
        self.app, self.hosts, self.prefix = app, hosts, prefix
        self.expected = None if token is None else f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def dressed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            if self.hosts and (name := _called(scope)) not in (*self.hosts, ""):
                await respond(_misdirected(name))(scope, receive, dressed)
                return
            if not self._welcome(scope):
                await respond(_stranger())(scope, receive, dressed)
                return
            await self.app(scope, receive, dressed)
        except Exception as error:
            if begun:
                raise ConnectionAbortedError from None
            await fault(error)(scope, receive, dressed)

    def _welcome(self, scope: Scope) -> bool:
        path = str(scope["path"]).removeprefix(self.prefix)
        if self.expected is None or not path.startswith(GUARDED):
            return True
        shown = Headers(scope=scope).get("authorization", "")
        return hmac.compare_digest(shown.encode("latin-1"), self.expected)


def _called(scope: Scope) -> str:
    """The name in ``Host``; another site's page whose name was made to lead here still says that one."""
    host = Headers(scope=scope).get("host", "")
    try:
        return urlsplit(f"//{host}").hostname or host
    except ValueError:
        return host


def _misdirected(name: str) -> Refusal:
    return Refusal(
        HTTPStatus.MISDIRECTED_REQUEST,
        f"the server is not called {name}",
        where="Host",
        mend="open it by its address, or start it with --name",
    )


def _stranger() -> Refusal:
    return Refusal(
        HTTPStatus.UNAUTHORIZED,
        "no valid token",
        where="Authorization",
        mend="send Authorization: Bearer with the server's token",
        headers={"WWW-Authenticate": "Bearer"},
    )
