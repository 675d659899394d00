"""The API answers as the command line does, and refuses in words."""

import base64
import gzip
import io
import json
import struct
import sys
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import highdicom
import nibabel
import numpy as np
import pytest
from PIL import Image

from brainmtl.errors import UsageError
from brainmtl.imaging.mask import read_mask
from brainmtl.inference.certainty import Certainty, Familiarity
from brainmtl.inference.predict import predict_files
from brainmtl.server.app import create_app
from brainmtl.server.settings import Settings

FILES = ("mask", "overlay", "picture", "mask_probability", "nifti", "dicom_seg", "dicom_sr")


def decoded(address: str) -> bytes:
    return base64.b64decode(address.partition(";base64,")[2])


def opened(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def claiming(width: int, height: int) -> bytes:
    """A PNG's header, and nothing that could be decoded."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    head = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return b"\x89PNG\r\n\x1a\n" + head + struct.pack(">I", 9) + b"IDAT" + b"broken"


def bare(rows: list[dict]) -> list[dict]:
    return [{key: value for key, value in row.items() if key not in (*FILES, "file")} for row in rows]


@pytest.fixture
def series(write_series, tmp_path: Path) -> list[Path]:
    values = np.full((4, 64, 64), 100, np.uint16)
    values[1:3, 20:40, 20:40] = 900
    return write_series(tmp_path / "scan", values, WindowCenter="500", WindowWidth="1000")


def test_rows_are_those_of_the_command_line(client, png, series, package, tmp_path: Path):
    pictures = {"b.png": png(1), "a.png": png(2), "text.png": b"no picture"}
    for name, content in pictures.items():
        (tmp_path / name).write_bytes(content)
    expected = predict_files(package, [*(tmp_path / name for name in pictures), *series], tmp_path / "out")
    sent = [("files", (name, content)) for name, content in pictures.items()]
    sent += [("files", (file.name, file.read_bytes())) for file in series]
    with client() as api:
        answer = api.post("/v1/predict", files=sent)
    assert answer.status_code == 200
    rows = answer.json()
    assert bare(rows) == bare(json.loads(json.dumps([result.row() for result in expected])))
    assert [row["file"] for row in rows] == [*pictures, *(file.name for file in series)]
    assert all(row[field] is None for row in rows for field in FILES)


def test_files_are_embedded_where_they_are_asked_for(client, png, series, package, tmp_path: Path):
    (tmp_path / "a.png").write_bytes(png(3))
    (expected,) = predict_files(package, [tmp_path / "a.png"], tmp_path / "out", view=True)
    with client() as api:
        asked = {"embed": ["mask", "overlay", "picture", "mask_probability"]}
        (row,) = api.post("/v1/predict", params=asked, files=[("files", ("a.png", png(3)))]).json()
        for field in asked["embed"]:
            written = (tmp_path / "out" / getattr(expected, field)).read_bytes()
            assert np.array_equal(opened(decoded(row[field])), opened(written))
        sent = [("files", (file.name, file.read_bytes())) for file in series]
        rows = api.post("/v1/predict", params={"embed": ["nifti", "dicom_seg", "mask"]}, files=sent).json()
    assert [row["nifti"] is not None for row in rows] == [True, False, False, False]
    assert [row["dicom_seg"] is not None for row in rows] == [True, False, False, False]
    volume = nibabel.Nifti1Image.from_bytes(gzip.decompress(decoded(rows[0]["nifti"])))
    painted = sum(int((opened(decoded(row["mask"])) > 0).sum()) for row in rows)
    assert np.asarray(volume.dataobj).sum() == painted == 2 * 20 * 20


def test_pictures_and_segmentations_by_accept(client, png, series, package, tmp_path: Path):
    (tmp_path / "a.png").write_bytes(png(3))
    predict_files(package, [tmp_path / "a.png"], tmp_path / "out", view=True)
    with client() as api:

        def ask(accept: str, files, **params):
            return api.post("/v1/predict", params=params, headers={"Accept": accept}, files=files)

        one = [("files", ("a.png", png(3)))]
        mask = ask("image/png", one)
        assert mask.headers["content-type"] == "image/png"
        assert np.array_equal(opened(mask.content) > 0, read_mask(tmp_path / "out/masks/a.png"))
        overlay = ask("text/html, image/*;q=0.9, application/json;q=0.1", one, image="overlay")
        assert np.array_equal(opened(overlay.content), opened((tmp_path / "out/overlays/a.png").read_bytes()))
        whole = [("files", (file.name, file.read_bytes())) for file in series]
        found = highdicom.seg.segread(io.BytesIO(ask("application/dicom", whole).content))
        assert found.pixel_array.sum() == 2 * 20 * 20
        assert ask("application/dicom", one).status_code == 422
        assert ask("image/png", whole).status_code == 422
        assert ask("text/html", one).status_code == 406


def test_a_file_that_cannot_be_read_is_refused_in_words(client):
    with client() as api:
        answer = api.post("/v1/predict", files=[("files", ("text.png", b"no picture"))])
    assert answer.status_code == 422
    assert answer.json()["error"]["where"] == "text.png"
    assert "not a picture" in answer.json()["error"]["what"]
    assert [row["status"] for row in answer.json()["rows"]] == ["error"]


@pytest.mark.parametrize(
    ("settings", "content", "said"),
    [
        ({"max_bytes": 1000}, b"x" * 2000, "1,000 bytes"),
        ({"max_pixels": 10_000}, claiming(60_000, 60_000), "more pixels"),
        ({}, claiming(5000, 5000), "5000×5000"),
    ],
    ids=["bytes", "a bomb", "pixels"],
)
def test_what_is_too_large_is_refused_before_it_is_decoded(client, settings, content, said, package):
    with client(**settings) as api:
        package.runtime.sizes.clear()
        answer = api.post("/v1/predict", files=[("files", ("a.png", content))])
    assert answer.status_code == 413
    assert said in answer.json()["error"]["what"]
    assert not package.runtime.sizes


def test_too_many_files_or_slices_are_refused(client, png, tmp_path: Path):
    volume = nibabel.Nifti1Image(np.zeros((64, 64, 30), np.uint8), np.diag([1, 1, 5, 1]))
    sent = [("files", ("scan.nii", volume.to_bytes()))]
    with client(max_slices=29, max_files=2) as api:
        answer = api.post("/v1/predict", files=sent)
        assert (answer.status_code, "30 slices" in answer.text) == (413, True)
        assert api.post("/v1/predict", files=[("files", ("a.png", png()))] * 3).status_code == 413


def test_a_body_of_unknown_length_is_cut_off_at_the_limit(client):
    taken: list[int] = []

    def endless():
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
        for piece in range(1000):
            taken.append(piece)
            yield b"0" * 1000

    with client(max_bytes=5000) as api:
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        assert api.post("/v1/predict", content=endless(), headers=headers).status_code == 413


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"content": b"raw"}, 415),
        ({"content": b"raw", "headers": {"Content-Type": "multipart/form-data"}}, 400),
        ({"content": b"raw", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400),
        ({"files": [("other", ("a.png", b"x"))]}, 422),
        ({"files": [("files", ("a.png", b"x"))], "params": {"model": "none"}}, 404),
        ({"files": [("files", ("a.png", b"x"))], "params": {"embed": "none"}}, 422),
    ],
)
def test_wrong_requests_have_their_status_and_words(client, request_, status):
    with client() as api:
        answer = api.post("/v1/predict", **request_)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"what", "where", "field", "mend"}
    assert answer.json()["error"]["mend"]


def test_a_full_queue_says_when_to_come_again_and_lets_in_again_afterwards(client, png, package):
    sent = [("files", ("a.png", png()))]
    with client(queue=2, workers=2) as api, ThreadPoolExecutor(2) as pool:
        package.runtime.gate.clear()
        inside = [pool.submit(api.post, "/v1/predict", files=sent) for _ in range(2)]
        while api.app.state.desk.admission.inside < 2:
            threading.Event().wait(0.001)
        refused = api.post("/v1/predict", files=sent)
        package.runtime.gate.set()
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert [job.result().status_code for job in inside] == [200, 200]
        assert api.post("/v1/predict", files=sent).status_code == 200


def test_a_request_that_takes_too_long_is_told_and_its_place_given_back(client, png, package):
    with client(time_out_s=0.2, wait_ms=0) as api:
        package.runtime.gate.clear()
        late = api.post("/v1/predict", files=[("files", ("a.png", png()))])
        package.runtime.gate.set()
        assert late.status_code == 504
        while api.app.state.desk.admission.inside:
            threading.Event().wait(0.001)


def test_a_token_is_asked_for_where_there_is_one(client, png):
    with client(token="sesame") as api:
        for headers in ({}, {"Authorization": "Bearer sesam"}, {"Authorization": "Basic sesame"}):
            answer = api.get("/v1/models", headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert api.get("/metrics", headers=headers).status_code == 401
        assert api.get("/v1/models", headers={"Authorization": "Bearer sesame"}).status_code == 200
        assert api.get("/healthz").status_code == api.get("/").status_code == 200


def test_other_sites_are_kept_out_unless_they_are_named(client):
    asked = {"Origin": "https://viewer.example", "Access-Control-Request-Method": "POST"}
    with client() as api:
        assert "access-control-allow-origin" not in api.get("/v1/models", headers=asked).headers
    with client(origins=("https://viewer.example",), token="sesame") as api:
        allowed = api.options("/v1/predict", headers=asked)
        assert allowed.headers["access-control-allow-origin"] == asked["Origin"]
        asked["Origin"] = "https://other.example"
        assert "access-control-allow-origin" not in api.options("/v1/predict", headers=asked).headers


@pytest.mark.parametrize(
    ("called", "answers"),
    [
        ("localhost:8000", 200),
        ("[::1]:8000", 200),
        ("LOCALHOST", 200),
        ("other.example:8000", 421),
        ("[", 421),
    ],
)
def test_a_site_that_leads_its_own_name_here_is_kept_out(client, called, answers):
    with client(hosts=("localhost", "::1")) as api:
        for path in ("/", "/v1/models", "/metrics"):
            assert api.get(path, headers={"Host": called}).status_code == answers


@pytest.mark.parametrize("path", ["/", "/v1/models", "/none", "/main.js"])
def test_every_answer_is_strict_with_browsers(client, path):
    with client() as api:
        headers = api.get(path).headers
    policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("stripped", [True, False])
def test_it_works_behind_a_prefix(client, png, stripped):
    with client(prefix="/brain") as api:
        api.base_url = "http://testserver" if stripped else "http://testserver/brain"
        before = "" if stripped else "/brain"
        for path in ("/", "/main.js", "/views/read.js", "/healthz", "/v1/models"):
            assert api.get(f"http://testserver{before}{path}").status_code == 200
        sent = [("files", ("a.png", png()))]
        assert api.post(f"http://testserver{before}/v1/predict", files=sent).status_code == 200
        assert str(api.get("http://testserver/brain").url) == "http://testserver/brain/"
        described = api.get(f"http://testserver{before}/openapi.json").json()
        assert described["servers"] == [{"url": "/brain"}]


def test_the_page_asks_nothing_of_anyone_else_and_gives_out_nothing_but_itself(client):
    with client() as api:
        page = api.get("/")
        assert "http" not in page.text.replace('<html lang="en">', "")
        assert api.get("/", headers={"If-None-Match": page.headers["etag"]}).status_code == 304
        for path in ("/../app.py", "/%2e%2e/app.py", "/..%2fapp.py", "/index.html/", "//etc/passwd"):
            assert api.get(path).status_code == 404


def test_models_and_counters(client, png, another):
    with client(another("second")) as api:
        assert [model["name"] for model in api.get("/v1/models").json()] == ["bright", "second"]
        sent = [("files", ("a.png", png()))]
        (row,) = api.post("/v1/predict", params={"model": "second"}, files=sent).json()
        assert row["model"] == "second"
        counted = api.get("/metrics").text
    assert 'brainmtl_rows_total{model="second",status="ok"} 1.0' in counted
    assert 'brainmtl_requests_total{route="/v1/predict",status="200"} 1.0' in counted


def test_models_are_told_without_the_numbers_of_their_feature_space(client, package, another):
    space = Familiarity.model_construct(space="A" * 40_000, farthest=2.0, alarms=0.05, slices=9)
    certainty = Certainty(slices=9, persons=3, notes=()).model_copy(update={"familiarity": space})
    taught = replace(package, info=package.info.model_copy(update={"name": "taught", "certainty": certainty}))
    with client(taught) as api:
        answer = api.get("/v1/models")
    assert len(answer.content) < 5000
    said = answer.json()[1]["certainty"]
    assert said["familiarity"] == {"farthest": 2.0, "alarms": 0.05, "slices": 9}
    assert said["persons"] == 3


def test_models_that_cannot_be_told_apart_are_refused(package):
    with pytest.raises(UsageError, match="one name"):
        create_app([package, package], Settings())
    with pytest.raises(UsageError, match="neither a model"):
        create_app([], Settings())


def test_a_fault_gives_nothing_away(client, png, package, caplog):
    def fail(names, images):
        raise RuntimeError("Phantom^Some")

    with client() as api:
        package.runtime.run = fail
        answer = api.post("/v1/predict", files=[("files", ("Phantom_Some.png", png()))])
    assert answer.status_code == 500
    assert "RuntimeError at" in caplog.text
    assert "Phantom" not in answer.text + caplog.text


written: list[str] = []
watching = threading.Event()


def test_uploads_touch_no_disk_and_nothing_stays(client, png, series, tmp_path: Path):
    sys.addaudithook(_watch)
    with client() as api:
        large = png(0, 1500, 1500)
        assert len(large) > 2 * 2**20
        watching.set()
        sent = [("files", ("a.png", large)), *(("files", (f.name, f.read_bytes())) for f in series)]
        asked = {"embed": list(FILES)}
        answer = api.post("/v1/predict", params=asked, files=sent)
        watching.clear()
        memory = api.app.state.desk.memory
        assert answer.status_code == 200
        assert any(path.startswith(f"{memory}/") for path in written)
        assert [path for path in written if not path.startswith((f"{memory}/", "/dev/null"))] == []
        assert not [path for path in written if Path(path).exists()]


def _watch(event: str, arguments: tuple) -> None:
    if not watching.is_set() or event != "open":
        return
    path, mode, flags = arguments
    if isinstance(path, int):
        return
    if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & 3):
        written.append(str(path))
