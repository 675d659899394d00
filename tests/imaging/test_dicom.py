"""Frames of real files: pydicom's own test files, read with decoders that are not the ones we use."""

import shutil
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.datadict import tag_for_keyword
from pydicom.pixels.utils import pixel_array

from brainmtl.errors import InputError
from brainmtl.imaging import dicom as module
from brainmtl.imaging.dicom import list_frames, open_dicom
from brainmtl.imaging.dicom_pixels import show_frames
from brainmtl.imaging.picture import read_picture
from brainmtl.imaging.series import read_stack
from brainmtl.imaging.window import Window

PLAIN = "MR_small.dcm"


def real(name: str) -> Path:
    """A file that pydicom's wheel holds; nothing is fetched."""
    found = get_testdata_file(name, download=False)
    assert found is not None
    return Path(found)


def shown(path: Path):
    dataset, _ = open_dicom(path)
    return list(show_frames(dataset, range(int(dataset.get("NumberOfFrames", 1))), path))


def read(path: Path):
    return list_frames(path), shown(path)


@pytest.mark.parametrize(
    "name",
    [
        "MR_small_RLE.dcm", "MR_small_bigendian.dcm", "MR_small_expb.dcm", "MR_small_implicit.dcm",
        "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_padded.dcm",
    ],
)  # fmt: skip
def test_every_lossless_form_of_one_slice_gives_the_same_values(name):
    (plain,), (other,) = shown(real(PLAIN)), shown(real(name))
    assert (plain.values == other.values).all()
    assert plain.window == other.window == Window(600, 1600)
    assert (plain.values == pydicom.dcmread(real(PLAIN)).pixel_array).all()


@pytest.mark.parametrize("name", ["693_J2KI.dcm", "JPEG2000.dcm", "J2K_pixelrep_mismatch.dcm"])
def test_another_decoder_agrees(name):
    """GDCM's JPEG 2000, where ours is OpenJPEG's."""
    dataset = pydicom.dcmread(real(name))
    stored = pixel_array(dataset, decoding_plugin="gdcm")
    values = stored * float(dataset.get("RescaleSlope", 1)) + float(dataset.get("RescaleIntercept", 0))
    padding = stored == dataset.get("PixelPaddingValue", -1e9)
    found = shown(real(name))[0].values
    assert (np.isnan(found) == padding).all()
    assert np.abs(found - values)[~padding].max() <= 1


@pytest.mark.parametrize(
    "name",
    [
        "SC_rgb_jpeg_dcmtk.dcm",
        "SC_rgb_rle.dcm",
        "SC_rgb_jpeg_gdcm.dcm",
        "examples_palette.dcm",
        "examples_rgb_color.dcm",
    ],
)
def test_colour_becomes_luma(name):
    sitk = pytest.importorskip("SimpleITK")
    colour = sitk.GetArrayFromImage(sitk.ReadImage(str(real(name))))[0].astype(float)
    top = 65_535 if name == "examples_palette.dcm" else 255
    luma = colour @ [0.299, 0.587, 0.114] / (65_535 if colour.max() > 255 else 255)
    one = shown(real(name))[0]
    assert one.window == Window.between(0, top)
    assert np.abs(one.values / top - luma).max() < 0.02


def photograph(share: float) -> np.ndarray:
    """RGB of 100×100, coloured from the top."""
    pixels = np.repeat(np.random.default_rng(1).integers(0, 256, (100, 100, 1)), 3, axis=2).astype(np.uint8)
    pixels[: round(100 * share)] = (200, 120, 40)
    return pixels


def write_colour(path: Path, pixels: np.ndarray, kind: str) -> None:
    """As true colour of 8 or 16 bits, or as indices into a palette of 8 or 16 bits."""
    dataset = pydicom.dcmread(path)
    bits = 16 if kind.endswith("16") else 8
    if kind.startswith("RGB"):
        stored, dataset.PhotometricInterpretation = pixels.astype(f"<u{bits // 8}"), "RGB"
        stored *= 257 if bits == 16 else 1
        dataset.SamplesPerPixel, dataset.PlanarConfiguration = 3, 0
    else:
        table, stored = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
        table = np.pad(table, ((0, 258 - len(table)), (0, 0)))
        stored, dataset.PhotometricInterpretation = stored.astype("<u2"), "PALETTE COLOR"
        for colour, name in zip(table.T, ("Red", "Green", "Blue"), strict=True):
            entries = colour.astype(f"<u{bits // 8}") * (257 if bits == 16 else 1)
            descriptor = tag_for_keyword(f"{name}PaletteColorLookupTableDescriptor")
            dataset.add_new(descriptor, "US", [len(table), 0, bits])
            setattr(dataset, f"{name}PaletteColorLookupTableData", entries.tobytes())
        bits = 16
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit, dataset.Rows, dataset.Columns = bits - 1, *pixels.shape[:2]
    dataset.PixelData = stored.tobytes()
    dataset.save_as(path)


@pytest.mark.parametrize("kind", ["RGB", "RGB16", "palette", "palette16"])
@pytest.mark.parametrize("share", [0, 0.05, 0.3, 1])
def test_as_much_is_coloured_as_of_the_same_picture(write_series, tmp_path: Path, kind, share):
    pixels = photograph(share)
    (path,) = write_series(tmp_path, np.zeros((1, 100, 100), np.uint16))
    write_colour(path, pixels, kind)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (one,) = shown(path)
    assert one.colour == pytest.approx(read_picture(tmp_path / "a.png").colour)
    assert one.colour == pytest.approx(share, abs=0.01)
    volume, _ = read_stack(list_frames(path))
    assert [place.colour for place in volume.places] == [one.colour]


def test_a_grey_frame_is_not_coloured():
    assert shown(real(PLAIN))[0].colour == 0


