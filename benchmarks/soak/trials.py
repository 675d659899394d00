"""What the server is put through: steady load, more than it can take, and kill -9."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from load import Clients, Kind, counted, slowest_ms
from server import Server
from slices import Slice

SAMPLE_S = 0.5
WARM = 64
ALONE = 500


@dataclass(frozen=True)
class Steady:
    """As many requests as the server takes.

    Attributes:
        rate: right answers a second.
        alone_ms: 99th percentile of one client alone.
        ended: how the requests ended.
        memory_mb: of the server, means of the second and of the last quarter of the time.
    """

    rate: float
    alone_ms: float
    ended: Counter[Kind]
    memory_mb: tuple[float, float]


@dataclass(frozen=True)
class Storm:
    """More than the server takes.

    Attributes:
        rate: requests a second, as they were sent.
        accepted_ms: 99th percentile of those that were let in.
        ended: how the requests ended.
    """

    rate: float
    accepted_ms: float
    ended: Counter[Kind]


async def hold(package: Path, slices: Sequence[Slice], requests: int, together: int) -> Steady:
    """Steady load by clients that wait for their answers.

    Args:
        package: the model package.
        slices: what is sent.
        requests: in all.
        together: clients, and places in the server.
    """
    with Server(package, queue=together) as server:
        clients = await _warm(server, slices, together)
        await clients.send(min(ALONE, len(slices)), 1)
        alone, clients.asked = slowest_ms(clients.asked), []
        memory: list[float] = []
        beside = [_watch(server, memory), clients.tell("steady", requests)]
        watches = [asyncio.create_task(one) for one in beside]
        start = time.perf_counter()
        await clients.send(requests, together)
        seconds = time.perf_counter() - start
        for watch in watches:
            watch.cancel()
        await clients.close()
    ended = counted(clients.asked)
    return Steady(ended[Kind.RIGHT] / seconds, alone, ended, _quarters(memory))


async def overload(package: Path, slices: Sequence[Slice], rate: float, seconds: float, queue: int) -> Storm:
    """Requests at a rate that does not wait for answers.

    Args:
        package: the model package.
        slices: what is sent.
        rate: requests a second.
        seconds: for how long.
        queue: places in the server.
    """
    with Server(package, queue=queue) as server:
        clients = await _warm(server, slices, 1)
        telling = asyncio.create_task(clients.tell(f"queue {queue}", int(rate * seconds)))
        sent = await clients.storm(rate, seconds)
        telling.cancel()
        await clients.close()
    return Storm(sent, slowest_ms(clients.asked), counted(clients.asked))


async def kill(package: Path, slices: Sequence[Slice], times: int, together: int) -> Counter[Kind]:
    """Kill the server under load and start it again, some times; how requests ended in all."""
    server = Server(package, queue=together)
    clients = await _warm(server, slices, together)
    over = False
    load = asyncio.create_task(clients.send_until(lambda: over, together))
    try:
        for number in range(times):
            print(f"kill {number + 1} of {times}", file=sys.stderr, flush=True)
            await _answers(clients, load, 200)
            server.kill()
            server = await asyncio.to_thread(Server, package, together, server.port)
        await _answers(clients, load, 200)
    finally:
        over = True
        await load
        await clients.close()
        server.kill()
    return counted(clients.asked)


async def _warm(server: Server, slices: Sequence[Slice], together: int) -> Clients:
    clients = Clients(server.address, slices)
    await clients.send(WARM, together)
    clients.asked.clear()
    return clients


async def _answers(clients: Clients, load: "asyncio.Task[None]", more: int) -> None:
    """Wait for so many more right answers."""
    enough = counted(clients.asked)[Kind.RIGHT] + more
    while counted(clients.asked)[Kind.RIGHT] < enough and not load.done():
        await asyncio.sleep(0.1)


async def _watch(server: Server, memory: list[float]) -> None:
    while True:
        memory.append(server.memory_mb())
        await asyncio.sleep(SAMPLE_S)


def _quarters(memory: Sequence[float]) -> tuple[float, float]:
    quarters = np.array_split(np.asarray(memory), 4)
    return float(quarters[1].mean()), float(quarters[3].mean())
