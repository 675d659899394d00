"""Every kind of picture file becomes the right grey slice, or a clear error."""

import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from brainmtl.errors import InputError
from brainmtl.imaging.picture import read_picture, write_picture

HEIGHT, WIDTH = 40, 60
RGB = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
SMOOTH = np.linspace(0, 255, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint8)
LUMA = RGB @ np.array([0.299, 0.587, 0.114])
"""ITU-R BT.601."""
DEEP = np.random.default_rng(1).integers(300, 40_000, (HEIGHT, WIDTH)).astype(np.uint16)
SCALED = (DEEP - float(DEEP.min())) / float(DEEP.max() - DEEP.min()) * 255


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "RGBX"])
def test_colour_becomes_luma_and_alpha_is_dropped(tmp_path: Path, mode, suffix):
    image = Image.fromarray(RGB).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.fromarray(RGB[..., 1]))
    if (mode, suffix) in (("RGBX", ".png"), ("RGBX", ".bmp")):
        pytest.skip("no such file exists")
    image.save(tmp_path / f"a{suffix}")
    picture = read_picture(tmp_path / f"a{suffix}")
    assert picture.pixels.dtype == np.uint8
    assert (picture.height, picture.width) == (HEIGHT, WIDTH)
    assert np.abs(picture.pixels - LUMA).max() <= 1


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp"])
def test_grey_in_every_format(tmp_path: Path, suffix):
    Image.fromarray(SMOOTH).save(tmp_path / f"a{suffix}")
    picture = read_picture(tmp_path / f"a{suffix}")
    assert np.abs(picture.pixels - SMOOTH.astype(float)).max() <= 4
    if suffix in (".png", ".tif", ".bmp"):
        assert (picture.pixels == SMOOTH).all()


@pytest.mark.parametrize(
    ("mode", "suffix"), [("LA", ".png"), ("LA", ".tif"), ("P", ".png"), ("P", ".bmp"), ("PA", ".tif")]
)
def test_grey_under_alpha_or_behind_a_palette(tmp_path: Path, mode, suffix):
    image = Image.fromarray(SMOOTH).convert(mode)
    if mode == "P":  # colours reversed, so that an index is not its grey
        image = Image.fromarray(255 - SMOOTH)
        image.putpalette([255 - value for value in range(256) for _ in range(3)])
    image.save(tmp_path / f"a{suffix}")
    picture = read_picture(tmp_path / f"a{suffix}")
    assert picture.mode == mode
    assert (picture.pixels == SMOOTH).all()


def test_a_palette_with_a_transparent_colour(tmp_path: Path):
    image = Image.fromarray(SMOOTH)
    image.putpalette([value for value in range(256) for _ in range(3)])
    image.save(tmp_path / "a.png", transparency=7)
    assert (read_picture(tmp_path / "a.png").pixels == SMOOTH).all()


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_one_bit(tmp_path: Path, suffix):
    Image.fromarray(SMOOTH > 100).save(tmp_path / f"a{suffix}")
    assert (read_picture(tmp_path / f"a{suffix}").pixels == np.where(SMOOTH > 100, 255, 0)).all()


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_cmyk(tmp_path: Path, suffix):
    Image.fromarray(np.stack([SMOOTH] * 3, axis=2)).convert("CMYK").save(tmp_path / f"a{suffix}")
    picture = read_picture(tmp_path / f"a{suffix}")
    assert picture.mode == "CMYK"
    assert np.abs(picture.pixels - SMOOTH.astype(float)).max() <= 4


@pytest.mark.parametrize(
    ("suffix", "array"),
    [
        (".png", DEEP),
        (".tif", DEEP),
        (".tif", DEEP.astype(">u2")),
        (".tif", DEEP.astype(np.int32) - 20_000),
        (".tif", DEEP.astype(np.float32) / 1000),
    ],
    ids=["PNG 16", "TIFF 16", "TIFF 16 big-endian", "TIFF 32", "TIFF float"],
)
def test_deeper_files_are_scaled_from_darkest_to_brightest(tmp_path: Path, suffix, array):
    Image.fromarray(array).save(tmp_path / f"a{suffix}")
    pixels = read_picture(tmp_path / f"a{suffix}").pixels
    assert np.abs(pixels - SCALED).max() <= 0.51
    assert (pixels.min(), pixels.max()) == (0, 255)


