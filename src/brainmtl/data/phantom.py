"""A synthetic data set in BRISC's folder layout: drawn heads with drawn tumours, for whoever has no data."""

import csv
import hashlib
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from brainmtl.data.folder import whole_folder
from brainmtl.data.phantom_grid import Array, Grid, noise_field
from brainmtl.data.phantom_head import AIR, Anatomy, draw_anatomy, draw_head, outline
from brainmtl.data.phantom_tumour import Tumour, cut_tumour, draw_tumour, paint_tumour, push
from brainmtl.errors import InputError
from brainmtl.imaging.threads import threads
from brainmtl.labels import CLASSES, HEALTHY, PLANES, ClassName, PlaneName

TEST_SHARE: Final = 6
"""One slice in six is for the test, as in BRISC."""
COPY_SHARE: Final = 10
"""With copies, one slice in ten is one …"""
SHARED_PERSONS: Final = 3
"""… and one test person in three is also in train."""
LOW_SHARE: Final = 0.5
"""One axial slice in two cuts the eyes."""
FEWEST: Final = 8
FEWEST_COPIES: Final = 8
MOST_SLICES: Final = 6
"""A person has 2 to 6 slices."""
LABEL_CODES: dict[ClassName, str] = {"glioma": "gl", "meningioma": "me", "pituitary": "pi", "no_tumor": "no"}
COPY_KINDS: Final = (("bytes", "none"), ("near", "mirror"), ("pixels", "none"), ("near", "none"))
"""What a copy shares with its original, and how it is turned."""
MANIFEST_COLUMNS: Final = (
    *(
        "relative_path",
        "filename",
        "task",
        "split",
        "index",
        "tumor_code",
        "tumor_label",
        "plane_code",
        "plane_label",
    ),
    *("sequence", "is_mask", "linked_image", "width", "height", "file_size_bytes", "sha256"),
)
"""BRISC's own."""
README = """# Phantoms

{slices} synthetic slices in the folder layout of BRISC 2025, drawn by brainmtl from seed {seed}. No person
was scanned.
`persons.csv` says which slices show one (invented) person.
"""


@dataclass(frozen=True)
class Person:
    """An invented person."""

    name: str
    label: ClassName
    anatomy: Anatomy
    tumour: Tumour | None


@dataclass(frozen=True)
class Slice:
    """One slice to draw.

    Attributes:
        split: ``"train"`` or ``"test"``.
        number: its place among the slices of its split, from 1.
        person: whose it is.
        plane: in which plane.
        drift: place along the stack, −1 to 1, 0 through the middle of the tumour.
        position: among the person's slices in this plane and split, from 0.
        seed: chance of this slice alone.
        original: the slice that this one is a copy of.
        kind: what the copy shares with it: ``"bytes"``, ``"pixels"``, or ``"near"``.
        transform: ``"mirror"`` or ``"none"``.
    """

    split: str
    number: int
    person: Person
    plane: PlaneName
    drift: float
    position: int
    seed: int
    original: "Slice | None" = None
    kind: str = ""
    transform: str = "none"

    @property
    def code(self) -> str:
        """Five digits."""
        return f"{self.number:05d}"

    @property
    def id(self) -> str:
        """File stem, as BRISC's."""
        return f"phantom_{self.split}_{self.code}_{LABEL_CODES[self.person.label]}_{self.plane[:2]}_t1"


