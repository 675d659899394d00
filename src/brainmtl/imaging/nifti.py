"""NIfTI volumes to slices, and masks to NIfTI."""

import gzip
import math
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from brainmtl.errors import InputError
from brainmtl.imaging.files import file_sha256, whole_file
from brainmtl.imaging.limits import MAX_BYTES, check_bytes, check_scan
from brainmtl.imaging.view import radiological
from brainmtl.imaging.volume import Place, Volume
from brainmtl.imaging.window import robust_window, to_grey

ALIKE = 1.01
"""Voxel sizes within one per cent of each other are the same."""
TO_DICOM = np.diag([-1.0, -1.0, 1.0, 1.0])
"""NIfTI's x and y lead to the patient's right and front, DICOM's to the left and back; both z lead to the
head."""
UNIT_MM = {"meter": 1000.0, "micron": 0.001}
UNPLACED = "the header does not say how the patient lies: left and right are a guess"


def read_nifti(path: Path) -> Volume:
    """Read a NIfTI volume and cut it along its acquisition plane.

    The slices lie across the axis with the largest voxels, because scanners sample a slice more finely than
    the way from slice to slice. Where several sizes are the largest (within 1 %), it is the one of their
    axes with the fewest voxels, and of these the last.

    Args:
        path: a ``.nii`` or ``.nii.gz`` file that holds one volume.

    Raises:
        InputError: not NIfTI, truncated, several volumes, colour, or larger than a scan can be.
    """
    check_bytes(path)
    try:
        header, shape = _header(path)
        affine = _affine(header, path)
        axis = slicing_axis(shape, np.linalg.norm(affine[:3, :3], axis=0))
        height, width = (shape[other] for other in range(3) if other != axis)
        check_scan(shape[axis], width, height, path)
        values = _values(path, header).reshape(shape)
    except InputError:
        raise
    except Exception as error:  # nibabel raises anything on broken bytes
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(
            f"cannot be read as NIfTI: {said[0]}", where=path, mend="export or download it again"
        ) from error
    order = [axis, *(other for other in range(3) if other != axis), 3]
    warnings = []
    if not header["qform_code"] and not header["sform_code"]:
        warnings.append(UNPLACED)
    if unknown := float(np.isnan(values).mean()):
        warnings.append(f"{100 * unknown:.2g} % of its voxels are not numbers: they are read as black")
    return _volume(np.moveaxis(values, axis, 0), TO_DICOM @ affine[:, order], axis, path, tuple(warnings))


def claimed_shape(path: Path) -> tuple[int, int, int]:
    """Slices, rows and columns that :func:`read_nifti` would find, from the header alone.

    Args:
        path: a ``.nii`` or ``.nii.gz`` file.

    Raises:
        InputError: its header cannot be read.
    """
    try:
        header, shape = _header(path)
        axis = slicing_axis(shape, np.linalg.norm(_affine(header, path)[:3, :3], axis=0))
    except InputError:
        raise
    except Exception as error:  # nibabel raises anything on broken bytes
        raise InputError("its header cannot be read", where=path, mend="export it again") from error
    height, width = (shape[other] for other in range(3) if other != axis)
    return shape[axis], height, width


def claimed_bytes(path: Path) -> int:
    """Bytes that :func:`read_nifti` would unpack, from the header alone.

    Args:
        path: a ``.nii`` or ``.nii.gz`` file.

    Returns:
        Bytes; 0 where the header cannot be read, and then no voxel is.
    """
    try:
        return max(0, _span(_header(path)[0])[1])
    except Exception:  # nibabel raises anything on broken bytes
        return 0


def slicing_axis(shape: tuple[int, ...], sizes: NDArray[np.float64]) -> int:
    """Choose the axis that slices lie across; :func:`read_nifti` tells the rule.

    Args:
        shape: voxels along each of three axes.
        sizes: their sizes, in any unit.
    """
    largest = [axis for axis in range(3) if sizes[axis] * ALIKE >= sizes.max()]
    return min(largest, key=lambda axis: (shape[axis], -axis))