def deep_png(values: np.ndarray, kind: int) -> bytes:
    """A PNG of 16 bits a channel, written by hand: Pillow writes none."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, kind, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize("top", [4095, 65535])
@pytest.mark.parametrize(("kind", "channels", "alpha"), [(2, 3, 0), (4, 1, 1), (6, 3, 1)])
def test_deep_channels_are_read_whole(tmp_path: Path, kind, channels, alpha, top):
    grey = np.linspace(0, top, 40 * 30).round().reshape(40, 30, 1)
    layers = [grey] * channels + [np.full_like(grey, 65535)] * alpha
    (tmp_path / "deep.png").write_bytes(deep_png(np.concatenate(layers, axis=2), kind))
    found = read_picture(tmp_path / "deep.png")
    assert np.abs(found.pixels - grey[..., 0] * 255 / top).max() <= 1
    assert found.colour == 0


def test_deep_colours_are_colours(tmp_path: Path):
    red = np.zeros((40, 30, 3))
    red[:20, :, 0] = 4095
    (tmp_path / "red.png").write_bytes(deep_png(red, 2))
    found = read_picture(tmp_path / "red.png")
    assert found.colour == pytest.approx(0.5, abs=0.05)
    assert (found.pixels[:20] == 76).all()


def test_a_tiff_in_deep_colours_is_refused(tmp_path: Path):
    tags = [(256, 32), (257, 32), (258, 16), (259, 1), (262, 2), (273, 200), (277, 3), (278, 32)]
    tags += [(279, 32 * 32 * 6)]
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    sizes = struct.pack("<HHII", 258, 3, 3, 180)
    directory = directory[:24] + sizes + directory[36:]
    whole = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + directory + bytes(4)
    whole = whole.ljust(180, b"\0") + struct.pack("<HHH", 16, 16, 16)
    (tmp_path / "deep.tif").write_bytes(whole.ljust(200, b"\0") + bytes(32 * 32 * 6))
    with pytest.raises(InputError, match="colours of more than 8 bits"):
        read_picture(tmp_path / "deep.tif")


def test_a_deep_tiff_whose_zero_is_white(tmp_path: Path):
    Image.fromarray(DEEP).save(tmp_path / "a.tif")
    content = (tmp_path / "a.tif").read_bytes()
    black = struct.pack("<HHIHxx", 262, 3, 1, 1)
    assert content.count(black) == 1
    (tmp_path / "a.tif").write_bytes(content.replace(black, struct.pack("<HHIHxx", 262, 3, 1, 0)))
    assert np.abs(read_picture(tmp_path / "a.tif").pixels - (255 - SCALED)).max() <= 0.51


def test_floats_that_are_no_numbers(tmp_path: Path):
    values = DEEP.astype(np.float32)
    values[0, :3] = (np.nan, np.inf, -np.inf)
    Image.fromarray(values).save(tmp_path / "a.tif")
    pixels = read_picture(tmp_path / "a.tif").pixels
    assert pixels[0, :3].tolist() == [0, 255, 0]
    assert np.abs(pixels[1:] - SCALED[1:]).max() <= 0.51


@pytest.mark.parametrize("value", [0, 7, 65_535])
def test_a_deep_file_of_one_value_is_black(tmp_path: Path, value):
    Image.fromarray(np.full((20, 20), value, np.uint16)).save(tmp_path / "a.png")
    assert not read_picture(tmp_path / "a.png").pixels.any()


TURNED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda stored: stored,
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(stored, 2).T,
    8: np.rot90,
}
"""EXIF 2.32, tag 0x0112: where the stored first row and column belong."""


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("array", [SMOOTH, DEEP, RGB], ids=["grey", "deep", "colour"])
def test_orientation_is_followed_unless_told_not_to(tmp_path: Path, orientation, array):
    plain, turned = tmp_path / "plain.png", tmp_path / "turned.png"
    Image.fromarray(array).save(plain)
    Image.fromarray(array).save(turned, exif=oriented(orientation))
    stored = read_picture(plain).pixels
    assert (read_picture(turned, as_stored=True).pixels == stored).all()
    assert (read_picture(turned).pixels == TURNED[orientation](stored)).all()


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate"])
def test_a_tiff_is_always_upright(tmp_path: Path, orientation, compression):
    image = Image.fromarray(SMOOTH)
    image.save(tmp_path / "a.tif", exif=oriented(orientation), compression=compression)
    for as_stored in (False, True):
        found = read_picture(tmp_path / "a.tif", as_stored=as_stored)
        assert (found.pixels == TURNED[orientation](SMOOTH)).all()


def oriented(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def bomb(path: Path, side: int) -> None:
    """A PNG of a few hundred bytes that claims ``side``×``side`` pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def grey(path: Path, height: int, width: int) -> None:
    Image.fromarray(np.zeros((height, width), np.uint8)).save(path)


def truncated(path: Path) -> None:
    Image.fromarray(RGB).save(path)
    path.write_bytes(path.read_bytes()[:-200])


def pages(path: Path, **options: object) -> None:
    first, second = Image.fromarray(SMOOTH), Image.fromarray(255 - SMOOTH)
    first.save(path, save_all=True, append_images=[second], **options)


