"""The cache holds what decoding gives, is built once, and is never half there."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainmtl.data.brisc import index_brisc
from brainmtl.data.cache import cache_home, open_cache
from brainmtl.errors import InputError


@pytest.mark.parametrize("size", [32, 96, 128])
def test_it_equals_a_direct_decode(phantom: pd.DataFrame, tmp_path: Path, size: int):
    cache = open_cache(phantom, size, home=tmp_path)
    assert cache.images.shape == cache.masks.shape == (60, size, size)
    assert cache.images.dtype == cache.masks.dtype == np.uint8
    for number, row in enumerate(phantom.itertuples()):
        assert (cache.images[number] == _square(np.asarray(Image.open(row.image).convert("L")), size)).all()
        if pd.isna(row.mask):
            assert not cache.masks[number].any()
        else:
            tumour = np.where(np.asarray(Image.open(row.mask)) > 127, 255, 0)
            assert (cache.masks[number] == _square(tumour.astype(np.uint8), size)).all()


def _square(pixels: np.ndarray, size: int) -> np.ndarray:
    side = max(pixels.shape)
    canvas = Image.new("L", (side, side))
    height, width = pixels.shape
    canvas.paste(Image.fromarray(pixels), ((side - width) // 2, (side - height) // 2))
    return np.asarray(canvas.resize((size, size), Image.Resampling.BILINEAR))


def test_a_stretched_one_fills_the_square(phantom: pd.DataFrame, tmp_path: Path):
    cache = open_cache(phantom, 48, "stretch", home=tmp_path)
    for number, path in enumerate(phantom["image"]):
        assert (cache.images[number] == np.asarray(Image.open(path).convert("L").resize((48, 48), 2))).all()


def test_masks_keep_the_share_of_tumour(phantom: pd.DataFrame, tmp_path: Path):
    masks = open_cache(phantom, 40, home=tmp_path).masks
    for number, row in enumerate(phantom.itertuples()):
        if pd.notna(row.mask):
            true = (np.asarray(Image.open(row.mask)) > 127).sum() / max(row.width, row.height) ** 2
            assert masks[number].mean() / 255 == pytest.approx(true, rel=0.15)


@pytest.fixture
def moved(folder: Path) -> pd.DataFrame:
    return index_brisc(folder)[0]


def test_it_is_reopened_without_decoding_wherever_the_files_are(
    phantom: pd.DataFrame, moved: pd.DataFrame, folder: Path, tmp_path: Path
):
    calls: list[int] = []
    first = open_cache(moved, 32, home=tmp_path / "home", progress=calls.append)
    assert calls == list(range(1, 61))
    shutil.rmtree(folder)
    for table in (moved, phantom):
        again = open_cache(table, 32, home=tmp_path / "home", progress=calls.append)
        assert isinstance(again.images, np.memmap)
        assert (again.images == first.images).all()
        assert (again.masks == first.masks).all()
    assert len(calls) == 60
    with pytest.raises(ValueError, match="read-only"):
        again.images[0] = 0


def test_each_content_size_and_fit_has_its_own(phantom: pd.DataFrame, tmp_path: Path):
    def made(table: pd.DataFrame, *how) -> int:
        open_cache(table, *how, home=tmp_path)
        return len(list(tmp_path.iterdir()))

    few = phantom.iloc[:4]
    assert made(few, 32) == 1
    assert made(few, 32, "pad") == 1
    assert made(few, 48) == 2
    assert made(few, 32, "stretch") == 3
    assert made(phantom.iloc[:5], 32) == 4
    assert made(few.iloc[::-1], 32) == 5
    assert made(few.assign(sha256="0" * 64), 32) == 6
    assert made(few.assign(mask_sha256="0" * 64), 32) == 7
    assert made(few.assign(fold=0, group="x"), 32) == 7


def test_builders_may_race(phantom: pd.DataFrame, tmp_path: Path):
    meeting = threading.Barrier(3, timeout=60)

    def build(_: int):
        return open_cache(phantom, 32, home=tmp_path, progress=lambda done: done == 30 and meeting.wait())

    with ThreadPoolExecutor(3) as pool:
        caches = list(pool.map(build, range(3)))
    assert len(list(tmp_path.iterdir())) == 1
    expected = open_cache(phantom, 32, home=tmp_path / "alone")
    for cache in caches:
        assert (cache.images == expected.images).all()
        assert (cache.masks == expected.masks).all()


def test_a_broken_picture_leaves_nothing(moved: pd.DataFrame, tmp_path: Path):
    path = Path(moved["image"][30])
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(InputError) as caught:
        open_cache(moved, 32, home=tmp_path / "home")
    assert caught.value.where == path
    assert list((tmp_path / "home").iterdir()) == []


def test_a_mask_of_another_size_leaves_nothing(moved: pd.DataFrame, tmp_path: Path):
    path = Path(moved["mask"].dropna().iloc[-1])
    Image.new("L", (50, 60)).save(path)
    with pytest.raises(InputError, match="the mask is 50×60, its slice") as caught:
        open_cache(moved, 32, home=tmp_path / "home")
    assert (caught.value.where, caught.value.field) == (path, "mask")
    assert list((tmp_path / "home").iterdir()) == []


def test_an_interrupt_leaves_nothing(phantom: pd.DataFrame, tmp_path: Path):
    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_cache(phantom, 32, home=tmp_path, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_folder_is_named(phantom: pd.DataFrame, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file/home/32-pad-.*: cannot be written") as caught:
        open_cache(phantom, 32, home=tmp_path / "file" / "home")
    assert "BRAINMTL_CACHE" in str(caught.value.mend)


def test_no_room_is_said_and_nothing_is_left(no_room, phantom: pd.DataFrame, tmp_path: Path):
    phantom.to_parquet(tmp_path / "m.parquet")
    code = f"""
from pathlib import Path
from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import read_manifest
from brainmtl.errors import InputError
try:
    open_cache(read_manifest(Path({str(tmp_path / "m.parquet")!r})), 96, home=Path())
except InputError as error:
    print(error, list(Path().iterdir()))
"""
    said = no_room(code)
    assert "cannot be written: " in said
    assert "BRAINMTL_CACHE" in said
    assert said.endswith("[]\n")


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:5000])])
def test_a_damaged_cache_is_named(phantom: pd.DataFrame, tmp_path: Path, spoil):
    open_cache(phantom, 32, home=tmp_path)
    folder = next(tmp_path.iterdir())
    spoil(folder / "masks.npy")
    with pytest.raises(InputError, match="damaged") as caught:
        open_cache(phantom, 32, home=tmp_path)
    assert (caught.value.where, caught.value.mend) == (folder, "remove it")


def test_the_home_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("BRAINMTL_CACHE", str(tmp_path / "named"))
    assert cache_home() == tmp_path / "named"
    monkeypatch.delenv("BRAINMTL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_home() == tmp_path / "xdg" / "brainmtl"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_home() == Path.home() / ".cache" / "brainmtl"
