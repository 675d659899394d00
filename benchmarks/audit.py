"""Seconds and memory to find the copies in a set, against decoding it; and how both grow with the set.

python benchmarks/audit.py MANIFEST          # every slice of a manifest, decoded and searched
python benchmarks/audit.py --grow 100000     # made-up thumbnails, one in ten a copy: no decoding
"""

import argparse
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from brainmtl.data.copies.candidates import find_candidates
from brainmtl.data.copies.thumbnails import SIDE, Thumbnails, find_heads, read_thumbnails
from brainmtl.data.copies.verify import SAME, verify
from brainmtl.data.manifest import read_manifest
from brainmtl.imaging.picture import read_picture


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("manifest", type=Path, nargs="?")
    options.add_argument("--grow", type=int, nargs="*", default=[])
    chosen = options.parse_args()
    print(
        "| slices | decoding alone | decoding and hashing | searching | verifying | processor | peak memory |"
    )
    print("|---|---|---|---|---|---|---|")
    if chosen.manifest:
        _real(chosen.manifest)
    for count in chosen.grow:
        _made_up(count)


def _real(manifest: Path) -> None:
    images = read_manifest(manifest)["image"]
    start = time.perf_counter()
    with ThreadPoolExecutor() as pool:
        for _ in pool.map(lambda path: read_picture(Path(path)).pixels.shape, images):
            pass
    decoding = time.perf_counter() - start
    busy, start = time.process_time(), time.perf_counter()
    thumbnails = read_thumbnails(images)
    _report(f"{len(images):,} (BRISC)", decoding, time.perf_counter() - start, busy, thumbnails)


def _made_up(count: int) -> None:
    """Smooth fields in an ellipse; one in ten is another one's copy, mirrored and noisy."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    head = (x**2 / 0.6 + y**2 / 0.8) < 1
    pixels = np.empty((count, SIDE, SIDE), np.uint8)
    base = np.stack([gaussian_filter(field, 4) for field in rng.standard_normal((20, SIDE, SIDE))])
    base /= base.std()
    for start in range(0, count, 2000):
        rows = min(2000, count - start)
        fine = gaussian_filter(rng.standard_normal((rows, SIDE, SIDE)), (0, 1.5, 1.5))
        anatomy = base[rng.integers(0, 20, rows)] + fine / fine.std()
        pixels[start : start + rows] = np.clip(110 + 30 * anatomy, 0, 255) * head
    copies = np.arange(0, count - count % 10, 10)
    mirrored = pixels[copies][:, :, ::-1] + rng.normal(0, 2, (len(copies), SIDE, SIDE)) * head
    pixels[copies + 5] = np.clip(mirrored, 0, 255)
    thumbnails = Thumbnails(pixels, find_heads(pixels), np.zeros(count, "S32"), np.full(count, 512))
    found = _report(f"{count:,} (made up)", None, None, time.process_time(), thumbnails)
    print(f"<!-- of {len(copies):,} copies, {len(found & {(n, n + 5) for n in copies.tolist()}):,} found -->")


def _report(
    name: str, decoding: float | None, reading: float | None, busy: float, thumbnails: Thumbnails
) -> set[tuple[int, int]]:
    start = time.perf_counter()
    candidates = find_candidates(thumbnails)
    searched = time.perf_counter()
    _, score = verify(thumbnails, thumbnails, candidates)
    verified = time.perf_counter()
    same = score >= SAME
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    seconds = [decoding, reading, searched - start, verified - searched, time.process_time() - busy]
    cells = ["–" if value is None else f"{value:.1f} s" for value in seconds]
    print(f"| {name} | {' | '.join(cells)} | {peak:.2f} GB |", flush=True)
    return set(zip(candidates.a[same].tolist(), candidates.b[same].tolist(), strict=True))


if __name__ == "__main__":
    main()