def write_nifti(path: Path, masks: NDArray[np.bool_], volume: Volume, like: Path | None = None) -> None:
    """Write a mask as ``.nii.gz``, whole or not at all.

    Args:
        path: where to.
        masks: bool ``(D, H, W)`` as stored, slices first.
        volume: the scan; its affine must be known.
        like: the NIfTI file that it comes from. Its shape, affine and units are kept, and nothing else: its
            free text may name the patient.

    Raises:
        InputError: the file cannot be written.
    """
    voxels = np.moveaxis(masks.astype(np.uint8), 0, volume.axis)
    if like is None:
        assert volume.affine is not None
        order = [2, 1, 0, 3]  # NIfTI's habit: columns, rows, slices
        image = nibabel.Nifti1Image(voxels.transpose(), TO_DICOM @ volume.affine[:, order])
        image.header.set_xyzt_units("mm")
    else:
        header, _ = _header(like)
        second = isinstance(header, nibabel.Nifti2Header)
        kind: Any = nibabel.Nifti2Image if second else nibabel.Nifti1Image
        image = kind(voxels.reshape(header.get_data_shape()), header.get_best_affine())
        for name in ("pixdim", "xyzt_units", *PLACE):
            image.header[name] = header[name]
    with whole_file(path) as temporary:
        temporary.write_bytes(gzip.compress(image.to_bytes(), mtime=0))


PLACE = (
    *("qform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z"),
    *("sform_code", "srow_x", "srow_y", "srow_z"),
)
"""Header fields that tell where the volume lies, both ways (NIfTI-1, methods 2 and 3)."""


def _header(path: Path) -> tuple[Any, tuple[int, int, int]]:
    """The header, and the shape without trailing ones."""
    with _stream(path) as handle:
        start = handle.read(nibabel.Nifti2Header.sizeof_hdr)
    second = start[:4] in (b"\x1c\x02\x00\x00", b"\x00\x00\x02\x1c")
    kind: Any = nibabel.Nifti2Header if second else nibabel.Nifti1Header
    header = kind(start[: kind.sizeof_hdr], check=False)
    if not header["magic"].item().startswith(b"n+"):
        raise InputError("not a NIfTI file", where=path, mend="pass .nii or .nii.gz")
    if header.get_data_dtype().kind not in "iuf":
        raise InputError(
            f"voxels of {header.get_data_dtype()}, not numbers", where=path, mend="pass grey values"
        )
    shape = tuple(int(side) for side in header.get_data_shape())
    if len(shape) < 2 or any(side != 1 for side in shape[3:]):
        raise InputError(
            f"of shape {shape}, not one volume", where=path, mend="save each volume as its own file"
        )
    return header, (shape[0], shape[1], shape[2] if len(shape) > 2 else 1)


def _affine(header: Any, path: Path) -> NDArray[np.float64]:
    affine = np.asarray(header.get_best_affine(), np.float64)
    unit = header.get_xyzt_units()[0]
    affine[:3] *= UNIT_MM.get(unit, 1.0)
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) <= 1e-6 * float(sizes.prod()):
        raise InputError("its affine cannot be inverted", where=path, field="sform", mend="export it again")
    return affine


def _values(path: Path, header: Any) -> NDArray[np.float32]:
    """Read as many bytes as the checked header needs, and not one more, however far the file unpacks."""
    offset, needed = _span(header)
    if not header.sizeof_hdr <= offset <= needed <= MAX_BYTES:
        raise InputError(
            "its header points outside the file", where=path, field="vox_offset", mend="export it again"
        )
    with _stream(path) as handle:
        handle.seek(offset)
        raw = handle.read(needed - offset)
    if len(raw) < needed - offset:
        raise InputError("the file is truncated", where=path, mend="export or download it again")
    stored = np.frombuffer(raw, header.get_data_dtype()).reshape(header.get_data_shape(), order="F")
    slope, intercept = header.get_slope_inter()
    values = stored.astype(np.float32)
    if slope is not None:
        values *= np.float32(slope)
        values += np.float32(intercept or 0)
    return values


def _span(header: Any) -> tuple[int, int]:
    """Where the voxels begin and end, in bytes."""
    offset = int(header["vox_offset"]) or int(header.single_vox_offset)
    return offset, offset + math.prod(header.get_data_shape()) * int(header.get_data_dtype().itemsize)


def _stream(path: Path) -> Any:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")


def _volume(
    values: NDArray[np.float32],
    affine: NDArray[np.float64],
    axis: int,
    path: Path,
    warnings: tuple[str, ...],
) -> Volume:
    view = radiological(affine[:3, 1], affine[:3, 2])
    window = robust_window(list(values))
    grey = np.stack([to_grey(one, window) for one in values])
    height, width = (float(np.linalg.norm(affine[:3, column])) for column in (1, 2))
    return Volume(
        grey=np.ascontiguousarray(view.upright(grey)),
        view=view,
        places=(Place(path, file_sha256(path)),) * len(grey),
        pixel_mm=(width, height) if view.transpose else (height, width),
        affine=affine,
        axis=axis,
        warnings=warnings,
    )
