"""A partition's rows are those of ``brainmtl predict`` on the same slices."""

import io
import subprocess
import sys
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import fsspec
import nibabel
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from brainmtl.archive import partition as module
from brainmtl.archive.attempts import BLAME, PATIENCE, Attempts
from brainmtl.archive.listing import list_files
from brainmtl.archive.partition import count_rows, predict_partition
from brainmtl.archive.plan import Partition, cut
from brainmtl.inference.package import ModelPackage
from brainmtl.inference.predict import predict_files


def rows(folder: Path, part: Partition) -> list[dict]:
    return pq.read_table(folder / part.name).to_pylist()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, slice_bytes) -> list[Path]:
    """Twenty slices in several formats, and four files that are none."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(20):
        suffix, kind = [("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP")][number % 3]
        (folder / f"{number:02}.{suffix}").write_bytes(slice_bytes(number, format=kind))
    (folder / "03.png").write_bytes(slice_bytes(3)[:-40])
    (folder / "15.png").write_text("no picture")
    (folder / "12.png").write_bytes(b"")
    return [*sorted(folder.iterdir()), folder / "gone.png"]


@pytest.fixture(scope="module")
def plain(pictures: list[Path], package: ModelPackage, tmp_path_factory) -> list[tuple[dict, bytes | None]]:
    """What ``predict`` says of them, and the masks that it writes."""
    out = tmp_path_factory.mktemp("plain")
    found = [result.row() for result in predict_files(package, pictures, out, overlay=False)]
    return [
        (
            {**row, "file": Path(row["file"]).name, "mask": None},
            row["mask"] and (out / row["mask"]).read_bytes(),
        )
        for row in found
    ]


def same(found: list[dict], plain: list[tuple[dict, bytes | None]]) -> None:
    assert len(found) == len(plain)
    for number, (row, (expected, mask)) in enumerate(zip(found, plain, strict=True)):
        assert (row.pop("partition"), row.pop("input"), row.pop("mask_png")) == (7, number, mask)
        assert {**row, "file": Path(row["file"].rpartition("#")[2]).name} == expected


@pytest.mark.parametrize("chunk", [256, 8])
def test_loose_files(pictures, package, plain, tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(module, "CHUNK", chunk)
    part = Partition(7, "files", tuple(map(str, pictures)))
    predict_partition(package, part, tmp_path)
    assert [row["file"] for row in rows(tmp_path, part)] == list(part.uris)
    same(rows(tmp_path, part), plain)
    assert count_rows(tmp_path / part.name) == {"ok": 20 - 3, "error": 4}


def test_rows_of_bytes(pictures, package, plain, tmp_path, write_parquet):
    found = pictures[:-1]
    columns = {"image": [file.read_bytes() for file in found], "name": [file.name for file in found]}
    part = Partition(7, "parquet", (str(write_parquet(tmp_path / "a.parquet", columns)),))
    predict_partition(package, part, tmp_path / "out")
    same(rows(tmp_path / "out", part), plain[:-1])


@pytest.mark.parametrize("far", [False, True])
def test_members_of_a_tar_file(pictures, package, plain, tmp_path, write_tar, far):
    members = {f"some/{file.name}": file.read_bytes() for file in pictures[:-1]}
    uri = str(write_tar(tmp_path / "a.tar.gz", members, "w:gz"))
    if far:
        fsspec.filesystem("memory").pipe_file("/partition/a.tar.gz", Path(uri).read_bytes())
        uri = "memory:///partition/a.tar.gz"
    part = Partition(7, "tar", (uri,))
    predict_partition(package, part, tmp_path / "out")
    same(rows(tmp_path / "out", part), plain[:-1])


def test_objects_of_a_store(pictures, package, plain, tmp_path):
    memory = fsspec.filesystem("memory")
    for file in pictures[:-1]:
        memory.pipe_file(f"/partition/loose/{file.name}", file.read_bytes())
    part = Partition(7, "files", tuple(f"memory:///partition/loose/{file.name}" for file in pictures))
    predict_partition(package, part, tmp_path)
    assert [row["file"] for row in rows(tmp_path, part)] == list(part.uris)
    same(rows(tmp_path, part), plain)


def test_inputs_one_by_one_after_deaths_say_the_same(pictures, package, plain, tmp_path):
    part = Partition(7, "files", tuple(map(str, pictures)))
    notes = tmp_path / f".{part.name}.attempts"
    for _ in range(PATIENCE):
        Attempts(notes)
    for _ in range(2):
        died = Attempts(notes)
        for number in range(6):
            died.deadly(number)
    predict_partition(package, part, tmp_path)
    found = rows(tmp_path, part)
    deadly = found[5]
    assert (deadly["status"], deadly["reason"]) == (
        "error",
        "each worker that read it died (predict it by itself)",
    )
    found[5] = {"partition": 7, "input": 5, "mask_png": plain[5][1], **plain[5][0], "file": pictures[5].name}
    same(found, plain)
    assert not notes.exists()


DEADLY = """
import os, signal, sys
from pathlib import Path
from brainmtl.archive import partition
from brainmtl.archive.plan import Partition, cut
from brainmtl.inference.package import load_package
find = partition.find_scans
def die(paths):
    if "poison" in paths[0].name:
        os.kill(os.getpid(), signal.SIGKILL)
    return find(paths)
