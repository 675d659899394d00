"""A web server on the loopback that misbehaves as it is told."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from brainmtl.data.fetch.download import Patience

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]
HASTY = Patience(tries=3, timeout=20, wait=lambda seconds: None)


@dataclass
class Site:
    """Answers by path; of several, each request takes one and the last one stays."""

    url: str
    over: threading.Event
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range header of every request."""

    def put(self, path: str, *answers: Answer) -> str:
        self.answers[path] = list(answers)
        return self.url + path

    def json(self, path: str, content: object) -> str:
        return self.put(path, whole(json.dumps(content).encode()))

    def stall(self, content: bytes, after: int) -> Answer:
        """Send the head and ``after`` bytes, then nothing until the test is over."""

        def answer(request: http.server.BaseHTTPRequestHandler) -> None:
            rest = _head(request, content, ranges=True)
            request.wfile.write(rest[:after])
            request.wfile.flush()
            self.over.wait()

        return answer


def whole(content: bytes, *, ranges: bool = True) -> Answer:
    """Send it all, or the range asked for."""

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.wfile.write(_head(request, content, ranges))

    return answer


def cut(content: bytes, after: int, *, ranges: bool = True) -> Answer:
    """Promise it all, send ``after`` bytes of it and hang up."""

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.wfile.write(_head(request, content, ranges)[:after])

    return answer


def of_unknown_length(content: bytes) -> Answer:
    """Send it in one chunk, whatever range is asked for, as archives made on the fly come."""

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        request.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content))

    return answer


def refuse(code: int) -> Answer:
    """Answer with an error."""
    return lambda request: request.send_error(code)


def move(url: str) -> Answer:
    """Send elsewhere."""

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", url)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def _head(request: http.server.BaseHTTPRequestHandler, content: bytes, ranges: bool) -> bytes:
    asked = request.headers.get("Range")
    start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and ranges else 0
    if start >= len(content) > 0:
        request.send_error(416)
        return b""
    request.send_response(206 if start else 200)
    if start:
        request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    request.send_header("Content-Length", str(len(content) - start))
    request.end_headers()
    return content[start:]


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.close_connection = True
            here.asked.append((self.path, self.headers.get("Range")))
            answers = here.answers.get(self.path, [refuse(404)])
            (answers.pop(0) if len(answers) > 1 else answers[0])(self)

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    here = Site(f"http://127.0.0.1:{server.server_address[1]}", threading.Event())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield here
    here.over.set()
    server.shutdown()
    server.server_close()
