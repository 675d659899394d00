"""A package says what the trained network says, or is not kept."""

import json
import runpy
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
import torch
from PIL import Image

import brainmtl
from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import content_hash, write_manifest
from brainmtl.data.neighbours import beside
from brainmtl.data.splits import parts
from brainmtl.errors import BrainmtlError, InputError
from brainmtl.imaging.files import file_sha256
from brainmtl.imaging.picture import read_picture
from brainmtl.imaging.square import from_square, to_square
from brainmtl.inference import shelf
from brainmtl.inference.info import CLASS, MASK
from brainmtl.inference.package import load_package
from brainmtl.inference.predict import predict_files
from brainmtl.labels import CLASSES
from brainmtl.models.build import build_network
from brainmtl.training import export
from brainmtl.training.bundle import write_bundle
from brainmtl.training.evaluate import evaluate
from brainmtl.training.export import Probabilities, check_agreement, export_run
from brainmtl.training.fit import train
from brainmtl.training.recipe import Recipe, write_recipe
from brainmtl.training.run import load_network, start_run, write_json, write_weights

SIZE = 64
PLAIN = {"encoder": {"widths": [4, 8, 16]}, "decoder": {"widths": [8, 4]}, "classifier": {}}
NETWORKS = {
    "joint": PLAIN,
    "attention": {**PLAIN, "decoder": {"widths": [8, 4], "attention": True}, "classifier": None},
    "classifier": {**PLAIN, "decoder": None},
    "timm": {
        "encoder": {"name": "test_efficientnet"},
        "decoder": {"widths": [16, 16, 8, 8, 8]},
        "classifier": {"dropout": 0.2},
    },
    "whole": {"encoder": {"name": "test_efficientnet"}, "classifier": {"whole": True}},
}


def recipe_for(network: dict, **changes: object) -> Recipe:
    return Recipe.model_validate(
        {"name": "tiny", "data": {"size": SIZE, "fit": "pad"}, "network": network} | changes
    )


def lived(recipe: Recipe) -> torch.nn.Module:
    """A network whose weights and batch statistics are not those of its first moment."""
    torch.manual_seed(0)
    network = build_network(recipe.network, pretrained=False).train()
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(4, 1, SIZE, SIZE))
    return network.eval()


def bare_run(run: Path, recipe: Recipe, network: torch.nn.Module) -> Path:
    """What export needs of a run whose manifest is gone."""
    run.mkdir(parents=True)
    (run / "recipe.yaml").write_text(write_recipe(recipe))
    write_json(run / "data.json", {"manifest": str(run / "gone.parquet"), "manifest_sha256": "0" * 64})
    write_weights(network.state_dict(), run / "model.safetensors")
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, phantom, phantom_root: Path) -> Path:
    """An untrained run on phantoms, with everything that a finished one has."""
    folder = tmp_path_factory.mktemp("export")
    recipe = recipe_for(PLAIN)
    network = lived(recipe)
    write_manifest(phantom, folder / "phantom.parquet")
    start_run(folder / "run", recipe, phantom, folder / "phantom.parquet", network)
    write_weights(network.state_dict(), folder / "run" / "model.safetensors")
    return folder / "run"


@pytest.fixture(scope="module")
def exported(run: Path) -> Path:
    return export_run(run)


@pytest.mark.parametrize("kind", NETWORKS)
def test_every_composition_says_what_torch_says(tmp_path: Path, kind):
    recipe = recipe_for(NETWORKS[kind])
    network = lived(recipe)
    package = load_package(export_run(bare_run(tmp_path / "run", recipe, network)))
    for count in (1, 3):
        squares = np.random.default_rng(count).integers(0, 256, (count, SIZE, SIZE), np.uint8)
        with torch.inference_mode():
            outputs = network(torch.from_numpy(squares)[:, None].float() / 255)
        masks, classes = package.run(squares)
        assert (masks is None, classes is None) == (outputs.mask_logits is None, outputs.class_logits is None)
        if masks is not None:
            assert np.abs(masks - torch.sigmoid(outputs.mask_logits)[:, 0].numpy()).max() <= 1e-4
        if classes is not None:
            assert np.abs(classes - torch.softmax(outputs.class_logits, 1).numpy()).max() <= 1e-4


def test_openvino_says_the_same_of_a_real_network(tmp_path: Path):
    pytest.importorskip("openvino")
    recipe = recipe_for(NETWORKS["timm"])
    path = export_run(bare_run(tmp_path / "run", recipe, lived(recipe)))
    squares = np.random.default_rng(4).integers(0, 256, (3, SIZE, SIZE), np.uint8)
    ours, theirs = load_package(path).said(squares), load_package(path, "openvino").said(squares)
    for name in (MASK, CLASS):
        assert np.allclose(ours[name], theirs[name], atol=0.02)  # bf16, where the processor has it


