"""The page's files, read once: what is not among them does not exist."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "gz": "application/gzip",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True)
class PageFile:
    """A file of the page.

    Attributes:
        content: its bytes.
        kind: its media type.
        tag: its ETag.
    """

    content: bytes
    kind: str
    tag: str

    def respond(self, request: Request) -> Response:
        """Send it, or say that the browser has it already."""
        headers = {"ETag": self.tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        return Response(self.content, media_type=self.kind, headers=headers)


def load_page() -> dict[str, PageFile]:
    """Read the page that is installed with the package; path below ``page/`` → file."""
    return dict(_walk(files("brainmtl.server") / "page", ""))


def _walk(folder: Traversable, above: str) -> list[tuple[str, PageFile]]:
    found: list[tuple[str, PageFile]] = []
    for entry in folder.iterdir():
        name, suffix = above + entry.name, entry.name.rpartition(".")[2]
        if entry.is_dir():
            found += _walk(entry, f"{name}/")
        elif suffix in TYPES:
            content = entry.read_bytes()
            tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            found.append((name, PageFile(content, TYPES[suffix], tag)))
    return found
