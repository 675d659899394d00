"""Whatever is sent, the server answers, never with a fault of its own nor with memory without end.

``BRAINMTL_DAMAGE=700`` sends that many damages of each file and body instead of a few.
"""

import io
from pathlib import Path

import pytest
import schemathesis
from damage import DAMAGE, SCANS, TIMES, damaged, whole
from hypothesis import HealthCheck, Phase, event, example, given, settings
from hypothesis import strategies as some
from PIL import Image
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

CALM = settings(
    max_examples=TIMES or 40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FEW = settings(CALM, max_examples=TIMES or 15)
PICTURES = {"PNG": "a.png", "JPEG": "a.jpg", "TIFF": "a.tif", "WEBP": "a.webp"}
MOST_MB = 1024
"""What requests of some hundred kilobytes may take: a scan may have 16 million pixels a slice, as floats."""
NAMES = some.sampled_from(
    ["a.png", "a.dcm", "a.nii", "a.nii.gz", "a.tif", "a", "../../a.jpg", "ä\u2028.webp"]
)
STARTS = some.sampled_from(
    [
        *(b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\x00", b"\x1f\x8b\x08", b"\x5c\x01\x00\x00"),
        *(b"\x00" * 128 + b"DICM", b"RIFF\x10\x00\x00\x00WEBPVP8 ", b"BM"),
    ]
)


@pytest.fixture
def api(client):
    with client() as opened:
        yield opened


@pytest.fixture
def bounded():
    """Memory at its peak, from here on; where the system tells."""
    status, refresh = Path("/proc/self/status"), Path("/proc/self/clear_refs")

    def megabytes(field: str) -> int:
        line = next(line for line in status.read_text().splitlines() if line.startswith(field))
        return int(line.split()[1]) // 1024

    if not status.exists():
        yield
        return
    refresh.write_text("5")  # forget the peak so far (proc(5))
    before = megabytes("VmRSS")
    yield
    assert megabytes("VmHWM") - before < MOST_MB


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


def check(answer) -> None:
    """Rows, or words that say why not."""
    event(str(answer.status_code))
    assert answer.status_code in (200, 400, 413, 422), answer.text
    if answer.status_code == 200:
        assert answer.json()
    else:
        assert answer.json()["error"]["what"]


@pytest.mark.parametrize("name", SCANS)
@FEW
@given(damage=DAMAGE)
def test_damaged_scans_are_read_or_refused(api, bounded, folder, name, damage):
    content = damaged(whole(folder, name), damage)
    check(api.post("/v1/predict", files=[("files", (name, content))]))


@pytest.mark.parametrize("kind", PICTURES)
@CALM
@given(damage=DAMAGE)
def test_damaged_pictures_of_every_kind_are_read_or_refused(api, bounded, png, kind, damage):
    held = io.BytesIO()
    Image.open(io.BytesIO(png())).convert("L").save(held, kind)
    content = damaged(held.getvalue(), damage)
    check(api.post("/v1/predict", files=[("files", (PICTURES[kind], content))]))


@CALM
@given(damage=DAMAGE)
@example(damage=([], 0.99))
def test_damaged_bodies_are_read_or_refused(api, bounded, png, damage):
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="%d.png"\r\n\r\n%s\r\n'
    body = b"".join(part % (number, png(number, 20, 20)) for number in range(3)) + b"--x--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    check(api.post("/v1/predict", content=damaged(body, damage), headers=kind))


@CALM
@given(name=NAMES, start=STARTS, rest=some.binary(max_size=400))
def test_broken_files_are_refused(api, name, start, rest):
    answer = api.post("/v1/predict", files=[("files", (name, start + rest))])
    assert answer.status_code in (413, 422)
    assert answer.json()["error"]["what"]


@CALM
@given(
    boundary=some.sampled_from(["x", "", '"', "é", "x" * 300]),
    charset=some.sampled_from(["", "; charset=hex", "; charset=utf-7", "; charset=none"]),
    pieces=some.lists(
        some.one_of(
            some.sampled_from(
                [b"--x\r\n", b"--x--\r\n", b"\r\n", b"\r\n\r\n", b"Content-Disposition: form-data; "]
            ),
            some.sampled_from([b'name="files"', b'; filename="\xff\x00.png"', b"; filename*=utf-8''%ff"]),
            some.binary(max_size=20),
        ),
        max_size=12,
    ),
)
def test_broken_bodies_are_refused(api, boundary, charset, pieces):
    kind = f"multipart/form-data; boundary={boundary}{charset}".encode()
    answer = api.post("/v1/predict", content=b"".join(pieces), headers={"Content-Type": kind})
    assert answer.status_code in (400, 413, 422)
    assert answer.json()["error"]["what"]


def test_all_that_the_description_allows_and_more(api):
    described = schemathesis.openapi.from_asgi("/openapi.json", api.app)
    for operation in described.get_all_operations():

        @settings(
            max_examples=12, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.ok().as_strategy())
        def ask(case):
            case.call_and_validate(
                session=None,
                checks=[not_a_server_error, status_code_conformance, response_schema_conformance],
            )

        ask()