@pytest.mark.parametrize("kind", ["joint", "timm"])
def test_half_precision_is_the_network_with_its_large_weights_rounded(tmp_path: Path, kind):
    recipe = recipe_for(NETWORKS[kind])
    folder = bare_run(tmp_path / "run", recipe, lived(recipe))
    whole, half = export_run(folder, tmp_path / "a.onnx"), export_run(folder, tmp_path / "b.onnx", "fp16")
    before, after = onnx.load(whole).graph.initializer, onnx.load(half).graph.initializer
    stored = {one.name.removesuffix(".fp16"): onnx.numpy_helper.to_array(one) for one in after}
    total, rounded = sum(int(np.prod(one.dims)) for one in before), 0
    for one in before:
        values = onnx.numpy_helper.to_array(one)
        kept = stored[one.name]
        large = values.dtype == np.float32 and values.size >= total / 128
        assert kept.dtype == (np.float16 if large else values.dtype)
        assert np.array_equal(kept, values.astype(kept.dtype))
        rounded += values.size * large
    assert rounded > total / 2
    saved = len(whole.read_bytes()) - len(half.read_bytes())
    assert saved > 1.8 * rounded - 2000  # two bytes a weight, less the casts
    squares = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE), np.uint8)
    for one, other in zip(load_package(whole).run(squares), load_package(half).run(squares), strict=True):
        assert one is None or np.allclose(one, other, atol=0.01)
    assert load_package(half).info.storage == "fp16"


def test_where_rounding_is_felt_too_much_fewer_weights_are_rounded(tmp_path: Path, monkeypatch):
    recipe = recipe_for(NETWORKS["timm"])
    folder = bare_run(tmp_path / "run", recipe, lived(recipe))
    network, squares = Probabilities(load_network(folder)).eval(), export._examples(folder, recipe)

    def differs(path: Path) -> float:
        """From torch, at most; features as a share of the largest."""
        package = load_package(path)
        with torch.inference_mode():
            truth = [one.numpy() for one in network(torch.from_numpy(squares[:, None]) / 255.0)]
        found = [package.said(squares)[name] for name in package.info.outputs]
        pairs = zip(found, truth, strict=True)
        return max(float(np.abs(one - other).max() / max(np.abs(other).max(), 1)) for one, other in pairs)

    first = export_run(folder, tmp_path / "first.onnx", "fp16")
    whole = export_run(folder, tmp_path / "whole.onnx")
    monkeypatch.setitem(export.TOLERANCE, "fp16", differs(first) * 0.99)
    monkeypatch.setattr(export, "SAME_PIXELS", 0.0)
    second = export_run(folder, tmp_path / "second.onnx", "fp16")
    assert differs(second) < differs(first)
    assert first.stat().st_size < second.stat().st_size < whole.stat().st_size
    monkeypatch.setitem(export.TOLERANCE, "fp16", 0.0)
    with pytest.raises(BrainmtlError, match="differs by up to"):
        export_run(folder, tmp_path / "none.onnx", "fp16")
    assert not (tmp_path / "none.onnx").exists()


def test_the_graph_is_valid_whole_and_knows_no_path(exported: Path):
    model = onnx.load(exported, load_external_data=False)
    onnx.checker.check_model(model, full_check=True)
    assert model.opset_import[0].version >= 17
    assert not {"BatchNormalization", "Dropout"} & {node.op_type for node in model.graph.node}
    content = exported.read_bytes()
    for place in (Path(brainmtl.__file__).parent, Path(torch.__file__).parent, Path.cwd(), exported.parent):
        assert str(place).encode() not in content


def test_the_metadata_tell_where_the_model_comes_from(exported: Path, run: Path, phantom):
    info = load_package(exported).info
    assert exported == run / "model.onnx"
    assert (info.name, info.task, info.size, info.fit) == ("tiny", "joint", SIZE, "pad")
    assert info.parameters == sum(weight.numel() for weight in load_network(run).parameters())
    assert info.provenance.manifest_sha256 == content_hash(phantom)
    assert info.provenance.weights_sha256 == file_sha256(run / "model.safetensors")
    assert info.provenance.attribution.startswith("Trained on ")
    assert "not a medical device" in info.provenance.note
    assert info.metrics is None


