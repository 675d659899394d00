"""What a soak measured, as a page."""

import os
from collections import Counter
from datetime import UTC, datetime

from load import Kind
from trials import Steady, Storm

from brainmtl.server.settings import Settings

Row = tuple[str, str, str]


def steady_rows(steady: Steady, here: float, together: int) -> list[Row]:
    """Steady load, beside so many slices a second in one process."""
    second, last = steady.memory_mb
    total = sum(steady.ended.values())
    right, wrong, lost = (steady.ended[kind] for kind in (Kind.RIGHT, Kind.WRONG, Kind.LOST))
    refused = steady.ended[Kind.FULL]
    return [
        (
            f"{total:,} requests by {together} clients, `--queue {together}`; each answer judged",
            f"{right:,} right, {wrong} wrong, {lost} lost, {refused} refused",
            "0 wrong, 0 lost",
        ),
        (
            "slices a second: the server, against `predict_files` in one process",
            f"{steady.rate:.1f} / {here:.1f} = {steady.rate / here:.2f}",
            "≥ 0.75",
        ),
        (
            "memory of the server, MB: last quarter of the time, against the second",
            f"{last:.1f} / {second:.1f} = {last / second:.3f}",
            "flat",
        ),
        ("one client alone, 99th percentile", f"{steady.alone_ms:.0f} ms", ""),
    ]


def storm_rows(storm: Storm, steady: Steady, queue: int) -> list[Row]:
    """Too much, with so many places in the server."""
    right, full = storm.ended[Kind.RIGHT], storm.ended[Kind.FULL]
    wrong, lost = storm.ended[Kind.WRONG], storm.ended[Kind.LOST]
    own = ", as by itself" if queue == Settings().queue else ""
    name = f"{storm.rate / steady.rate:.1f} times that rate, `--queue {queue}`{own}"
    wanted = "≤ 3" if own else ""
    ratio = storm.accepted_ms / steady.alone_ms
    return [
        (
            f"{name}: how they ended",
            f"{right:,} right, {full:,} told to come again (503), {wrong} wrong, {lost} lost",
            "0 wrong, 0 lost",
        ),
        (
            f"{name}: 99th percentile of those let in, against one client alone",
            f"{storm.accepted_ms:.0f} ms / {steady.alone_ms:.0f} ms = {ratio:.1f}",
            wanted,
        ),
    ]


def kill_rows(killed: Counter[Kind], times: int) -> list[Row]:
    """Killed under load."""
    ended = f"{killed[Kind.RIGHT]:,} right, {killed[Kind.LOST]:,} errors, {killed[Kind.WRONG]} wrong"
    return [(f"kill -9 and start again, {times} times under load", ended, "0 wrong")]


def draw_page(rows: list[Row], what: str) -> str:
    """The page, with the machine named."""
    import onnxruntime

    from brainmtl.training.run import processor_name

    machine = f"{processor_name()}, {os.cpu_count()} cores, ONNX Runtime {onnxruntime.__version__}"
    lines = [
        "# The server under load\n",
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}; {what}.\n"
        "The clients share the machine with the server. Written by `make soak`.\n",
        "| what | measured | wanted |\n|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"