partition.find_scans = die
model, line, out = sys.argv[1:]
partition.predict_partition(load_package(Path(model)), Partition.from_line(line), Path(out))
"""


def test_a_slice_that_kills_each_worker_becomes_an_error(model, tmp_path, slice_bytes):
    files = [tmp_path / f"{name}.png" for name in ("one", "poison", "two")]
    for seed, file in enumerate(files):
        file.write_bytes(slice_bytes(seed))
    part, ends = Partition(0, "files", tuple(map(str, files))), []
    while not ends or ends[-1]:
        words = [sys.executable, "-c", DEADLY, str(model), part.line(), str(tmp_path / "out")]
        ends.append(subprocess.run(words).returncode)
        assert len(ends) < 20
    assert ends == [-9] * (PATIENCE + BLAME) + [0]
    found = rows(tmp_path / "out", part)
    assert [row["status"] for row in found] == ["ok", "error", "ok"]
    assert [row["file"] for row in found] == list(part.uris)


def test_files_over_http(package, pictures, plain, tmp_path, write_tar):
    """A store whose files can only be read from their start to their end."""
    (tmp_path / "served").mkdir()
    members = {file.name: file.read_bytes() for file in pictures[:-1]}
    write_tar(tmp_path / "served" / "a.tar", members)
    (tmp_path / "served" / "b.png").write_bytes(pictures[1].read_bytes())

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *words):
            super().__init__(*words, directory=str(tmp_path / "served"))

        def log_message(self, *words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        Thread(target=server.serve_forever).start()
        at = f"http://127.0.0.1:{server.server_port}"
        listed = list_files([f"{at}/a.tar", f"{at}/b.png", f"{at}/gone.png"])
        tar, loose = (replace(part, number=7) for part in cut(listed, 10))
        for part in (tar, loose):
            predict_partition(package, part, tmp_path / part.kind)
        server.shutdown()
    same(rows(tmp_path / "tar", tar), plain[:-1])
    one, gone = rows(tmp_path / "files", loose)
    assert (one["mask_png"], one["file"], one["class"]) == (plain[1][1], f"{at}/b.png", plain[1][0]["class"])
    assert (gone["status"], gone["reason"]) == ("error", "no such file (check the path)")


def test_a_mask_is_a_picture_at_native_size(package, tmp_path, slice_bytes):
    (tmp_path / "a.png").write_bytes(slice_bytes(5, side=90))
    part = Partition(0, "files", (str(tmp_path / "a.png"),))
    predict_partition(package, part, tmp_path)
    (row,) = rows(tmp_path, part)
    mask = np.asarray(Image.open(io.BytesIO(row["mask_png"])))
    assert mask.shape == (row["height"], row["width"]) == (90, 95)
    assert set(np.unique(mask)) <= {0, 255}
    assert row["mask_area_px"] == np.count_nonzero(mask)


def test_scans_have_a_row_a_slice(package, tmp_path, write_series, write_tar):
    files = write_series(
        tmp_path / "series", np.random.default_rng(0).integers(0, 900, (3, 40, 44), np.uint16)
    )
    voxels = np.random.default_rng(1).integers(0, 900, (40, 44, 5)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([1, 1, 4, 1])), tmp_path / "v.nii.gz")
    members = {path.name: path.read_bytes() for path in [*files, tmp_path / "v.nii.gz"]}
    part = Partition(0, "tar", (str(write_tar(tmp_path / "a.tar", members)),))
    predict_partition(package, part, tmp_path / "out")
    found = rows(tmp_path / "out", part)
    assert [(row["input"], row["slice"]) for row in found] == [
        *((number, 0) for number in range(3)),
        *((3, number) for number in range(5)),
    ]
    whole = [result.row() for result in predict_files(package, [tmp_path / "v.nii.gz"], tmp_path / "plain")]
    alone = [package.predict(file).row() for file in files]
    for row, expected in zip(found, [*alone, *whole], strict=True):
        for name in ("status", "class", "mask_area_px", "mask_area_mm2", "volume_ml", "input_sha256"):
            assert row[name] == expected[name], name
        assert row["probabilities"] == pytest.approx(expected["probabilities"], abs=2e-6)
        assert row["nifti"] is None


def test_a_partition_that_fails_leaves_nothing_that_looks_whole(package, tmp_path, pictures, monkeypatch):
    part = Partition(0, "files", tuple(map(str, pictures)))
    monkeypatch.setattr(module, "CHUNK", 4)
    tables = iter([module.to_table])

    def fails(*words):
        return next(tables)(*words)

    monkeypatch.setattr(module, "to_table", fails)
    with pytest.raises(StopIteration):
        predict_partition(package, part, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f".{part.name}.attempts"]


def test_the_file_is_the_same_whoever_writes_it(package, tmp_path, pictures):
    part = Partition(0, "files", tuple(map(str, pictures)))
    for name in ("one", "other"):
        predict_partition(package, part, tmp_path / name)
    assert (tmp_path / "one" / part.name).read_bytes() == (tmp_path / "other" / part.name).read_bytes()
