"""The process: it says where it listens, and at its end it answers what it has begun."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from brainmtl import cli
from brainmtl.inference.package import KEY, MASK

HEAD = b'--x\r\nContent-Disposition: form-data; name="files"; filename="Phantom^Some.png"\r\n\r\n'
TAIL = b"\r\n--x--\r\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package whose mask is the picture itself."""
    shape = ["batch", 1, 64, 64]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)
    mask = helper.make_tensor_value_info(MASK, TensorProto.FLOAT, shape)
    one = numpy_helper.from_array(np.asarray(np.float32(1)), "one")
    graph = helper.make_graph(
        [helper.make_node("Mul", ["image", "one"], [MASK])], "same", [image], [mask], [one]
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    info = {
        "format_version": 1, "name": "same", "task": "segmentation", "size": 64, "fit": "pad",
        "outputs": [MASK], "parameters": 1,
        "provenance": {"brainmtl": "0.1.0", "recipe": "none", "created": "2025-01-01"},
    }  # fmt: skip
    helper.set_model_props(made, {KEY: json.dumps(info)})
    path = tmp_path_factory.mktemp("model") / "same.onnx"
    onnx.save(made, path)
    return path


class Running:
    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process, self.address, self.parts = process, address, urlsplit(address)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(str(self.parts.hostname), self.parts.port, timeout=60)

    def refuses(self) -> bool:
        try:
            socket.create_connection((self.parts.hostname, self.parts.port), 5).close()
        except OSError:
            return True
        return False


@pytest.fixture
def serve(model: Path) -> Iterator[Callable[..., Running]]:
    started = []

    def start(*options: str) -> Running:
        command = [
            sys.executable,
            "-m",
            "brainmtl.cli",
            "serve",
            "--model",
            str(model),
            "--port",
            "0",
            *options,
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stderr is not None
        line = next(line for line in process.stderr if "serving on" in line)
        return Running(process, re.findall(r"http://\S+", line)[0])

    yield start
    for process in started:
        process.kill()
        process.communicate()


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