def test_measured_numbers_travel_with_the_model(tmp_path: Path):
    recipe = recipe_for(PLAIN)
    folder = bare_run(tmp_path / "run", recipe, lived(recipe))
    write_json(
        folder / "evaluation" / "validation" / "metrics.json",
        {
            "segmentation": {"dice": {"value": 0.81234, "n": 9}, "false_mask_rate": {"value": None, "n": 0}},
            "classification": {"accuracy": {"value": 0.9, "n": 12}},
        },
    )
    info = load_package(export_run(folder, tmp_path / "elsewhere" / "own.onnx")).info
    assert info.metrics == {"validation": {"dice": 0.8123, "accuracy": 0.9}}
    assert not (folder / "model.onnx").exists()


@pytest.mark.parametrize("fit", ["pad", "stretch"])
def test_predict_goes_the_way_of_training(tmp_path: Path, phantom, fit):
    recipe = recipe_for(PLAIN, data={"size": SIZE, "fit": fit})
    network = lived(recipe)
    package = load_package(export_run(bare_run(tmp_path / "run", recipe, network)))
    files = [Path(path) for path in phantom["image"].iloc[:5]]
    for file, result in zip(files, predict_files(package, files, tmp_path / "out"), strict=True):
        pixels = read_picture(file).pixels
        square = to_square(pixels, SIZE, fit)
        with torch.inference_mode():
            outputs = network(torch.from_numpy(square.copy())[None, None] / 255.0)
        native = from_square(torch.sigmoid(outputs.mask_logits)[0, 0].numpy(), *pixels.shape, fit)
        sure = np.abs(native - 0.5) > 1e-4
        mask = np.asarray(Image.open(tmp_path / "out" / result.mask)) > 127
        assert (mask == (native > 0.5))[sure].all()
        expected = torch.softmax(outputs.class_logits, 1)[0].tolist()
        assert list(result.probabilities.values()) == pytest.approx(expected, abs=1e-4)


def test_a_network_with_neighbours_from_its_training_to_its_package(phantom, tmp_path: Path):
    """Learnt, measured, exported and asked of slices with those around them, known to the manifest."""
    recipe = recipe_for(PLAIN, data={"size": SIZE, "fit": "pad", "neighbours": 1})
    held = phantom["group"].isin(phantom["group"][phantom["split"] == "train"].unique()[::3])
    table = phantom.assign(validation=held)
    stacks = table.groupby(["label", "split", "validation"])
    table["series"], table["position"] = stacks.ngroup().astype("string"), stacks.cumcount().astype("Int32")
    write_manifest(table, tmp_path / "phantom.parquet")
    short = recipe.model_copy(update={"schedule": recipe.schedule.model_copy(update={"epochs": 1})})
    train(short, tmp_path / "phantom.parquet", tmp_path / "run", bar=False)
    metrics = evaluate(tmp_path / "run", "validation")
    package = load_package(export_run(tmp_path / "run"))
    assert (package.info.neighbours, package.info.channels) == (1, 3)
    cache = open_cache(table, SIZE)
    side = parts(table, "official").to_numpy(dtype=object)
    rows = pd.read_parquet(tmp_path / "run/evaluation/validation/per_image.parquet").set_index("id")
    around = beside(table, side, 1)[np.flatnonzero(side == "validation")]
    assert (around[:, 0] != around[:, 1]).sum() >= 4
    said = package.said(cache.images[around])["class_probability"]
    for row, chances in zip(around[:, 1], said, strict=True):
        stated = rows.loc[table["id"].iloc[row], [f"p_{name}" for name in CLASSES]].to_numpy(float)
        assert np.abs(stated - chances).max() < 1e-3
    assert metrics["classification"]["accuracy"]["n"] == len(around)
    bundle = write_bundle(tmp_path / "run", tmp_path / "run/model.onnx", tmp_path / "bundle")
    assert bundle.exists()


def test_another_networks_package_is_refused(exported: Path, run: Path):
    network = load_network(run)
    squares = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE), np.uint8)
    check_agreement(Probabilities(network), load_package(exported), squares)
    with torch.no_grad():
        next(network.decoder.parameters()).mul_(1.5)
    with pytest.raises(
        BrainmtlError, match=r"mask_probability differs by up to .*nothing was kept"
    ) as caught:
        check_agreement(Probabilities(network), load_package(exported), squares)
    assert caught.value.exit_code == 1


