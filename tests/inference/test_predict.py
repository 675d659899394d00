"""A batch of files becomes masks, overlays and one table, whatever is among them."""

import csv
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from brainmtl.errors import InputError
from brainmtl.imaging.overlay import draw_overlay
from brainmtl.inference.journal import JOURNAL
from brainmtl.inference.package import ModelPackage, load_package
from brainmtl.inference.predict import predict_files

MakePackage = Callable[..., Path]
CONTRACT = [
    "file", "slice", "status", "reason", "class", "probabilities", "class_set", "mask", "mask_area_px",
    "mask_area_mm2", "volume_ml", "model", "model_sha256", "version",
]  # fmt: skip


def picture(path: Path, seed: int, height: int = 70, width: int = 50) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)).save(path)
    return path


@pytest.fixture
def scans(tmp_path: Path) -> list[Path]:
    """Good files of several sizes, and bad ones among them."""
    files = [picture(tmp_path / "scans" / f"{seed:02}.png", seed, 40 + 5 * seed, 60) for seed in range(11)]
    cut = picture(tmp_path / "scans" / "cut.jpg", 99, 200, 200)
    cut.write_bytes(cut.read_bytes()[:-500])
    text = tmp_path / "scans" / "text.png"
    text.write_text("no picture")
    return [*files[:4], cut, *files[4:], tmp_path / "absent.png", text]


def rows(out: Path) -> list[dict]:
    return json.loads((out / "results.json").read_text())


def test_the_contract_of_results(package: ModelPackage, scans: list[Path], tmp_path: Path):
    results = predict_files(package, scans, tmp_path / "out")
    found = rows(tmp_path / "out")
    assert [row["file"] for row in found] == [str(path) for path in scans]
    assert all(list(row)[: len(CONTRACT)] == CONTRACT for row in found)
    assert found == [result.row() for result in results]
    for row in found:
        assert row["model"] == "bright"
        assert row["model_sha256"] == package.sha256
        assert [row[name] for name in ("slice", "class_set", "mask_area_mm2", "volume_ml")] == [None] * 4


def test_a_batch_goes_on_past_bad_files(package: ModelPackage, scans: list[Path], tmp_path: Path):
    predict_files(package, scans, tmp_path / "out", batch_size=4)
    found = {Path(row["file"]).name: row for row in rows(tmp_path / "out")}
    bad = {name: row["reason"] for name, row in found.items() if row["status"] == "error"}
    assert set(bad) == {"cut.jpg", "absent.png", "text.png"}
    assert "truncated" in bad["cut.jpg"]
    assert bad["absent.png"] == "no such file (check the path)"
    for name in bad:
        assert [found[name][key] for key in ("class", "probabilities", "mask", "mask_area_px")] == [None] * 4
    assert len(list((tmp_path / "out" / "masks").iterdir())) == 11


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_masks_and_overlays_are_those_of_each_slice_alone(
    package: ModelPackage, scans: list[Path], tmp_path: Path, batch_size
):
    out = tmp_path / "out"
    for row in predict_files(package, scans, out, batch_size=batch_size):
        if row.status == "error":
            continue
        alone = package.predict(row.file)
        with Image.open(out / row.mask) as mask, Image.open(row.file) as original:
            assert mask.mode == "L"
            assert mask.size == original.size == (row.width, row.height)
            assert (np.asarray(mask) == np.where(alone.mask_pixels, 255, 0)).all()
            drawn = draw_overlay(np.asarray(original), alone.mask_pixels)
        assert (np.asarray(Image.open(out / row.overlay)) == drawn).all()
        assert row.mask_area_px == np.count_nonzero(np.asarray(Image.open(out / row.mask)))
        assert row.probabilities == pytest.approx(alone.probabilities, abs=2e-6)


def test_a_slice_without_tumour_has_a_black_mask(package: ModelPackage, tmp_path: Path):
    Image.fromarray(np.full((33, 44), 10, np.uint8)).save(tmp_path / "healthy.png")
    (result,) = predict_files(package, [tmp_path / "healthy.png"], tmp_path / "out")
    mask = np.asarray(Image.open(tmp_path / "out" / result.mask))
    assert mask.shape == (33, 44)
    assert not mask.any()
    assert result.mask_area_px == 0


def test_two_files_of_one_name_keep_their_own_masks(package: ModelPackage, tmp_path: Path):
    first, second = picture(tmp_path / "x" / "a.png", 1), picture(tmp_path / "y" / "a.png", 2, 90, 30)
    results = predict_files(package, [first, second], tmp_path / "out")
    sizes = [Image.open(tmp_path / "out" / result.mask).size for result in results]
    assert sizes == [(50, 70), (30, 90)]


def test_the_table_says_the_same(package: ModelPackage, scans: list[Path], tmp_path: Path):
    predict_files(package, scans, tmp_path / "out")
    with (tmp_path / "out" / "results.csv").open(newline="") as handle:
        table = list(csv.DictReader(handle))
    for line, row in zip(table, rows(tmp_path / "out"), strict=True):
        assert (line["file"], line["status"]) == (row["file"], row["status"])
        assert line["class"] == (row["class"] or "")
        if row["probabilities"]:
            assert {name: float(line[f"p_{name}"]) for name in row["probabilities"]} == row["probabilities"]


