"""Archives from the command line: what is said where they cannot be predicted."""

import builtins

import pytest
from typer.testing import CliRunner

from brainmtl.cli import app


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
