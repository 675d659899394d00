"""Clients that ask, check each answer against its own slice, and note how long it took."""

import asyncio
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import httpx2
import numpy as np
from slices import Slice

TIME_OUT_S = 90.0
AFTER_ERROR_S = 0.05
TELL_S = 10.0
KEPT_S = 2.0
"""How long an idle connection is kept: not as long as the server would."""


class Kind(Enum):
    """What became of a request."""

    RIGHT = "right"
    WRONG = "wrong"
    FULL = "refused with Retry-After"
    LOST = "lost"


@dataclass(frozen=True)
class Asked:
    """A request that is over.

    Attributes:
        kind: how it ended.
        seconds: it took.
    """

    kind: Kind
    seconds: float


class Clients:
    """Clients of one server.

    Args:
        address: of the server, with a slash at its end.
        slices: what they send, in turns.
    """

    def __init__(self, address: str, slices: Sequence[Slice]) -> None:
        limits = httpx2.Limits(keepalive_expiry=KEPT_S)
        self._client = httpx2.AsyncClient(
            base_url=address, limits=limits, timeout=TIME_OUT_S, trust_env=False
        )
        self._turns = itertools.cycle([(one, *self._form(one)) for one in slices])
        self.asked: list[Asked] = []

    async def send(self, requests: int, together: int) -> None:
        """Send so many, a fixed number of them at a time: each client asks again once it is answered."""
        numbers = iter(range(requests))
        await self._take_turns(numbers, together)

    async def send_until(self, over: Callable[[], bool], together: int) -> None:
        """The same until something has happened."""
        await self._take_turns(itertools.takewhile(lambda _: not over(), itertools.count()), together)

    async def storm(self, rate: float, seconds: float) -> float:
        """Send at a rate, whether or not there are answers; the rate that it came to."""
        start, tasks = time.perf_counter(), []
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
            tasks.append(asyncio.create_task(self._ask()))
        sent = len(tasks) / (time.perf_counter() - start)
        await asyncio.gather(*tasks)
        return sent

    async def tell(self, what: str, of: int) -> None:
        """Tell stderr every few seconds how far it is, until cancelled."""
        for seconds in itertools.count(1):
            await asyncio.sleep(TELL_S)
            done = len(self.asked)
            rate = done / (seconds * TELL_S)
            print(f"{what}: {done:,} of {of:,} requests, {rate:.1f} a second", file=sys.stderr, flush=True)

    async def close(self) -> None:
        """Hang up."""
        await self._client.aclose()

    async def _take_turns(self, numbers: Iterable[int], together: int) -> None:
        shared = iter(numbers)

        async def one_client() -> None:
            for _ in shared:
                if await self._ask() is Kind.LOST:
                    await asyncio.sleep(AFTER_ERROR_S)

        await asyncio.gather(*(one_client() for _ in range(together)))

    async def _ask(self) -> Kind:
        slice_, body, headers = next(self._turns)
        start = time.perf_counter()
        try:
            answer = await self._client.post("v1/predict", content=body, headers=headers)
        except httpx2.HTTPError:
            kind = Kind.LOST
        else:
            kind = _judge(slice_, answer)
        self.asked.append(Asked(kind, time.perf_counter() - start))
        return kind

    def _form(self, slice_: Slice) -> tuple[bytes, dict[str, str]]:
        request = self._client.build_request("POST", "", files={"files": (slice_.name, slice_.content)})
        return request.read(), {"Content-Type": request.headers["Content-Type"]}


def _judge(slice_: Slice, answer: httpx2.Response) -> Kind:
    if answer.status_code == 503 and "Retry-After" in answer.headers:
        return Kind.FULL
    if answer.status_code != 200:
        return Kind.LOST
    return Kind.RIGHT if slice_.is_answered_by(answer.json()) else Kind.WRONG


def counted(asked: Iterable[Asked]) -> Counter[Kind]:
    """How many ended in each way."""
    return Counter(one.kind for one in asked)


def slowest_ms(asked: Iterable[Asked], share: float = 0.99) -> float:
    """The time within which this share of the right answers came, in ms."""
    return 1000 * float(np.quantile([one.seconds for one in asked if one.kind is Kind.RIGHT], share))
