"""Slices of many requests through the network at once."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from brainmtl.inference.runtime import Runtime

Arrays = list[NDArray[np.float32]]


class Expired(Exception):
    """The request's time is over."""


@dataclass
class _Piece:
    """Slices of one request that wait for the network."""

    names: tuple[str, ...]
    images: NDArray[np.float32]
    deadline: float
    answer: "Future[Arrays]" = field(default_factory=Future)


class Batcher:
    """Gathers slices up to a number or for a time, and runs them as one batch.

    Args:
        runtime: what computes.
        most: slices in a batch, at most; a piece that is larger goes by itself.
        wait_s: how long the first slice waits for others.
        observe: called with the size of every batch.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        most: int,
        wait_s: float,
        observe: Callable[[int], None] = lambda size: None,
    ) -> None:
        self.runtime, self.most, self.wait_s, self._observe = runtime, most, wait_s, observe
        self._waiting: queue.SimpleQueue[_Piece | None] = queue.SimpleQueue()
        self._carried: _Piece | None = None
        self._thread = threading.Thread(target=self._work, name="batches", daemon=True)
        self._thread.start()

    def share(self, deadline: float) -> "Share":
        """The runtime as one request sees it.

        Args:
            deadline: on :func:`time.monotonic`, after which its slices are not run any more.
        """
        return Share(self, deadline)

    def run(self, names: Sequence[str], images: NDArray[np.float32], deadline: float) -> Arrays:
        """Wait for a batch and for its answer.

        Raises:
            Expired: the deadline passed first.
        """
        piece = _Piece(tuple(names), images, deadline)
        self._waiting.put(piece)
        try:
            return piece.answer.result(max(0.0, deadline - time.monotonic()))
        except TimeoutError as error:
            raise Expired from error

    def close(self) -> None:
        """Run what waits, and stop."""
        self._waiting.put(None)
        self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether batches are run."""
        return self._thread.is_alive()

    def _work(self) -> None:
        while (first := self._carried or self._waiting.get()) is not None:
            self._carried = None
            self._compute(self._gather(first))

    def _gather(self, first: _Piece) -> list[_Piece]:
        pieces, size, until = [first], len(first.images), time.monotonic() + self.wait_s
        while size < self.most:
            try:
                following = self._waiting.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            if following is None:
                self._waiting.put(None)
                break
            if size + len(following.images) > self.most or following.names != first.names:
                self._carried = following
                break
            pieces.append(following)
            size += len(following.images)
        return pieces

    def _compute(self, pieces: list[_Piece]) -> None:
        now = time.monotonic()
        pieces = [piece for piece in pieces if piece.deadline > now]
        if not pieces:
            return
        try:
            images = np.concatenate([piece.images for piece in pieces])
            self._observe(len(images))
            arrays = self.runtime.run(pieces[0].names, images)
        except Exception as error:  # whoever waits must hear of it
            for piece in pieces:
                piece.answer.set_exception(error)
            return
        ends = np.cumsum([len(piece.images) for piece in pieces])[:-1]
        parts = [np.split(array, ends) for array in arrays]
        for number, piece in enumerate(pieces):
            piece.answer.set_result([part[number] for part in parts])


class Share:
    """A :class:`~brainmtl.inference.runtime.Runtime` that shares its batches with other requests.

    Args:
        batcher: what runs them.
        deadline: of this request.
    """

    def __init__(self, batcher: Batcher, deadline: float) -> None:
        self.name = batcher.runtime.name
        self.metadata, self.values = batcher.runtime.metadata, batcher.runtime.values
        self._batcher, self._deadline = batcher, deadline

    def run(self, names: Sequence[str], images: NDArray[np.float32]) -> Arrays:
        """Wait for a batch and for its answer.

        Raises:
            Expired: the request's time is over.
        """
        return self._batcher.run(names, images, self._deadline)
