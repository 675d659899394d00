"""How many requests are let in, and what happens to the next one."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TypeVar

from brainmtl.server.problems import Refusal

RETRY_AFTER_S = 1
Answer = TypeVar("Answer")


class Admission:
    """A bounded queue before a fixed number of threads.

    Args:
        queue: requests inside at once; a request is inside from before its body is read until its thread is
            done with it, also where its client has been told that its time is over.
        workers: threads.
        time_out_s: for a request.
    """

    def __init__(self, *, queue: int, workers: int, time_out_s: float) -> None:
        self.queue, self.time_out_s, self.inside = queue, time_out_s, 0
        self._lock = threading.Lock()
        self.pool = ThreadPoolExecutor(workers, thread_name_prefix="requests")

    def enter(self) -> "Place":
        """Take a place.

        Raises:
            Refusal: there is none (503).
        """
        with self._lock:
            if self.inside >= self.queue:
                raise Refusal(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    f"{self.queue} requests are being answered",
                    mend=f"try again in {RETRY_AFTER_S} s",
                    headers={"Retry-After": str(RETRY_AFTER_S)},
                )
            self.inside += 1
        return Place(self, time.monotonic() + self.time_out_s)

    def leave(self) -> None:
        """Give a place back."""
        with self._lock:
            self.inside -= 1

    def close(self) -> None:
        """Wait for the threads."""
        self.pool.shutdown()


class Place:
    """A place inside, to be used as a context.

    Attributes:
        deadline: on :func:`time.monotonic`.
    """

    def __init__(self, admission: Admission, deadline: float) -> None:
        self.deadline = deadline
        self._admission, self._handed_on = admission, False

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, *_: object) -> None:
        if not self._handed_on:
            self._admission.leave()

    async def work(self, job: Callable[[], Answer]) -> Answer:
        """Do a job in a thread, which takes over the place.

        Raises:
            TimeoutError: the deadline passed; the thread goes on until it notices.
        """
        done = self._admission.pool.submit(job)
        self._handed_on = True
        done.add_done_callback(lambda _: self._admission.leave())
        async with asyncio.timeout(self.deadline - time.monotonic()):
            return await asyncio.wrap_future(done)


def too_late(seconds: float) -> Refusal:
    """The request took too long (504)."""
    return Refusal(
        HTTPStatus.GATEWAY_TIMEOUT,
        f"not done within {seconds:g} s",
        mend="send fewer slices, or try again later",
    )