def test_what_cannot_be_checked_is_not_kept(tmp_path: Path):
    recipe = recipe_for(PLAIN)
    network = lived(recipe)
    with torch.no_grad():
        next(network.parameters())[0] = float("nan")
    folder = bare_run(tmp_path / "run", recipe, network)
    (folder / "model.onnx").write_text("an older package")
    with pytest.raises(BrainmtlError, match="differs by up to nan"):
        export_run(folder)
    assert (folder / "model.onnx").read_text() == "an older package"
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_an_unfinished_run(tmp_path: Path):
    recipe = recipe_for(PLAIN)
    folder = bare_run(tmp_path / "run", recipe, lived(recipe))
    (folder / "model.safetensors").unlink()
    (folder / "checkpoints").mkdir()
    with pytest.raises(InputError, match="has not finished"):
        export_run(folder)
    with pytest.raises(InputError, match="not a run folder"):
        export_run(tmp_path)


@pytest.mark.filterwarnings("error:Exporting a model while it is in training mode")
def test_exporting_is_quiet(run: Path, tmp_path: Path, capfd):
    export_run(run, tmp_path / "again.onnx")
    assert capfd.readouterr() == ("", "")


def test_the_metadata_are_plain_json(exported: Path):
    (entry,) = onnx.load(exported, load_external_data=False).metadata_props
    assert entry.key == "brainmtl"
    assert json.loads(entry.value)["format_version"] == 1


def test_features_are_the_means_of_the_encoders_maps(exported: Path, run: Path):
    squares = np.random.default_rng(3).integers(0, 256, (3, SIZE, SIZE), np.uint8)
    with torch.inference_mode():
        maps = load_network(run).encoder(torch.from_numpy(squares)[:, None].float() / 255)
    expected = np.concatenate([one.numpy().mean(axis=(2, 3)) for one in maps], axis=1)
    found = np.stack([answer.features for answer in load_package(exported).answers(squares)])
    assert np.abs(found - expected).max() <= 1e-4 * max(1, np.abs(expected).max())


def test_an_export_is_sealed(exported: Path, tmp_path: Path):
    content = bytearray(exported.read_bytes())
    content[len(content) // 3] ^= 1
    (tmp_path / "a.onnx").write_bytes(content)
    assert load_package(exported).info.seal
    with pytest.raises(InputError):
        load_package(tmp_path / "a.onnx")


def test_validation_alone_teaches_the_package(exported: Path, phantom):
    known = load_package(exported).info.certainty
    held = phantom[parts(phantom) == "validation"]
    assert (known.slices, known.persons) == (len(held), held["group"].nunique())
    assert known.class_sets.slices == {name: int((held["label"] == name).sum()) for name in CLASSES}
    assert known.class_sets.lead == dict.fromkeys(CLASSES)
    assert sum("in every class set" in note for note in known.notes) == 4
    slice_ = load_package(exported).predict(held["image"].iloc[0])
    assert set(slice_.class_set) == set(CLASSES)


def test_without_its_validation_slices_a_package_still_predicts(tmp_path: Path):
    recipe = recipe_for(PLAIN)
    package = load_package(export_run(bare_run(tmp_path / "run", recipe, lived(recipe))))
    assert package.info.certainty.slices == 0
    assert "were not at hand" in package.info.certainty.notes[0]
    pixels = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE), np.uint8)
    result = package.predict(pixels)
    assert (result.status, result.class_set, result.outlier_score) == ("ok", None, None)
    assert sum(result.probabilities.values()) == pytest.approx(1, abs=1e-5)


def test_a_run_is_put_on_the_shelf(run: Path, tmp_path: Path, monkeypatch):
    """One command: the package, its hash on record, and its card."""
    script = runpy.run_path(str(Path(__file__).parents[2] / "tools/shelve.py"))
    monkeypatch.setitem(script["main"].__globals__, "FOLDER", tmp_path / "shelf")
    monkeypatch.setattr(shelf, "SHIPPED", tmp_path / "shelf")
    monkeypatch.setenv("BRAINMTL_MODELS", str(tmp_path / "own"))
    script["main"](run, "base")
    package = brainmtl.load()
    assert (package.info.name, package.info.storage) == ("tiny", "fp16")
    assert package.sha256 == file_sha256(tmp_path / "shelf/base.onnx")
    told = shelf.describe(shelf.shelved()["base"])
    assert package.sha256 in Path(told["card"]).read_text()
    monkeypatch.setitem(script["LARGEST"], "small", 1000)
    with pytest.raises(InputError, match=r"bytes, more than 1,000"):
        script["main"](run, "small")
    with pytest.raises(InputError, match="huge: no such place on the shelf"):
        script["main"](run, "huge")
    assert sorted(path.name for path in (tmp_path / "shelf").iterdir()) == [
        "base.md",
        "base.onnx",
        "models.json",
    ]