BAD: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "missing": ("a.png", lambda path: None, "no such file.*check the path"),
    "zero bytes": ("a.jpg", lambda path: path.touch(), "the file is empty.*download it again"),
    "text named .png": (
        "a.png",
        lambda path: path.write_text("not a slice"),
        "not a picture.*pass PNG, JPEG",
    ),
    "a folder": ("a.png", lambda path: path.mkdir(), "a folder, not a picture"),
    "truncated JPEG": ("a.jpg", truncated, "cannot be decoded.*truncated.*export or download"),
    "truncated PNG": ("a.png", truncated, "cannot be decoded.*truncated.*export or download"),
    "truncated TIFF": ("a.tif", truncated, "cannot be decoded.*export or download"),
    "only a JPEG's first bytes": (
        "a.jpg",
        lambda path: path.write_bytes(b"\xff\xd8\xff\xe0"),
        "not a picture",
    ),
    "1×1": ("a.png", lambda path: grey(path, 1, 1), "1×1 pixels, too small.*at least 16"),
    "1×5000": ("a.png", lambda path: grey(path, 5000, 1), "1×5000 pixels, too small.*at least 16"),
    "20×5000": ("a.png", lambda path: grey(path, 5000, 20), "20×5000 pixels, too long and thin"),
    "bomb": ("a.png", lambda path: bomb(path, 60_000), "more pixels than a slice.*pass single slices"),
    "half a bomb": ("a.png", lambda path: bomb(path, 12_000), "12000×12000 pixels, more than 64,000,000"),
    "TIFF of two pages": ("a.tif", pages, "2 pictures in one file.*a file of its own"),
    "moving PNG": ("a.png", pages, "2 pictures in one file"),
    "moving WebP": ("a.webp", lambda path: pages(path, lossless=True), "2 pictures in one file"),
    "GIF": ("a.gif", lambda path: Image.fromarray(SMOOTH).save(path), "not a picture that can be read"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_file_and_mend(tmp_path: Path, case):
    name, make, message = BAD[case]
    make(tmp_path / name)
    with pytest.raises(InputError, match=message) as caught:
        read_picture(tmp_path / name)
    assert caught.value.where == tmp_path / name
    assert caught.value.mend
    assert caught.value.exit_code == 3


def read_or_refuse(path: Path) -> np.ndarray | InputError:
    try:
        return read_picture(path).pixels
    except InputError as error:
        return error


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp"])
@given(share=st.floats(0, 1))
@settings(max_examples=40)
def test_a_file_cut_anywhere_is_refused_or_whole(folder: Path, suffix, share):
    Image.fromarray(SMOOTH).save(folder / f"whole{suffix}")
    content = (folder / f"whole{suffix}").read_bytes()
    cut = folder / f"cut{suffix}"
    cut.write_bytes(content[: int(len(content) * share)])
    answer = read_or_refuse(cut)
    if isinstance(answer, InputError):
        assert answer.where == cut
    else:
        assert (answer == read_picture(folder / f"whole{suffix}").pixels).all()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp"])
@given(damage=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8))
@settings(max_examples=60)
def test_damaged_bytes_never_raise_anything_else(folder: Path, suffix, damage):
    Image.fromarray(SMOOTH[:24, :24]).save(folder / f"whole{suffix}")
    content = bytearray((folder / f"whole{suffix}").read_bytes())
    for place, value in damage:
        content[int(place * len(content))] = value
    (folder / f"damaged{suffix}").write_bytes(content)
    answer = read_or_refuse(folder / f"damaged{suffix}")
    if isinstance(answer, InputError):
        assert answer.where == folder / f"damaged{suffix}"
    else:
        assert (answer.ndim, answer.dtype) == (2, np.uint8)


def test_a_camera_picture_with_a_second_view(tmp_path: Path):
    pages(tmp_path / "a.mpo")
    (tmp_path / "a.mpo").rename(tmp_path / "a.jpg")
    assert np.abs(read_picture(tmp_path / "a.jpg").pixels - SMOOTH.astype(float)).max() <= 4


def test_many_threads_read_alike(tmp_path: Path):
    Image.fromarray(RGB).save(tmp_path / "a.png")
    found: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: found.append(read_picture(tmp_path / "a.png").pixels))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all((pixels == found[0]).all() for pixels in found)


@pytest.mark.parametrize("pixels", [SMOOTH, RGB], ids=["grey", "colour"])
def test_write_picture_keeps_every_pixel(tmp_path: Path, pixels):
    write_picture(tmp_path / "new" / "a.png", pixels)
    with Image.open(tmp_path / "new" / "a.png") as image:
        assert image.format == "PNG"
        assert (np.asarray(image) == pixels).all()
