"""The process: it says where it listens, and at its end it answers what it has begun."""

import inspect
import json
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from brainmtl import cli
from brainmtl.cli.serve import serve as command
from brainmtl.server.settings import Settings

HEAD = b'--x\r\nContent-Disposition: form-data; name="files"; filename="Phantom^Some.png"\r\n\r\n'
TAIL = b"\r\n--x--\r\n"


def test_a_request_that_has_begun_is_answered_after_sigterm_and_the_log_knows_nothing(serve, png):
    server = serve()
    content, connection = png(), server.connect()
    connection.putrequest("POST", "/v1/predict")
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", str(len(HEAD + content + TAIL)))
    connection.endheaders()
    connection.send(HEAD + content[:1000])
    other = server.connect()
    while True:  # the server has begun to read it
        other.request("GET", "/metrics")
        if b"brainmtl_requests_inside 1.0" in other.getresponse().read():
            break
    other.close()
    server.process.send_signal(signal.SIGTERM)
    while not server.refuses():
        threading.Event().wait(0.01)
    connection.send(content[1000:] + TAIL)
    answer = connection.getresponse()
    (row,) = json.loads(answer.read())
    assert (answer.status, row["file"], row["status"]) == (200, "Phantom^Some.png", "ok")
    connection.close()
    out, err = server.process.communicate(timeout=60)
    assert server.process.returncode == 0
    assert out == ""
    assert "Phantom" not in err


def test_it_listens_where_it_is_told_and_loads_neither_torch_nor_pandas(serve, tmp_path):
    (tmp_path / "data.json").write_text("{}")
    server = serve("--prefix", "/brain", "--runs", str(tmp_path))
    assert server.address.endswith("/brain/")
    connection = server.connect()
    for path in ("readyz", "v1/runs"):
        connection.request("GET", f"/brain/{path}")
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (200, True)
    connection.close()
    taken = subprocess.run(
        [*server.process.args[:6], "--port", str(server.parts.port)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert taken.returncode == 2
    assert "cannot listen" in taken.stderr
    maps = Path(f"/proc/{server.process.pid}/maps")
    if maps.exists():
        assert not re.search(r"/(torch|pandas|pyarrow)/", maps.read_text())


@pytest.mark.parametrize(
    ("options", "answers"),
    [((), (200, 421)), (("--name", "Viewer.example"), (200, 200)), (("--token-file", "token"), (401, 401))],
)
def test_on_this_machine_it_answers_to_its_names_or_to_a_token(
    serve, tmp_path, monkeypatch, options, answers
):
    monkeypatch.chdir(tmp_path)
    Path("token").write_text("sesame")
    server = serve(*options)
    found = []
    for name in (server.parts.netloc, "viewer.example"):
        connection = server.connect()
        connection.request("GET", "/v1/models", headers={"Host": name})
        found.append(connection.getresponse().status)
        connection.close()
    assert tuple(found) == answers


def test_the_command_and_the_settings_mean_the_same_by_default():
    said = {name: parameter.default for name, parameter in inspect.signature(command).parameters.items()}
    by_itself = Settings()
    for name in ("batch", "wait_ms", "queue", "max_pixels", "max_slices"):
        assert said[name] == getattr(by_itself, name)
    assert said["time_out"] == by_itself.time_out_s
    assert said["max_mb"] * 2**20 == by_itself.max_bytes


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--model", "nowhere.onnx"], 3, "nowhere.onnx"),
        (["--token-file", "nowhere"], 3, "nowhere"),
        (["--runs", "nowhere"], 3, "no run folder"),
        (["--prefix", "brain"], 2, "--prefix"),
        (["--memory", "/nowhere"], 2, "--memory"),
    ],
)
def test_wrong_options_are_refused_in_words(model, options, code, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["brainmtl", "serve", "--model", str(model), *options])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == code
    assert said in capsys.readouterr().err
