"""What whoever runs the server decides."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Limits and doors of a server.

    Attributes:
        token: what a client must show as ``Authorization: Bearer``; ``None`` asks for nothing.
        hosts: names that it may be called by (``Host``, without the port); empty for any.
        origins: of other sites' pages that may call the API (CORS).
        prefix: path under which a proxy shows the server, e.g. ``"/brainmtl"``.
        memory: a folder that lies in memory, where uploads are read; ``None`` looks for one.
        batch: slices that the network sees at once, at most.
        wait_ms: how long a slice waits for others to share its batch.
        queue: requests that are read, wait or are answered at once; the next one is told to come again. Two
            keep a processor busy: one is computed while another is decoded or answered; more wait longer.
        workers: threads that decode and encode.
        time_out_s: for a request, from its first byte.
        max_bytes: of a request's body, and of what packed files in it unpack to.
        max_files: in a request.
        max_pixels: of one slice.
        max_slices: in a request: files, frames and slices of volumes.
    """

    token: str | None = field(default=None, repr=False)
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    prefix: str = ""
    memory: Path | None = None
    batch: int = 8
    wait_ms: float = 5.0
    queue: int = 2
    workers: int = 8
    time_out_s: float = 60.0
    max_bytes: int = 256 * 2**20
    max_files: int = 1024
    max_pixels: int = 16_000_000
    max_slices: int = 1024
