"""What a compressed frame claims, against decoders that read it whole."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from brainmtl.imaging.codestream import claimed_size


def compressed(rows: int, columns: int, samples: int, kind: str) -> bytes:
    shape = (rows, columns) if samples == 1 else (rows, columns, samples)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    if kind == "JPEG-LS":
        import jpeg_ls

        return bytes(jpeg_ls.encode_array(pixels))
    stream = io.BytesIO()
    options = (
        {"progressive": True} if kind == "progressive" else {"no_jp2": True} if kind == "codestream" else {}
    )
    Image.fromarray(pixels).save(stream, "JPEG2000" if kind in ("JP2", "codestream") else "JPEG", **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "progressive", "JPEG-LS", "JP2", "codestream"])
@pytest.mark.parametrize(("rows", "columns", "samples"), [(17, 40, 1), (64, 33, 3)])
def test_sizes_are_what_was_compressed(kind, rows, columns, samples):
    if (kind, samples) == ("JPEG-LS", 3):
        pytest.skip("its encoder makes grey frames only")
    assert claimed_size(compressed(rows, columns, samples, kind)) == (rows, columns, samples)


@pytest.mark.parametrize("kind", ["JPEG", "JP2"])
@given(cut=st.integers(0, 400))
def test_a_cut_frame_claims_the_same_or_nothing(kind, cut):
    frame = compressed(17, 40, 1, kind)
    assert claimed_size(frame[:cut]) in (None, (17, 40, 1))


@given(st.binary(max_size=200))
def test_any_bytes(frame):
    for start in (b"", b"\xff\xd8", b"\xff\x4f\xff\x51"):
        claimed = claimed_size(start + frame)
        assert claimed is None or len(claimed) == 3
