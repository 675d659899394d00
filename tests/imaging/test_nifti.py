"""NIfTI against nibabel's own reading, its own test files, and the same head stored every way round."""

import gzip
import itertools
import struct
import tracemalloc
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nibabel.affines import voxel_sizes
from nibabel.orientations import apply_orientation, axcodes2ornt, inv_ornt_aff, ornt_transform

from brainmtl.errors import InputError
from brainmtl.imaging.nifti import UNPLACED, read_nifti, slicing_axis, write_nifti
from brainmtl.imaging.view import View

HEAD = np.random.default_rng(5).gamma(2, 100, (32, 40, 18)).astype(np.int16)
"""x to the right, y to the front, z to the head; slices across z."""
AFFINE = np.array([[0.9, 0, 0, -30], [0, 0.8, 0, -20], [0, 0, 4, -10], [0, 0, 0, 1]])
CODES = [
    "".join(code) for axes in itertools.permutations(("RL", "AP", "SI")) for code in itertools.product(*axes)
]
OWN = Path(nibabel.__file__).parent / "tests" / "data"


def save(path: Path, codes: str = "RAS", kind: type = nibabel.Nifti1Image, voxels: np.ndarray = HEAD) -> Path:
    turn = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(codes))
    affine = AFFINE @ inv_ornt_aff(turn, voxels.shape)
    nibabel.save(kind(apply_orientation(voxels, turn), affine), path)
    return path


@pytest.mark.parametrize("codes", CODES)
def test_every_orientation_shows_the_same_head(tmp_path: Path, codes):
    """48 ways to store it; the picture, the sizes and the mask's place in the patient never change."""
    path = save(tmp_path / "a.nii.gz", codes)
    plain = read_nifti(save(tmp_path / "b.nii"))
    volume = read_nifti(path)
    assert volume.view.plane == "axial"
    up = volume.grey if volume.affine[2, 0] > 0 else volume.grey[::-1]
    assert (up == plain.grey).all()
    assert volume.pixel_mm == pytest.approx((0.8, 0.9))
    assert volume.voxel_ml == pytest.approx(0.9 * 0.8 * 4 / 1000)
    assert volume.step_mm == pytest.approx(4)
    bright = up > 100
    masks = volume.view.stored(bright if volume.affine[2, 0] > 0 else bright[::-1])
    write_nifti(tmp_path / "mask.nii.gz", masks, volume, path)
    mask, source = nibabel.load(tmp_path / "mask.nii.gz"), nibabel.load(path)
    assert mask.shape == source.shape
    assert (mask.affine == source.affine).all()
    assert (nibabel.as_closest_canonical(mask).get_fdata() == bright[:, ::-1, ::-1].transpose(2, 1, 0)).all()


def test_voxels_that_are_not_numbers_are_told(tmp_path: Path):
    """SPM writes NaN where it masked the head out; the rest looks as it does without them."""
    masked = HEAD.astype(np.float32)
    masked[:8] = np.nan
    told = read_nifti(save(tmp_path / "a.nii", voxels=masked))
    assert told.warnings == ("25 % of its voxels are not numbers: they are read as black",)
    assert (told.grey == 0).mean() == pytest.approx(0.25, abs=0.01)


def test_upright_is_right_on_the_left_and_front_above(tmp_path: Path):
    marked = np.zeros((32, 40, 18), np.int16)
    marked[30, 38, :] = 1000  # far right, far front
    volume = read_nifti(save(tmp_path / "a.nii", voxels=marked))
    assert np.argwhere(volume.grey[3] > 100).tolist() == [[1, 1]]


@pytest.mark.parametrize(
    ("shape", "sizes", "axis"),
    [
        ((256, 256, 30), (0.9, 0.9, 5), 2),
        ((20, 256, 256), (6, 1, 1), 0),
        ((256, 176, 256), (1, 1, 1), 1),
        ((256, 256, 256), (1, 1, 1), 2),
        ((256, 176, 256), (1, 1.005, 1), 1),
        ((100, 50, 30), (2, 1, 2), 2),
    ],
)
def test_the_rule_for_the_slicing_axis(shape, sizes, axis):
    assert slicing_axis(shape, np.array(sizes, float)) == axis


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "f4", "f8"])
def test_every_type_of_number(tmp_path: Path, kind, order, dtype):
    """nibabel writes and scales; the grey values are those of nibabel's own reading."""
    voxels = (HEAD % 250).astype(dtype)
    image = kind(voxels, AFFINE, kind.header_class(endianness=order))
    image.set_data_dtype(np.dtype(dtype))
    image.header.set_slope_inter(*((2, -50) if dtype[0] != "f" else (1, 0)))
    nibabel.save(image, tmp_path / "a.nii.gz")
    values = np.moveaxis(nibabel.load(tmp_path / "a.nii.gz").get_fdata(), 2, 0)
    low, high = np.percentile(values, [0.1, 99.9])
    volume = read_nifti(tmp_path / "a.nii.gz")
    grey = np.clip((values - low) / (high - low) * 213, 0, 255)
    assert np.abs(volume.view.stored(volume.grey) - grey).max() <= 1.5


def test_nibabels_own_files():
    volume = read_nifti(OWN / "anatomical.nii")
    image = nibabel.load(OWN / "anatomical.nii")
    assert volume.voxel_ml == pytest.approx(np.prod(voxel_sizes(image.affine)) / 1000)
    assert volume.grey.shape[0] == min(image.shape)
    assert read_nifti(OWN / "reoriented_anat_moved.nii").grey.ndim == 3
    for name in ("functional.nii", "example4d.nii.gz", "example_nifti2.nii.gz"):
        with pytest.raises(InputError, match=r"not one volume.*its own file"):
            read_nifti(OWN / name)


