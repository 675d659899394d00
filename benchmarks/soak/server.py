"""A real server in a process of its own, which can be killed."""

import re
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self


class Server:
    """``brainmtl serve`` on loopback.

    Args:
        package: the model package.
        queue: requests inside at once.
        port: where it listens; the first that is free.
    """

    def __init__(self, package: Path, queue: int, port: int | None = None) -> None:
        self.port = port or _free_port()
        options = ["--model", str(package), "--port", str(self.port), "--queue", str(queue)]
        command = [sys.executable, "-m", "brainmtl.cli", "serve", *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        said: deque[str] = deque(maxlen=20)
        for line in self.process.stderr:
            said.append(line)
            if found := re.search(r"serving on (http://\S+)", line):
                self.address = found[1]
                break
        else:
            raise SystemExit("the server did not start:\n" + "".join(said))
        self._listener = threading.Thread(target=self._listen, daemon=True)  # a full pipe would stop it
        self._listener.start()

    def memory_mb(self) -> float:
        """What it holds in memory (Linux)."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return float("nan")

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            sys.stderr.write(f"server: {line}")


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])
