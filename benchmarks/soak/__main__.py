"""Soak the server: many requests, too many, and kill -9; writes benchmarks/soak.md."""

import argparse
import asyncio
import sys
from pathlib import Path

from load import Kind
from page import draw_page, kill_rows, steady_rows, storm_rows
from slices import draw_slices, rate_here
from trials import hold, kill, overload

from brainmtl.inference.package import load_package
from brainmtl.server.settings import Settings

OUT = Path(__file__).parent.parent / "soak.md"
OVER = 4
OWN = Settings().queue
"""Places that a server has by itself."""


def main() -> int:
    chosen = _options()
    package = load_package(chosen.package)
    _say(f"drawing {chosen.slices} phantoms")
    slices = draw_slices(package, chosen.slices, chosen.size)
    before = rate_here(package, slices)
    _say(f"{len(slices)} slices told apart; in this process {before:.1f} a second")
    steady = asyncio.run(hold(chosen.package, slices, chosen.requests, chosen.together))
    here = (before + rate_here(package, slices)) / 2  # the machine may have changed its pace meanwhile
    _say(f"steady: {steady}, in this process {here:.1f} a second")
    storms = []
    for queue in chosen.queues:
        rate = OVER * steady.rate
        storms.append(asyncio.run(overload(chosen.package, slices, rate, chosen.seconds, queue)))
        _say(f"queue {queue}: {storms[-1]}")
    killed = asyncio.run(kill(chosen.package, slices, chosen.kills, chosen.together))
    _say(f"killed: {killed}")
    rows = steady_rows(steady, here, chosen.together)
    for queue, storm in zip(chosen.queues, storms, strict=True):
        rows += storm_rows(storm, steady, queue)
    rows += kill_rows(killed, chosen.kills)
    info = package.info
    model = f"`{info.name}` ({info.parameters:,} parameters, {info.size}²)"
    text = draw_page(rows, f"{model}, {len(slices)} phantoms of {chosen.size}²")
    chosen.out.write_text(text, encoding="utf-8")
    print(text)
    never = [steady.ended[Kind.WRONG], steady.ended[Kind.LOST], killed[Kind.WRONG]]
    never += [storm.ended[kind] for storm in storms for kind in (Kind.WRONG, Kind.LOST)]
    return int(any(never))


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--package", type=Path, required=True, help="a model package")
    options.add_argument("--requests", type=int, default=20_000, help="of the steady load")
    options.add_argument("--slices", type=int, default=1000, help="phantoms to draw")
    options.add_argument("--size", type=int, default=256, help="pixels a side of a phantom")
    options.add_argument("--together", type=int, default=8, help="clients of the steady load, and places")
    options.add_argument(
        "--queues", type=int, nargs="+", default=[OWN, 4, 32], help="places in the server, overloaded"
    )
    options.add_argument("--seconds", type=float, default=30, help="of the overload")
    options.add_argument("--kills", type=int, default=5, help="times to kill it")
    options.add_argument("-o", "--out", type=Path, default=OUT, help="the page to write")
    return options.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