@pytest.mark.parametrize(("unit", "scale"), [("meter", 1e-3), ("micron", 1e3), ("mm", 1), ("unknown", 1)])
def test_units(tmp_path: Path, unit, scale):
    image = nibabel.Nifti1Image(HEAD, np.diag([scale, scale, scale, 1]) @ AFFINE)
    image.header.set_xyzt_units(unit)
    nibabel.save(image, tmp_path / "a.nii")
    assert read_nifti(tmp_path / "a.nii").voxel_ml == pytest.approx(0.9 * 0.8 * 4 / 1000, rel=1e-5)


def test_nothing_but_geometry_goes_into_the_mask(tmp_path: Path):
    image = nibabel.Nifti1Image(HEAD[..., None], AFFINE)
    image.header["descrip"] = image.header["db_name"] = image.header["aux_file"] = b"Phantom^Some"
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"Phantom^Some"))
    image.set_qform(AFFINE, 3)
    image.set_sform(AFFINE + np.diag([0, 0, 0.5, 0]), 2)
    nibabel.save(image, tmp_path / "a.nii.gz")
    volume = read_nifti(tmp_path / "a.nii.gz")
    write_nifti(tmp_path / "m.nii.gz", np.ones((18, 32, 40), bool), volume, tmp_path / "a.nii.gz")
    raw = gzip.decompress((tmp_path / "m.nii.gz").read_bytes())
    assert b"Phantom" not in raw
    mask = nibabel.load(tmp_path / "m.nii.gz")
    source = nibabel.load(tmp_path / "a.nii.gz")
    assert mask.shape == (32, 40, 18, 1)
    assert mask.get_data_dtype() == np.uint8
    for name in ("qform_code", "sform_code", "srow_z", "quatern_b", "pixdim", "xyzt_units"):
        assert (mask.header[name] == source.header[name]).all()


def test_a_header_that_tells_no_orientation(tmp_path: Path):
    image = nibabel.Nifti1Image(HEAD, None)
    image.header.set_zooms((1, 1, 4))
    nibabel.save(image, tmp_path / "a.nii")
    assert read_nifti(tmp_path / "a.nii").warnings == (UNPLACED,)
    assert read_nifti(save(tmp_path / "b.nii")).warnings == ()
    assert read_nifti(save(tmp_path / "b.nii")).view == View("axial", True, True, True)


def header(path: Path, offset: int, form: str, *values: object) -> None:
    content = bytearray(gzip.decompress(path.read_bytes()))
    struct.pack_into(form, content, offset, *values)
    path.write_bytes(gzip.compress(bytes(content)))


BAD = {
    "text": (lambda p: p.write_bytes(gzip.compress(b"no volume" * 99)), "not a NIfTI file|cannot be read"),
    "not packed": (lambda p: p.write_bytes(bytes(999)), "cannot be read as NIfTI"),
    "empty": (lambda p: p.write_bytes(b""), "the file is empty"),
    "missing": (lambda p: p.unlink(), "no such file"),
    "cut": (lambda p: p.write_bytes(p.read_bytes()[:-2000]), "cannot be read as NIfTI"),
    "short": (lambda p: p.write_bytes(gzip.compress(gzip.decompress(p.read_bytes())[:-50])), "truncated"),
    "huge": (lambda p: header(p, 40, "<4h", 3, 7_000, 7_000, 32_000), "more than 4,096"),
    "colour": (lambda p: header(p, 70, "<h", 128), "not numbers"),
    "far": (lambda p: header(p, 108, "<f", 3e9), "points outside the file"),
    "flat": (lambda p: header(p, 280, "<12f", *[0] * 12), "affine cannot be inverted"),
    "nan": (lambda p: header(p, 280, "<f", np.nan), "affine cannot be inverted"),
    "thin": (lambda p: header(p, 40, "<4h", 3, 5, 40, 18), "too small for a slice"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_file_and_mend(tmp_path: Path, case):
    path = save(tmp_path / "a.nii.gz")
    make, said = BAD[case]
    make(path)
    with pytest.raises(InputError, match=said) as caught:
        read_nifti(path)
    assert caught.value.where == path
    assert caught.value.mend


def test_a_bomb_takes_no_memory(tmp_path: Path):
    """Hundreds of megabytes of zeros behind an honest header, and an extension that asks for all of them."""
    save(tmp_path / "a.nii")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[348:352] = b"\x01\0\0\0"
    with gzip.open(tmp_path / "bomb.nii.gz", "wb", compresslevel=1) as handle:
        handle.write(bytes(content))
        for _ in range(40):
            handle.write(bytes(1 << 24))
    tracemalloc.start()
    try:
        read_nifti(tmp_path / "bomb.nii.gz")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@given(st.integers(0, 347), st.integers(0, 255))
def test_any_byte_of_the_header(tmp_path_factory: pytest.TempPathFactory, place, value):
    path = tmp_path_factory.mktemp("nifti") / "a.nii"
    save(path, voxels=HEAD[:16, :16, :3])
    content = bytearray(path.read_bytes())
    content[place] = value
    path.write_bytes(bytes(content))
    try:
        volume = read_nifti(path)
    except InputError as error:
        assert error.where == path  # noqa: PT017
    else:
        assert volume.grey.dtype == np.uint8