def test_without_overlays_or_without_a_mask_head(
    package: ModelPackage, make_package: MakePackage, tmp_path: Path
):
    file = picture(tmp_path / "a.png", 1)
    (plain,) = predict_files(package, [file], tmp_path / "plain", overlay=False)
    assert plain.overlay is None
    assert not (tmp_path / "plain" / "overlays").exists()
    (named,) = predict_files(load_package(make_package(task="classification")), [file], tmp_path / "named")
    assert (named.mask, named.overlay) == (None, None)
    assert named.class_name is not None
    assert sorted(path.name for path in (tmp_path / "named").iterdir()) == ["results.csv", "results.json"]


def test_progress_ends_with_all(package: ModelPackage, scans: list[Path], tmp_path: Path):
    seen: list[tuple[int, int]] = []
    predict_files(package, scans, tmp_path / "out", batch_size=5, progress=lambda *step: seen.append(step))
    assert seen[-1] == (len(scans), len(scans))
    assert seen == sorted(seen)


def test_a_second_prediction_replaces_the_first(package: ModelPackage, scans: list[Path], tmp_path: Path):
    predict_files(package, scans, tmp_path / "out")
    predict_files(package, scans[:2], tmp_path / "out")
    assert [row["file"] for row in rows(tmp_path / "out")] == [str(path) for path in scans[:2]]


def test_a_disk_that_fills_up_leaves_nothing_half_written(package: ModelPackage, tmp_path: Path):
    out = tmp_path / "out"
    files = [
        picture(tmp_path / f"{seed}.png", seed, 64 + 128 * (seed == 2), 64 + 128 * (seed == 2))
        for seed in range(3)
    ]
    predict_files(package, files[:1], out)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(InputError, match=r"overlays/2.png: cannot be written"):
            predict_files(package, files, out, batch_size=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (out / "results.json").exists()
    written = [path for path in out.rglob("*") if path.is_file()]
    assert not any(path.name.startswith(".") for path in written)
    for path in written:
        if path.name != JOURNAL:
            Image.open(path).load()
    assert len(predict_files(package, files, out, batch_size=1)) == 3
    assert not (out / JOURNAL).exists()


def test_an_output_folder_that_cannot_be_made(package: ModelPackage, tmp_path: Path):
    (tmp_path / "taken").touch()
    with pytest.raises(InputError, match=r"cannot be written.*choose a folder") as caught:
        predict_files(package, [picture(tmp_path / "a.png", 1)], tmp_path / "taken")
    assert caught.value.where == tmp_path / "taken"


def brainmtl(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line and, after it, print the modules it loaded."""
    code = (
        "import atexit, sys; sys.argv[0] = 'brainmtl'; "
        "atexit.register(lambda: print('loaded', *sys.modules, file=sys.stderr)); "
        "from brainmtl.cli import main; main()"
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def loaded(done: subprocess.CompletedProcess[str]) -> set[str]:
    return {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split()[1:]}


HEAVY = {"torch", "torchvision", "timm", "pandas", "pyarrow", "sklearn", "scipy", "matplotlib", "onnx"}
SCANS = {"pydicom", "highdicom", "nibabel", "gdcm", "openjpeg", "jpeg_ls"}


def test_predicting_loads_no_torch_and_no_pandas(make_package: MakePackage, tmp_path: Path):
    file = picture(tmp_path / "a.png", 1)
    done = brainmtl("predict", file, "--model", make_package(), "-o", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == rows(tmp_path / "out")
    assert "onnxruntime" in loaded(done)
    assert not loaded(done) & (HEAVY | SCANS)


def test_nor_does_a_scan(make_package: MakePackage, write_series, tmp_path: Path):
    head = np.full((4, 32, 32), 100, np.uint16)
    head[1:3, 8:20, 8:20] = 900
    write_series(tmp_path / "scan", head)
    nibabel.save(nibabel.Nifti1Image(head.transpose(2, 1, 0), np.eye(4)), tmp_path / "a.nii.gz")
    files = (tmp_path / "scan", tmp_path / "a.nii.gz")
    done = brainmtl("predict", *files, "--model", make_package(), "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert loaded(done) >= {"pydicom", "highdicom", "nibabel"}
    assert not loaded(done) & (HEAVY - {"scipy"})  # nibabel looks whether it is there, and does without it


def test_help_loads_nothing_heavy():
    done = brainmtl("--help")
    assert done.returncode == 0
    assert not loaded(done) & (HEAVY | {"numpy", "PIL", "onnxruntime", "pydantic"})


def test_a_bad_file_makes_the_command_exit_3(make_package: MakePackage, scans: list[Path], tmp_path: Path):
    done = brainmtl("predict", *scans, "--model", make_package(), "-o", tmp_path / "out")
    assert done.returncode == 3
    assert "3 of 14" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(rows(tmp_path / "out")) == 14