def make_phantom(
    root: Path,
    *,
    slices: int = 600,
    seed: int = 0,
    size: int = 256,
    copies: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Make a synthetic data set that :func:`brainmtl.data.brisc.index_brisc` reads.

    The four classes are equal in number; a network must find and look at the tumour to tell them apart,
    because sizes, planes, heads, brightness and bright spots that are no tumours come alike in all. The same
    arguments give the same bytes.

    Args:
        root: the folder to make; it must not exist or be empty.
        slices: how many, at least 8 (24 with copies); one in six is for the test.
        seed: the source of chance.
        size: about how many pixels a side.
        copies: plant copies (of the same bytes, the same pixels, recompressed, mirrored) within and across
            the splits, and persons on both sides of them; ``planted.csv`` lists them, and ``persons.csv``
            does not know the copies.
        progress: called with the number of slices done.

    Raises:
        InputError: the folder holds something or cannot be written. Nothing half-made is left.
    """
    fewest = FEWEST + copies * 2 * FEWEST_COPIES
    if slices < fewest:
        raise InputError(f"{slices} slices are too few", field="slices", mend=f"at least {fewest}")
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise InputError("is not an empty folder", where=root, mend="remove it, or name another folder")
    plan = _plan(slices, seed, copies)
    with whole_folder(root, "choose a folder you may write to, on a disk with room") as folder:
        listing: list[dict[str, object]] = []
        with threads() as pool:
            written = pool.map(lambda each: _write_slice(folder, each, size), plan)
            for done, rows in enumerate(written, start=1):
                listing.extend(rows)
                progress(done)
        _write_tables(folder, plan, listing)
        (folder / "README.md").write_text(README.format(slices=slices, seed=seed), encoding="utf-8")


def draw_slice(
    person: Person, plane: PlaneName, drift: float, seed: int, size: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Draw one slice and its mask.

    Args:
        person: whose.
        plane: in which plane.
        drift: place along the stack of slices, −1 to 1.
        seed: chance of this slice alone: pose, scanner, noise, size.
        size: about how many pixels a side.

    Returns:
        Grey pixels uint8 ``(H, W)`` and the tumour, bool ``(H, W)``.
    """
    rng = np.random.default_rng([seed, 1])
    height, width = _shape(rng, size)
    grid = Grid.of(max(height, width))
    shape = outline(person.anatomy, plane, grid, low=bool(rng.random() < LOW_SHARE))
    site = cut_tumour(person.tumour, plane, drift, shape) if person.tumour else None
    pushed = push(grid, site) if site else grid
    image = draw_head(person.anatomy, plane, shape, grid, pushed, rng, drift)
    depth = np.full_like(image, -1)
    if person.tumour and site:
        depth = paint_tumour(image, person.tumour, site, person.anatomy, shape, grid)
    image, depth = _pose(image, depth, height, width, rng)
    return _scan(image, rng), depth > 0


def _shape(rng: np.random.Generator, size: int) -> tuple[int, int]:
    side = round(size * rng.choice([1, 1, 1, 0.92, 1.08]))
    other = round(side * rng.uniform(0.84, 0.97)) if rng.random() < 0.15 else side
    return (side, other) if rng.random() < 0.7 else (other, side)


def _pose(
    image: Array, depth: Array, height: int, width: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Turn, shift and scale the head in its picture; now and then mirror it."""
    turn, zoom = rng.normal(0, 0.07), rng.uniform(0.95, 1.18) * len(image) / height
    flip, cos, sin = float(rng.choice([-1, 1])), math.cos(turn) * zoom, math.sin(turn) * zoom
    x, y = rng.uniform(-0.04, 0.04, 2) * height + np.array([width, height]) / 2
    middle = len(image) / 2
    across = (flip * cos, flip * sin, middle - flip * (cos * x + sin * y))
    down = (-sin, cos, middle + sin * x - cos * y)

    def move(plane: Array, outside: float) -> Array:
        source, how = (
            Image.fromarray(plane),
            (Image.Transform.AFFINE, across + down, Image.Resampling.BICUBIC),
        )
        return np.asarray(source.transform((width, height), *how, fillcolor=outside))

    return move(image, AIR), move(depth, -1.0)


def _scan(image: Array, rng: np.random.Generator) -> NDArray[np.uint8]:
    """What the scanner adds: uneven coils, contrast, Rician noise (Gudbjartsson and Patz 1995), a window."""
    height, width = image.shape
    coils = noise_field(rng, max(image.shape), 3)[:height, :width]
    seen = np.clip(image, 0, None) ** rng.uniform(0.8, 1.35) * np.exp(rng.uniform(0.03, 0.16) * coils)
    noise = rng.standard_normal((2, height, width), dtype=np.float32) * np.float32(rng.uniform(0.006, 0.028))
    seen = np.hypot(seen + noise[0], noise[1])
    return np.asarray(np.clip(seen * rng.uniform(150, 310), 0, 255), np.uint8)


def _plan(slices: int, seed: int, copies: bool) -> list[Slice]:
    """Who has which slices in which split; chance that a label must not touch is drawn before it."""
    rng = np.random.default_rng([seed, 0])
    copied = max(FEWEST_COPIES, slices // COPY_SHARE) if copies else 0
    test = max(1, slices // TEST_SHARE - (copied + 1) // 2)
    plan: list[Slice] = []
    for place, label in enumerate(CLASSES):
        people: list[Person] = []
        for split, total in (("train", slices - copied - test), ("test", test)):
            wanted, met = total // len(CLASSES) + (place < total % len(CLASSES)), 0
            while wanted > 0:
                again = copies and split == "test" and met % SHARED_PERSONS == 0 and met < len(people)
                person = people[met] if again else _draw_person(f"PH{len(plan):05d}", label, rng)
                if split == "train":
                    people.append(person)
                met += 1
                count = min(wanted, int(rng.integers(2, MOST_SLICES + 1)))
                plan += _stack(person, split, count, 1 + sum(each.split == split for each in plan), rng)
                wanted -= count
    return plan + _copies(plan, copied, rng)


def _draw_person(name: str, label: ClassName, rng: np.random.Generator) -> Person:
    look, growth = rng.spawn(2)
    return Person(name, label, draw_anatomy(look), None if label == HEALTHY else draw_tumour(label, growth))


def _stack(person: Person, split: str, count: int, first: int, rng: np.random.Generator) -> list[Slice]:
    """Slices of one person at places of a stack, even ones for training, odd ones for test.

    Plane follows plane from place to place, so that slices of one plane lie too far apart for copies.
    """
    places = 2 * rng.permutation(MOST_SLICES)[:count] + (split == "test")
    drifts = (places + rng.uniform(0.2, 0.8, count)) / MOST_SLICES - 1
    seeds = rng.integers(2**31, size=count)
    return [
        Slice(
            split,
            first + k,
            person,
            PLANES[places[k] % len(PLANES)],
            float(drifts[k]),
            int(((places < places[k]) & (places % len(PLANES) == places[k] % len(PLANES))).sum()),
            int(seeds[k]),
        )
        for k in range(count)
    ]


def _copies(plan: list[Slice], count: int, rng: np.random.Generator) -> list[Slice]:
    """Copies of training slices, every other one in the test split."""
    train = [each for each in plan if each.split == "train"]
    numbers = {split: sum(each.split == split for each in plan) for split in ("train", "test")}
    found = []
    for turn, chosen in enumerate(rng.permutation(len(train))[:count]):
        original, split = train[chosen], ("test", "train")[turn % 2]
        numbers[split] += 1
        kind, transform = COPY_KINDS[turn // 2 % len(COPY_KINDS)]
        found.append(
            Slice(
                split,
                numbers[split],
                original.person,
                original.plane,
                original.drift,
                original.position,
                original.seed,
                original=original,
                kind=kind,
                transform=transform,
            )
        )
    return found


def _write_slice(folder: Path, each: Slice, size: int) -> list[dict[str, object]]:
    pixels, mask = draw_slice(each.person, each.plane, each.drift, each.seed, size)
    if each.transform == "mirror":
        pixels, mask = pixels[:, ::-1], mask[:, ::-1]
    picture, name = _jpeg(pixels, each), f"{each.id}.jpg"
    files = [(f"classification_task/{each.split}/{each.person.label}/{name}", picture)]
    if each.person.tumour is not None:
        files.append((f"segmentation_task/{each.split}/images/{name}", picture))
        files.append((f"segmentation_task/{each.split}/masks/{each.id}.png", _png(mask)))
    rows = []
    for path, content in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
        rows.append(_listing_row(each, path, content, pixels.shape))
    return rows


def _jpeg(pixels: NDArray[np.uint8], each: Slice) -> bytes:
    rng = np.random.default_rng([each.seed, 2])
    quality, colour = int(rng.integers(86, 96)), bool(rng.random() < 0.5)
    if each.kind == "near":
        quality, colour = quality - 15, not colour
    image = Image.fromarray(np.ascontiguousarray(pixels))
    buffer = io.BytesIO()
    comment = {"comment": b"copy"} if each.kind == "pixels" else {}
    (image.convert("RGB") if colour else image).save(buffer, "JPEG", quality=quality, **comment)
    return buffer.getvalue()


def _png(mask: NDArray[np.bool_]) -> bytes:
    """A mask with the noise of BRISC's: 0 to 10 outside, 246 to 255 inside."""
    lossy, buffer = io.BytesIO(), io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255).save(lossy, "JPEG", quality=92)
    noisy = np.asarray(Image.open(lossy))
    Image.fromarray(np.where(mask, np.maximum(noisy, 246), np.minimum(noisy, 10))).save(buffer, "PNG")
    return buffer.getvalue()


def _listing_row(each: Slice, path: str, content: bytes, shape: tuple[int, ...]) -> dict[str, object]:
    is_mask, windows = path.endswith(".png"), path.replace("/", "\\")
    linked = windows.replace("\\masks\\", "\\images\\").replace(".png", ".jpg") if is_mask else ""
    task = path.partition("_")[0]
    code, plane = LABEL_CODES[each.person.label], each.plane[:2]
    values = (
        *(windows, Path(path).name, task, each.split, each.code, code, each.person.label, plane, each.plane),
        *("T1", is_mask, linked, shape[1], shape[0], len(content), hashlib.sha256(content).hexdigest()),
    )
    return dict(zip(MANIFEST_COLUMNS, values, strict=True))


def _write_tables(folder: Path, plan: list[Slice], listing: list[dict[str, object]]) -> None:
    listing.sort(key=lambda row: str(row["relative_path"]))
    _write_csv(folder / "manifest.csv", listing)
    digest = hashlib.sha256((folder / "manifest.csv").read_bytes()).hexdigest()
    (folder / "manifest.csv.sha256").write_text(f"{digest}  manifest.csv\n")
    named = [each for each in plan if each.original is None]
    _write_csv(
        folder / "persons.csv",
        [
            {
                "id": each.id,
                "patient": f"{each.person.name}A",
                "person": each.person.name,
                "series": f"{each.person.name}A-{each.plane}-{each.split}",
                "position": each.position,
            }
            for each in named
        ],
    )
    planted = [_planted(each, each.original, each.kind) for each in plan if each.original is not None]
    if planted:
        first = {each.person.name: each for each in reversed(named) if each.split == "train"}
        shared = [each for each in named if each.split == "test" and each.person.name in first]
        planted += [_planted(each, first[each.person.name], "person") for each in shared]
        _write_csv(folder / "planted.csv", planted)


def _planted(a: Slice, b: Slice, kind: str) -> dict[str, object]:
    return {"a": a.id, "b": b.id, "kind": kind, "transform": a.transform, "across_splits": a.split != b.split}


def _write_csv(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
