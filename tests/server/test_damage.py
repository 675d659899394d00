"""Whatever is sent, the server answers, and never with a fault of its own."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

CALM = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


@CALM
@given(name=NAMES, start=STARTS, rest=some.binary(max_size=400))
def test_broken_files_are_refused(api, name, start, rest):
    answer = api.post("/v1/predict", files=[("files", (name, start + rest))])
    assert answer.status_code in (413, 422)
    assert answer.json()["error"]["what"]


@CALM
@given(png_start=some.integers(0, 2000), junk=some.binary(min_size=1, max_size=8))
def test_damaged_pictures_are_read_or_refused(api, png, png_start, junk):
    content = bytearray(png())
    content[png_start : png_start + len(junk)] = junk
    assert api.post("/v1/predict", files=[("files", ("a.png", bytes(content)))]).status_code in (
        200,
        413,
        422,
    )


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
