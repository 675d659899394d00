"""What the tests share: where the real data lie, and a small phantom set."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings

# Each test process has a core of its own; threads that wait for one another there only spin.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes says what else the machine does.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


class Outcome(NamedTuple):
    """What a command left: its exit code, and what it wrote to stdout and stderr."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Call the command line in this process, with words."""
    from brainmtl import cli

    def call(*words: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["brainmtl", *map(str, words)])
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        shown = capsys.readouterr()
        return Outcome(code, shown.out, shown.err)

    return call


@pytest.fixture(scope="session")
def real_set() -> Callable[[str], Path]:
    """Where a real data set lies, by its folder's name; the test skips where it is not at hand."""

    def find(name: str) -> Path:
        folder = os.environ.get("BRAINMTL_DATA")
        if folder is None:
            pytest.skip(f"BRAINMTL_DATA is not set; it names the folder that holds {name}/")
        root = Path(folder) / name
        if not root.is_dir():
            pytest.skip(f"BRAINMTL_DATA={folder} holds no {name}/")
        return root

    return find


@pytest.fixture(scope="session")
def brisc_root(real_set: Callable[[str], Path]) -> Path:
    return real_set("brisc2025")


@pytest.fixture(scope="session")
def brisc(brisc_root: Path):
    from brainmtl.data.brisc import index_brisc

    return index_brisc(brisc_root)[0]


@pytest.fixture(scope="session")
def keras(tmp_path_factory: pytest.TempPathFactory):
    """Keras on torch, told to leave the home folder alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "torch")
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        import keras

        yield keras


@pytest.fixture(scope="session")
def phantom_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty small phantom slices in BRISC's layout; copy the folder before changing it."""
    from brainmtl.data.phantom import make_phantom

    root = tmp_path_factory.mktemp("phantoms") / "phantom"
    make_phantom(root, slices=60, size=96)
    return root


@pytest.fixture(scope="session")
def phantom(phantom_root: Path):
    from brainmtl.data.brisc import index_brisc

    return index_brisc(phantom_root)[0]


@pytest.fixture(scope="session")
def write_series() -> Callable[..., list[Path]]:
    """Write slices as an MR series, one file a slice (PS3.3, A.4); keywords replace attributes, ``None``
    removes them, and a function is called with the slice's number."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    def write(
        folder: Path,
        slices: np.ndarray,
        *,
        right: tuple[float, float, float] = (1, 0, 0),
        down: tuple[float, float, float] = (0, 1, 0),
        origin: tuple[float, float, float] = (-100, -120, -40),
        step: float = 5.0,
        pixel: tuple[float, float] = (0.5, 0.75),
        series: int = 1,
        **changes: Any,
    ) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        for number, pixels in enumerate(slices):
            file = Dataset()
            file.file_meta = FileMetaDataset()
            file.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
            file.SOPInstanceUID = UID(f"1.2.826.0.1.3680043.8.498.1.{series}.{number + 1}")
            file.StudyInstanceUID = "1.2.826.0.1.3680043.8.498.9"
            file.SeriesInstanceUID = f"1.2.826.0.1.3680043.8.498.1.{series}"
            file.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.7"
            file.PatientName, file.PatientID = "Phantom^Some", "P1"
            file.PatientBirthDate, file.PatientSex, file.PatientAge = "19700101", "O", "055Y"
            file.StudyDate, file.StudyTime, file.StudyID = "20250101", "120000", "1"
            file.AccessionNumber, file.ReferringPhysicianName = "A1", "Doctor^Some"
            file.InstitutionName, file.Manufacturer = "Some Hospital", "none"
            file.Modality, file.SeriesNumber, file.InstanceNumber = "MR", series, number + 1
            file.ImageType, file.BurnedInAnnotation = ["ORIGINAL", "PRIMARY", "OTHER"], "NO"
            file.ScanningSequence, file.SequenceVariant, file.ScanOptions = "SE", "NONE", ""
            file.MRAcquisitionType, file.EchoTime, file.EchoTrainLength = "2D", 10, 1
            file.RepetitionTime, file.PositionReferenceIndicator, file.PatientPosition = 500, "", "HFS"
            file.ImageOrientationPatient = [*right, *down]
            file.ImagePositionPatient = list(np.array(origin) + number * step * np.cross(right, down))
            file.PixelSpacing, file.SliceThickness, file.SpacingBetweenSlices = (
                list(pixel),
                abs(step),
                abs(step),
            )
            file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
            file.Rows, file.Columns = pixels.shape
            bits = 8 * pixels.dtype.itemsize
            file.BitsAllocated, file.BitsStored, file.HighBit = bits, bits, bits - 1
            file.PixelRepresentation = int(pixels.dtype.kind == "i")
            file.PixelData = pixels.tobytes()
            for keyword, value in changes.items():
                if value is None:
                    delattr(file, keyword)
                else:
                    setattr(file, keyword, value(number) if callable(value) else value)
            file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            path = folder / f"{series}_{number:03}.dcm"
            file.save_as(path, enforce_file_format=True)
            files.append(path)
        return files

    return write


@pytest.fixture(scope="session")
def write_run(phantom) -> Callable[..., Path]:
    """Write the run folder of a network that lays every phantom's mask some pixels too far to the right, and
    calls every fifth slice what the next slice is."""
    import json

    import pandas as pd

    from brainmtl.evaluation.scorecard import score_slice, summarise
    from brainmtl.evaluation.slice_list import write_slice_list
    from brainmtl.imaging.mask import read_mask, write_mask
    from brainmtl.labels import CLASSES

    def write(folder: Path, *, shift: int) -> Path:
        part = folder / "evaluation" / "test"
        labels = phantom["label"].to_list()
        scores = []
        for number, row in enumerate(phantom.itertuples()):
            shape = (row.height, row.width)
            truth = np.zeros(shape, bool) if pd.isna(row.mask) else read_mask(Path(row.mask), shape)
            said = np.roll(truth, shift, axis=1)
            write_mask(part / "masks" / f"{row.id}.png", said)
            called = labels[(number + 1) % len(labels)] if number % 5 == 0 else row.label
            chances = [0.7 if name == called else 0.1 for name in CLASSES]
            scores.append(score_slice(truth=truth, prediction=said, label=row.label, probabilities=chances))
        kept = ["id", "label", "plane", "group", "source", "image", "mask", "width", "height"]
        rows = pd.concat([phantom[kept].reset_index(drop=True), pd.DataFrame(scores)], axis=1)
        rows["leaked"] = [number % 3 == 0 for number in range(len(rows))]
        rows.to_parquet(part / "per_image.parquet", index=False)
        write_slice_list(rows, part)
        written = {
            part / "metrics.json": summarise(rows, resamples=20),
            folder / "data.json": {"protocol": "official", "sources": ["phantom"]},
            folder / "network.json": {"task": "joint", "parameters": 1000},
            folder / "result.json": {"status": "finished", "best_epoch": 2},
        }
        for path, content in written.items():
            path.write_text(json.dumps(content), encoding="utf-8")
        (folder / "log.csv").write_text(
            "epoch,lr,train_loss,validation_loss,validation_dice,validation_accuracy\n"
            "1,0.001,0.9,0.8,0.5,0.6\n2,0.001,0.5,0.4,0.7,0.8\n3,0.001,0.4,0.5,0.6,0.7\n",
            encoding="utf-8",
        )
        return folder

    return write
