"""What ``export`` and ``predict`` refuse from the command line, and how they tell what eight bits cost."""

import builtins

import pytest
from typer.testing import CliRunner

from brainmtl.cli import app
from brainmtl.cli.use import _cost
from brainmtl.inference.info import StorageCost


def said(*words: str):
    return CliRunner().invoke(app, ["predict", "slice.png", "--model", "nowhere.onnx", *words])


def test_workers_go_with_a_cluster():
    found = said("--workers", "2").exception
    assert (found.exit_code, str(found)) == (2, "--workers (it goes with --ray)")


def test_a_model_that_is_not_there_begins_no_cluster(tmp_path):
    found = said("--ray", "local", "-o", str(tmp_path / "out")).exception
    assert (found.exit_code, found.where.name) == (3, "nowhere.onnx")
    assert not (tmp_path / "out").exists()


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch):
    """As Python imports where a package of the extra is missing."""
    imports = builtins.__import__

    def without(name, *rest):
        if name == "brainmtl.archive.predict":
            raise ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow")
        return imports(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    found = said("--ray", "local").exception
    assert (found.exit_code, str(found)) == (
        2,
        "pyarrow is not installed (pip install 'brainmtl[ray]')",
    )


@pytest.mark.parametrize(
    ("options", "mend"),
    [
        (["--storage", "int4"], "fp32 or fp16 or int8"),
        (["--storage", "int8", "--bundle", "bundle"], "a bundle computes in fp32"),
    ],
)
def test_a_storage_that_cannot_be(options, mend):
    found = CliRunner().invoke(app, ["export", "nowhere", *options]).exception
    assert found.exit_code == 2
    assert mend in str(found)


def test_the_cost_is_told_beside_fp32():
    cost = StorageCost(slices=8, dice=0.81239, dice_fp32=0.82, accuracy=None, accuracy_fp32=None)
    assert _cost(cost) == "int8 on 8 validation slices: Dice 0.8124 (fp32: 0.8200)"
