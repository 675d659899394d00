"""Run folders through the API: what their files say, and no file that they do not list."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from starlette.testclient import TestClient

from brainmtl.errors import InputError
from brainmtl.imaging.mask import read_mask
from brainmtl.imaging.picture import read_picture
from brainmtl.server.app import create_app
from brainmtl.server.runs import find_runs
from brainmtl.server.settings import Settings


@pytest.fixture(scope="module")
def original(tmp_path_factory, write_run) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "unet", shift=3)


@pytest.fixture
def run(original: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(original, tmp_path / "runs" / "unet"))


@pytest.fixture
def api(run: Path):
    served = create_app([], Settings(), find_runs([run.parent]))
    with TestClient(served, raise_server_exceptions=False) as opened:
        yield opened


def pixels(answer) -> np.ndarray:
    assert answer.headers["content-type"] == "image/png"
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def test_the_rows_are_the_tables_and_no_path_leaves(api, run: Path):
    table = pd.read_parquet(run / "evaluation/test/per_image.parquet")
    answer = api.get("/v1/runs/unet/test")
    rows = answer.json()["rows"]
    assert [row["id"] for row in rows] == table["id"].to_list()
    assert [row["predicted"] for row in rows] == table["predicted"].to_list()
    dice = [np.nan if row["dice"] is None else row["dice"] for row in rows]
    assert np.allclose(dice, table["dice"].astype(float), atol=1e-6, equal_nan=True)
    metrics = json.loads((run / "evaluation/test/metrics.json").read_text())
    assert answer.json()["metrics"] == metrics
    (card,) = api.get("/v1/runs").json()
    assert (card["name"], card["task"], card["parts"]) == ("unet", "joint", ["test"])
    assert card["metrics"]["test"]["segmentation"] == metrics["segmentation"]
    folder = str(Path(table["image"].iloc[0]).parent)
    assert folder not in answer.text + api.get("/v1/runs").text


def test_slices_and_masks_come_from_where_the_rows_say(api, run: Path):
    table = pd.read_parquet(run / "evaluation/test/per_image.parquet")
    number = int(np.flatnonzero(table["mask"].notna())[0])
    row = table.iloc[number]
    layers = {name: pixels(api.get(f"/v1/runs/unet/test/{number}/{name}")) for name in ("picture", "truth")}
    assert np.array_equal(layers["picture"], read_picture(Path(row["image"])).pixels)
    assert np.array_equal(layers["truth"] > 0, read_mask(Path(row["mask"])))
    said = pixels(api.get(f"/v1/runs/unet/test/{number}/prediction")) > 0
    assert said.sum() == row["predicted_px"]
    assert (said & (layers["truth"] > 0)).sum() == row["overlap_px"]


def test_the_learning_curves_are_the_log(api, run: Path):
    expected = pd.read_csv(run / "log.csv")
    found = pd.DataFrame(api.get("/v1/runs/unet/log").json())
    pd.testing.assert_frame_equal(found.astype(float), expected.astype(float))
    (run / "log.csv").unlink()
    assert api.get("/v1/runs/unet/log").json() == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/runs/none/test", 404),
        ("/v1/runs/none/log", 404),
        ("/v1/runs/unet/train", 404),
        ("/v1/runs/unet/other", 422),
        ("/v1/runs/unet/test/60/picture", 404),
        ("/v1/runs/unet/test/-1/picture", 404),
        ("/v1/runs/unet/test/0/else", 422),
        ("/v1/runs/..%2f..%2funet/test", 422),
    ],
)
def test_what_is_not_there_is_refused_in_words(api, path, status):
    answer = api.get(path)
    assert answer.status_code == status
    assert answer.json()["error"]["mend"]


def test_damaged_files_are_told_and_mended_ones_read_again(api, run: Path):
    path = run / "evaluation/test/per_image.json"
    rows = json.loads(path.read_text())
    assert api.get("/v1/runs/unet/test").status_code == 200
    for written in ("{", '{"id": 1}', '[{"id": 1}]'):
        path.write_text(written)
        answer = api.get("/v1/runs/unet/test")
        assert (answer.status_code, "report" in answer.json()["error"]["mend"]) == (422, True)
    (run / "secret.png").write_bytes(b"")
    Image.new("L", (64, 64)).save(run / "secret.png")
    path.write_text(json.dumps([{**rows[0], "id": "../../../secret", "image": str(run / "gone.png")}]))
    assert api.get("/v1/runs/unet/test/0/prediction").status_code == 404
    gone = api.get("/v1/runs/unet/test/0/picture")
    assert gone.status_code == 422
    assert str(run) not in gone.text


def test_runs_want_the_token(run: Path):
    with TestClient(create_app([], Settings(token="sesame"), find_runs([run]))) as api:
        for path in ("/v1/runs", "/v1/runs/unet/test", "/v1/runs/unet/test/0/picture", "/v1/published"):
            assert api.get(path).status_code == 401
            assert api.get(path, headers={"Authorization": "Bearer sesame"}).status_code == 200


def test_a_server_of_runs_alone_reads_no_slice(api, png):
    answer = api.post("/v1/predict", files=[("files", ("a.png", png()))])
    assert (answer.status_code, answer.json()["error"]["what"]) == (404, "no model is served")


def test_runs_are_called_by_their_folders(tmp_path: Path):
    for name in ("a/unet", "a/oof/fold-0", "b/unet"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "data.json").write_text("{}")
    assert list(find_runs([tmp_path / "a", tmp_path / "b/unet"])) == ["oof.fold-0", "unet", "unet~2"]
    with pytest.raises(InputError, match="no run folder"):
        find_runs([tmp_path / "none"])
