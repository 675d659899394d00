"""Joining a cluster: what is said where none can be."""

import builtins
import socket

import pytest

from brainmtl.cluster import cluster
from brainmtl.errors import InputError, UsageError


@pytest.mark.parametrize("address", ["", "here", "ray://head:10001", "head:", ":6379", "head:port"])
def test_an_address_of_another_form_is_a_usage_error(address):
    pytest.importorskip("ray")
    with pytest.raises(UsageError, match="HOST:PORT"), cluster(address):
        pass


def test_nothing_listens_there():
    pytest.importorskip("ray")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(InputError, match=f"{address}: nothing answers"), cluster(address):
        pass


def test_without_ray_the_extra_is_named(monkeypatch):
    """As Python imports where the package is missing."""
    imports = builtins.__import__

    def without(name, *rest):
        if name == "ray":
            raise ModuleNotFoundError("No module named 'ray'", name="ray")
        return imports(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=r"pip install 'brainmtl\[ray\]'"), cluster("local"):
        pass
