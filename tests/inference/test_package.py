"""A model package carries all it takes to predict, and refuses to be misread."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from scipy import ndimage

from brainmtl.errors import InputError
from brainmtl.inference.familiarity import FeatureSpace, pack
from brainmtl.inference.info import CLASS, MASK, NOTE
from brainmtl.inference.package import ModelPackage, load_package
from brainmtl.labels import CLASSES

MakePackage = Callable[..., Path]
SIZE = 64
SPACE = FeatureSpace(*(np.ones(shape, np.float32) for shape in ((2,), (2,), (1, 2), (1,), ())))


def familiar(space: str) -> dict[str, object]:
    return {
        "slices": 9,
        "persons": 9,
        "familiarity": {"space": space, "farthest": 1, "alarms": 0.01, "slices": 9},
    }


def test_metadata_and_hash_come_from_the_file(make_package: MakePackage):
    path = make_package(name="own", mask_threshold=0.3, metrics={"dice": 0.5})
    package = load_package(path)
    assert package.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (package.info.name, package.info.mask_threshold, package.info.size) == ("own", 0.3, SIZE)
    assert package.info.metrics == {"dice": 0.5}
    assert package.info.provenance.note == NOTE
    with pytest.raises(ValueError, match="frozen"):
        package.info.name = "other"


def test_unknown_metadata_of_a_later_brainmtl_is_ignored(make_package: MakePackage):
    assert load_package(make_package(conformal_quantile=0.9)).info.name == "bright"


@given(
    squares=arrays(
        np.uint8, st.tuples(st.integers(1, 5), st.just(SIZE), st.just(SIZE)), fill=st.integers(0, 255)
    )
)
def test_run_is_the_graph_on_the_unit_interval(package: ModelPackage, bright, squares):
    masks, classes = package.run(squares)
    assert masks.shape == squares.shape
    assert np.allclose(masks, bright.mask(squares / 255), atol=1e-4)
    for row, square in zip(classes, squares, strict=True):
        assert np.allclose(row, bright.classes(square.mean() / 255), atol=1e-4)


def test_predict_agrees_with_onnxruntime_alone(make_package: MakePackage, tmp_path: Path):
    pixels = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    path = make_package()
    session = onnxruntime.InferenceSession(path)
    feed = {"image": (pixels / np.float32(255)).astype(np.float32)[None, None]}
    mask, classes = session.run([MASK, CLASS], feed)
    result = load_package(path).predict(tmp_path / "a.png")
    assert (result.mask_pixels == (mask[0, 0] > 0.5)).all()
    assert list(result.probabilities) == list(CLASSES)
    assert list(result.probabilities.values()) == pytest.approx(classes[0].tolist(), abs=1e-5)
    assert result.class_name == CLASSES[int(classes[0].argmax())]
    assert (result.file, result.status, result.slice) == (str(tmp_path / "a.png"), "ok", None)


@pytest.mark.parametrize("shape", [(200, 90), (90, 200), (128, 128), (40, 33)])
@pytest.mark.parametrize("fit", ["pad", "stretch"])
def test_a_bright_disc_is_found_where_it_is(make_package: MakePackage, shape, fit):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    centre, radius = (0.6 * shape[0], 0.4 * shape[1]), min(shape) / 4
    disc = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2
    result = load_package(make_package(fit=fit)).predict(np.where(disc, 250, 20).astype(np.uint8))
    assert result.mask_pixels.shape == shape
    assert (result.height, result.width) == shape
    assert np.allclose(ndimage.center_of_mass(result.mask_pixels), ndimage.center_of_mass(disc), atol=0.5)
    assert (result.mask_pixels & disc).sum() / (result.mask_pixels | disc).sum() > 0.85
    assert result.mask_area_px == np.count_nonzero(result.mask_pixels)
    assert result.file is None


def test_a_file_and_its_array_are_predicted_alike(package: ModelPackage, tmp_path: Path):
    pixels = np.random.default_rng(1).integers(0, 256, (70, 50), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    here, there = package.predict(pixels), package.predict(str(tmp_path / "a.png"))
    assert (here.mask_pixels == there.mask_pixels).all()
    assert here.probabilities == there.probabilities


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_temperature_divides_the_logits(make_package: MakePackage, bright, temperature):
    result = load_package(make_package(temperature=temperature)).predict(np.full((SIZE, SIZE), 51, np.uint8))
    expected = bright.classes(0.2, temperature)
    assert list(result.probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-5)


def test_the_mask_threshold_is_the_packages_own(make_package: MakePackage):
    grey = np.full((SIZE, SIZE), 123, np.uint8)  # sigmoid(50·(123/255 - .5)) = .29
    assert load_package(make_package(mask_threshold=0.2)).predict(grey).mask_area_px == SIZE * SIZE
    assert load_package(make_package(mask_threshold=0.4)).predict(grey).mask_area_px == 0


def test_classes_in_another_order_keep_their_meaning(make_package: MakePackage):
    bright = np.full((SIZE, SIZE), 255, np.uint8)
    turned = load_package(make_package(classes=list(reversed(CLASSES)))).predict(bright)
    plain = load_package(make_package()).predict(bright)
    assert (plain.class_name, turned.class_name) == ("glioma", "no_tumor")
    assert turned.probabilities["no_tumor"] == plain.probabilities["glioma"]


def test_a_network_with_one_head_leaves_the_other_answer_open(make_package: MakePackage):
    pixels = np.full((80, 80), 200, np.uint8)
    masked = load_package(make_package(task="segmentation")).predict(pixels)
    assert (masked.class_name, masked.probabilities, masked.mask_area_px) == (None, None, 6400)
    named = load_package(make_package(task="classification")).predict(pixels)
    assert (named.mask_pixels, named.mask_area_px) == (None, None)
    assert sum(named.probabilities.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "array", [np.zeros((20, 20)), np.zeros((20, 20, 3), np.uint8), np.zeros((0, 20), np.uint8)]
)
def test_an_array_that_is_no_slice(package: ModelPackage, array):
    with pytest.raises(InputError, match="pass grey values, uint8"):
        package.predict(array)


BAD_METADATA = {
    "none at all": (None, r"without brainmtl's metadata.*brainmtl export"),
    "not JSON": ("{", r"metadata cannot be read"),
    "not an object": ("[1]", r"metadata cannot be read"),
    "no version": ('{"name": "x"}', r"metadata cannot be read"),
    "a later version": ({"format_version": 2}, r"format version 2; brainmtl .* reads 1"),
    "no size": ({"size": None}, r"size: Input should be a valid integer"),
    "an unknown class": ({"classes": ["glioma", "cyst"]}, r"classes\.1"),
    "a class missing": ({"classes": CLASSES[:3]}, r"classes are glioma, meningioma"),
    "no temperature": ({"temperature": 0}, r"temperature: .*greater than 0"),
    "outputs of another task": ({"outputs": [MASK]}, r"a joint network has"),
    "features that are not there": (
        {"outputs": [MASK, CLASS, "features"]},
        r"other inputs or outputs than its metadata",
    ),
    "a feature space in pieces": ({"certainty": familiar("AAAA")}, r"certainty\.familiarity"),
    "a feature space without features": (
        {"certainty": familiar(pack(SPACE))},
        r"familiarity needs",
    ),
    "another task": (
        {"task": "segmentation", "outputs": [MASK]},
        r"other inputs or outputs than its metadata",
    ),
    "another size": ({"size": 32}, r"image: .*in the graph, not float \(B, 1, 32, 32\)"),
}


@pytest.mark.parametrize("case", BAD_METADATA)
def test_metadata_that_cannot_be_trusted(make_package: MakePackage, case):
    told, message = BAD_METADATA[case]
    path = make_package(claims=told) if isinstance(told, dict) else make_package(raw=told)
    with pytest.raises(InputError, match=message) as caught:
        load_package(path)
    assert caught.value.where == path
    assert caught.value.mend


def test_a_graph_for_one_slice_only(make_package: MakePackage):
    with pytest.raises(InputError, match=r"image: .*in the graph, not float \(B, 1, 64, 64\)"):
        load_package(make_package(batch=1))


def test_a_missing_file(tmp_path: Path):
    with pytest.raises(InputError, match=r"no such model package.*brainmtl export"):
        load_package(tmp_path / "absent.onnx")


def test_a_folder_is_no_model(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be opened: Is a directory"):
        load_package(tmp_path)


@pytest.mark.parametrize("share", [0, 0.5, 0.97])
def test_a_file_cut_short(make_package: MakePackage, share):
    path = make_package()
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError) as caught:
        load_package(path)
    assert caught.value.where == path


def test_a_file_that_is_no_model(tmp_path: Path):
    (tmp_path / "model.onnx").write_text("not a model at all")
    with pytest.raises(InputError, match="not an ONNX model that can be run"):
        load_package(tmp_path / "model.onnx")


def test_weights_outside_the_one_file_are_refused(make_package: MakePackage):
    path = make_package(external=True)
    assert (path.parent / "weights.bin").exists()
    with pytest.raises(InputError, match="not an ONNX model that can be run"):
        load_package(path)


def test_a_picture_alone_stands_for_its_neighbours(make_package, halves):
    package = load_package(make_package(neighbours=2, sees=(0.1, 0.2, 0.4, 0.2, 0.1)))
    alone = load_package(make_package())
    found, expected = (one.predict(halves(40, 250)) for one in (package, alone))
    assert np.array_equal(found.mask_pixels, expected.mask_pixels)
    assert found.probabilities == pytest.approx(expected.probabilities, abs=1e-5)
    with pytest.raises(InputError, match=r"image: float \[None, 3, 64, 64\] in the graph"):
        load_package(make_package(sees=(0, 1, 0)))


def test_eight_bits_come_with_what_they_cost(make_package: MakePackage):
    with pytest.raises(InputError, match="int8 comes with its measured cost"):
        load_package(make_package(storage="int8"))
    cost = {"slices": 9, "dice": 0.8, "dice_fp32": 0.81, "accuracy": None, "accuracy_fp32": None}
    package = load_package(make_package(storage="int8", storage_cost=cost))
    assert package.info.storage_cost.model_dump() == cost
    assert package.blank(None).runtime.endswith(", int8 inside")
