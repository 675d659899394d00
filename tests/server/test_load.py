"""Under load each client gets the answer to its own slice, or none; also from a server that is killed."""

import hashlib
import http.client
import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

SIDE = 64
CLIENTS = 8


@dataclass(frozen=True)
class Sent:
    """A slice, and what a model must say of it whose mask is the picture itself."""

    name: str
    content: bytes
    area: int

    def ask(self, address: str) -> tuple[int, bytes]:
        parts = urlsplit(address)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        head = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{self.name}"\r\n\r\n'
        body = head.encode() + self.content + b"\r\n--x--\r\n"
        try:
            connection.request(
                "POST", "/v1/predict", body, {"Content-Type": "multipart/form-data; boundary=x"}
            )
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def is_answered_by(self, content: bytes) -> bool:
        (row,) = json.loads(content)
        found = row["file"], row["input_sha256"], row["mask_area_px"]
        return found == (self.name, hashlib.sha256(self.content).hexdigest(), self.area)


@pytest.fixture(scope="module")
def slices() -> list[Sent]:
    """Forty of noise, no two of which have as many bright pixels."""
    made = []
    for number in range(40):
        grey = np.random.default_rng(number).integers(0, 128, SIDE * SIDE, np.uint8)
        grey[: 50 * number + 1] = 255
        held = io.BytesIO()
        Image.fromarray(np.random.default_rng(number).permutation(grey).reshape(SIDE, SIDE)).save(held, "PNG")
        made.append(Sent(f"{number}.png", held.getvalue(), 50 * number + 1))
    return made


def test_every_client_gets_the_answer_to_its_own_slice(serve, slices):
    server = serve("--queue", str(CLIENTS))
    asked = slices * 5
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda one: one.ask(server.address), asked))
    assert {status for status, _ in answers} == {200}
    assert all(one.is_answered_by(content) for one, (_, content) in zip(asked, answers, strict=True))


def test_what_is_too_much_is_refused_and_the_rest_is_right(serve, slices):
    server = serve("--queue", "1")
    asked = slices * 3
    start = threading.Barrier(CLIENTS)

    def ask(mine: list[Sent]) -> list[tuple[Sent, int, bytes]]:
        start.wait(60)
        return [(one, *one.ask(server.address)) for one in mine]

    with ThreadPoolExecutor(CLIENTS) as pool:
        shares = pool.map(ask, [asked[number::CLIENTS] for number in range(CLIENTS)])
        answers = [answer for share in shares for answer in share]
    assert {status for _, status, _ in answers} == {200, 503}
    assert all(one.is_answered_by(content) for one, status, content in answers if status == 200)


def test_a_server_killed_under_load_gives_errors_and_never_a_wrong_answer(serve, slices):
    places = ("--queue", str(CLIENTS))
    server = serve(*places)
    address, over = server.address, threading.Event()
    found: list[list[bool | None]] = []

    def ask(first: int) -> list[bool | None]:
        """Right, wrong, or no answer; until it is over."""
        mine: list[bool | None] = []
        found.append(mine)
        while not over.wait(0.001):
            one = slices[(first + len(mine)) % len(slices)]
            try:
                status, content = one.ask(address)
            except (OSError, http.client.HTTPException):
                mine.append(None)
                over.wait(0.02)
            else:
                mine.append(status == 200 and one.is_answered_by(content))
        return mine

    def wait_for(enough) -> None:
        while not (len(found) == CLIENTS and enough([one for mine in found for one in mine])):
            assert not any(job.done() for job in jobs), [job.result() for job in jobs if job.done()]
            over.wait(0.005)

    with ThreadPoolExecutor(CLIENTS) as pool:
        jobs = [pool.submit(ask, 5 * number) for number in range(CLIENTS)]
        try:
            wait_for(lambda seen: seen.count(True) > 20)
            server.process.kill()
            server.process.wait()
            wait_for(lambda seen: seen.count(None) > 0)
            before = sum(mine.count(True) for mine in found)
            serve("--port", str(server.parts.port), *places)
            wait_for(lambda seen: seen.count(True) > before + 20)
        finally:
            over.set()
        answers = [one for job in jobs for one in job.result()]
    assert False not in answers
    assert None in answers
