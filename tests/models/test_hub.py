"""timm's hub, played by a server on this machine: there, out of order, and out of reach."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

SERVED, BROKEN, SILENT = "test_efficientnet", "test_resnet", "test_convnext"
CODE = """
import json, sys
from pathlib import Path
from safetensors.torch import save_file
from brainmtl.errors import InputError
from brainmtl.models.encoders import TimmEncoder

told = {}
for name in sys.argv[2:]:
    try:
        state = TimmEncoder(name).network.state_dict()
        save_file({key: value.contiguous() for key, value in state.items()}, Path(sys.argv[1], name))
        told[name] = "fetched"
    except InputError as error:
        told[name] = str(error)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("hub") / "model.safetensors"
    save_file(timm.create_model(SERVED).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def hub(weights):
    """A server with the weights of one network, out of order for another, silent on a third; it counts."""
    content = weights.read_bytes()
    asked = Counter()

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self):
            name = self.path.split("/")[2].split(".")[0]
            asked[name] += 1
            if name == SILENT:
                self.close_connection = True
                return
            self.send_response({SERVED: 200}.get(name, 503))
            self.send_header("ETag", '"0123456789abcdef"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("Content-Length", str(len(content) if name == SERVED else 0))
            self.end_headers()

        def do_GET(self):
            self.do_HEAD()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


def encoders(folder, *names, **environment):
    """Build pretrained encoders in a process with an environment of its own; what came of each."""
    clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(folder), *names],
        env=clean | {"HF_HOME": str(folder / "home"), "HF_HUB_DISABLE_XET": "1"} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_a_hub_that_answers_or_is_out_of_order_or_away(hub, weights, tmp_path):
    address, asked = hub
    told = encoders(tmp_path, SERVED, BROKEN, SILENT, HF_ENDPOINT=address)
    assert told[SERVED] == "fetched"
    found, expected = load_file(tmp_path / SERVED), load_file(weights)
    expected["conv_stem.weight"] = expected["conv_stem.weight"].sum(dim=1, keepdim=True)
    assert all(torch.allclose(value, expected[name], atol=1e-6) for name, value in found.items())
    for name in (BROKEN, SILENT):
        assert asked[name] == 1, "asked again and again"
        assert told[name].startswith(f"network.encoder.pretrained: the weights of {name} cannot be fetched")
        assert "--encoder-weights" in told[name]

    offline = encoders(tmp_path, SERVED, BROKEN, HF_ENDPOINT=address, HF_HUB_OFFLINE="1")
    assert offline[SERVED] == "fetched", "it lies in the hub's cache"
    assert "--encoder-weights" in offline[BROKEN]
    assert asked[BROKEN] == 1
