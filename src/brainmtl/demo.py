"""The whole way on phantoms: from no data at all to a report."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from brainmtl.data.brisc import index_brisc
from brainmtl.data.manifest import write_manifest
from brainmtl.data.phantom import make_phantom
from brainmtl.errors import InputError
from brainmtl.inference.package import load_package
from brainmtl.inference.predict import predict_files
from brainmtl.report.page import write_report
from brainmtl.training.evaluate import evaluate
from brainmtl.training.export import export_run
from brainmtl.training.fit import train
from brainmtl.training.recipe import read_recipe

SLICES = 900
Bar = Callable[[str, int | None], AbstractContextManager[Callable[..., None]]]


def run_demo(out: Path, *, say: Callable[[str], None], bar: Bar, train_bar: bool) -> Path:
    """Make phantoms, index them, train a small joint network, evaluate, export, predict and report.

    Args:
        out: a folder that does not exist or is empty.
        say: told what happens next.
        bar: opens a progress bar and gives its update.
        train_bar: show a bar while training.

    Returns:
        The report's path.

    Raises:
        InputError: the folder holds something.
    """
    if out.exists() and any(out.iterdir()):
        raise InputError("is not empty", where=out, mend="remove it, or name another folder")
    phantoms, manifest, run = out / "phantoms", out / "phantoms.parquet", out / "run"
    say(f"1/6 drawing {SLICES} phantom slices")
    with bar("drawing", SLICES) as progress:
        make_phantom(phantoms, slices=SLICES, progress=progress)
    say("2/6 indexing them")
    table, _ = index_brisc(phantoms)
    write_manifest(table, manifest)
    say("3/6 training a small joint network")
    with bar("decoding", len(table)) as progress:
        train(read_recipe("demo-joint"), manifest, run, progress=progress, bar=train_bar)
    say("4/6 measuring it")
    _show(say, "validation", evaluate(run, "validation"))
    _show(say, "test", evaluate(run, "test"))
    say("5/6 exporting it, and predicting without torch")
    package = load_package(export_run(run))
    pictures = [Path(path) for path in table.loc[table["split"] == "test", "image"].iloc[:12]]
    predict_files(package, pictures, out / "predictions")
    say("6/6 writing the report")
    return write_report(run)


def _show(say: Callable[[str], None], part: str, metrics: dict[str, Any]) -> None:
    dice, right = metrics["segmentation"]["dice"]["value"], metrics["classification"]["accuracy"]["value"]
    say(f"    {part}: Dice {dice:.3f}, accuracy {right:.1%}")