def test_several_frames():
    frames = list_frames(real("SC_rgb_rle_2frame.dcm"))
    assert [(frame.index, frame.count) for frame in frames] == [(0, 2), (1, 2)]
    volume, bad = read_stack(frames)
    assert not bad
    assert [place.frame for place in volume.places] == [1, 2]
    assert (volume.grey[0] == 255 - volume.grey[1]).mean() > 0.9


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("liver_1frame.dcm", "holds a segmentation, not a slice"),
        ("rtdose.dcm", "holds a dose map"),
        ("rtplan.dcm", "holds no image"),
        ("reportsi.dcm", "holds no image"),
        ("JPEGLSNearLossless_08.dcm", "too small for a slice"),
        ("JPEG-lossy.dcm", "JPEG Extended of more than 8 bits.*dcmdjpeg"),
        ("MR_truncated.dcm", "pixels cannot be decoded"),
        ("JPEG2000-embedded-sequence-delimiter.dcm", "not .* as the header says"),
        ("README.txt", "not a DICOM file"),
    ],
)
def test_what_is_no_slice_says_why(name, said):
    path = real(PLAIN).with_name(name)
    with pytest.raises(InputError, match=said) as caught:
        read(path)
    assert caught.value.where == path
    assert caught.value.mend


def test_every_file_of_pydicoms_gives_slices_or_says_why_not():
    for path in sorted(real(PLAIN).parent.glob("*.dcm")):
        with suppress(InputError):
            frames = list_frames(path)
            volume, bad = read_stack(frames)
            assert len(bad) + (0 if volume is None else len(volume.grey)) == len(frames)


def test_a_header_that_claims_more_than_its_frames(tmp_path: Path):
    """The decoder would take memory for what the frame claims, whatever the header says."""
    dataset = pydicom.dcmread(real("MR_small_jp2klossless.dcm"))
    place = dataset.PixelData.index(b"\xff\x4f\xff\x51") + 8
    content = bytearray(dataset.PixelData)
    content[place : place + 8] = (60_000).to_bytes(4, "big") * 2
    dataset.PixelData = bytes(content)
    dataset.save_as(tmp_path / "a.dcm")
    with pytest.raises(InputError, match=r"\(60000, 60000, 1\), not \(64, 64, 1\)"):
        shown(tmp_path / "a.dcm")


def test_more_frames_than_a_scan_can_have(tmp_path: Path):
    dataset = pydicom.dcmread(real(PLAIN))
    dataset.NumberOfFrames = 2_000_000_000
    dataset.save_as(tmp_path / "a.dcm")
    with pytest.raises(InputError, match="2000000000 slices of 64×64, more than 4,096"):
        list_frames(tmp_path / "a.dcm")


def test_a_deflated_bomb(monkeypatch: pytest.MonkeyPatch):
    assert shown(real("image_dfl.dcm"))[0].values.shape == (512, 512)
    monkeypatch.setattr(module, "MAX_BYTES", 200_000)
    with pytest.raises(InputError, match="unpacks to more than 200,000 bytes"):
        open_dicom(real("image_dfl.dcm"))


def test_values_bits_and_padding(write_series, tmp_path: Path):
    pixels = np.random.default_rng(0).integers(0, 4096, (1, 20, 24)).astype(np.uint16)
    pixels[0, 0] = 5
    (path,) = write_series(
        tmp_path, pixels | 0x8000, BitsStored=12, HighBit=11, PixelPaddingValue=5,
        RescaleSlope="2", RescaleIntercept="-100", WindowCenter=["300", "1"], WindowWidth=["500", "1"],
    )  # fmt: skip
    (one,) = shown(path)
    assert np.isnan(one.values[0]).all()
    assert (one.values[1:] == 2.0 * pixels[0, 1:] - 100).all()
    assert one.window == Window(300, 500)


def test_lookup_tables(write_series, tmp_path: Path):
    pixels = np.arange(400).reshape(1, 20, 20).astype(np.uint16) % 256
    table = pydicom.Dataset()
    table.LUTDescriptor = [256, 0, 8]
    table.LUTData = np.arange(255, -1, -1, "<u2").tobytes()
    (path,) = write_series(tmp_path, pixels, VOILUTSequence=[table], WindowCenter="9", WindowWidth="9")
    (one,) = shown(path)
    assert one.window == Window.between(0, 255)
    assert (one.values == 255 - pixels[0]).all()


@pytest.mark.parametrize("width", ["0", "-4", "nan"])
def test_a_window_that_shows_nothing_is_no_window(write_series, tmp_path: Path, width):
    def spoil(number: int) -> str:
        return "40"

    (path,) = write_series(tmp_path, np.zeros((1, 20, 20), np.uint16), WindowCenter=spoil, WindowWidth="1")
    dataset = pydicom.dcmread(path)
    dataset.add_new(0x00281051, "LO", width)
    dataset.save_as(path)
    assert shown(path)[0].window is None


def test_many_threads_read_alike():
    found: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: found.append(shown(real("MR_small_jp2klossless.dcm"))[0].values))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all((values == found[0]).all() for values in found)


def test_lossless_jpeg_by_dcmtk(tmp_path: Path):
    """The compression most archives use, written by another tool."""
    if shutil.which("dcmcjpeg") is None:
        pytest.skip("dcmcjpeg is not installed (Debian: dcmtk)")
    subprocess.run(["dcmcjpeg", "+e1", str(real(PLAIN)), str(tmp_path / "a.dcm")], check=True)
    (plain,), (other,) = shown(real(PLAIN)), shown(tmp_path / "a.dcm")
    assert pydicom.dcmread(tmp_path / "a.dcm").file_meta.TransferSyntaxUID.is_compressed
    assert (plain.values == other.values).all()
