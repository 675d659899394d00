"""A cluster of machines that Ray runs: joined at its address, or begun here for as long as it is needed."""

import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, Final

from brainmtl.errors import InputError, UsageError
from brainmtl.imaging.threads import processors

FORMS: Final = "local, auto, or HOST:PORT of a cluster's head"
ANSWER_SECONDS: Final = 5
"""How long a head may take to answer; Ray itself asks for two minutes."""
STORE_BYTES: Final = 2**27


@contextmanager
def cluster(address: str, store_bytes: int = STORE_BYTES) -> Iterator[Any]:
    """Join a cluster, or begin one on this machine; it is left, or ends, with the block.

    Until then stdout, which is for results, goes to stderr: Ray prints of dead workers there, up to its end.

    Args:
        address: ``"local"``: begin one on the processors that this process may use; ``"auto"``: the one that
            this machine belongs to; ``"HOST:PORT"``: of its head; this machine has to belong to it.
        store_bytes: memory for what tasks hand to one another, where one is begun.

    Yields:
        the module ``ray``, connected.

    Raises:
        UsageError: Ray is not installed, or the address has none of these forms.
        InputError: no cluster answers there.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers of each start
    try:
        import ray
    except ModuleNotFoundError as error:
        raise UsageError("ray is not installed", mend="pip install 'brainmtl[ray]'") from error

    begun: dict[str, Any] = {
        "num_cpus": processors(),
        "object_store_memory": store_bytes,
        "include_dashboard": False,
    }
    if address not in ("local", "auto"):
        _find(address)
    settings = begun if address == "local" else {}
    with redirect_stdout(sys.stderr):
        try:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **settings)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise InputError(
                f"no cluster can be joined: {error}", where=address, mend="`ray start --head`, or --ray local"
            ) from error
        try:
            yield ray
        finally:
            ray.shutdown()


def _find(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or "/" in address or not port.isdecimal():
        raise UsageError(f"--ray {address}", mend=FORMS)
    try:
        socket.create_connection((host, int(port)), ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f"nothing answers there: {error}", where=address, mend="`ray start --head`, or --ray local"
        ) from error
