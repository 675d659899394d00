"""Files of one input each come in order, from near and far."""

from pathlib import Path

import fsspec

from brainmtl.archive.loose import WINDOW, loose_entries
from brainmtl.errors import InputError


def test_far_files_come_in_order():
    memory = fsspec.filesystem("memory")
    uris = [f"memory:///loose/{number}.png" for number in range(2 * WINDOW + 3)]
    for number in range(len(uris)):
        memory.pipe_file(f"/loose/{number}.png", str(number).encode())
    entries = list(loose_entries(uris))
    assert [entry.name for entry in entries] == uris
    assert [entry.content for entry in entries] == [str(number).encode() for number in range(len(uris))]


def test_a_file_that_is_gone_is_an_entry_too(tmp_path: Path):
    near, far = loose_entries([str(tmp_path / "gone.png"), "memory:///loose/gone.png"])
    assert near.content == tmp_path / "gone.png"
    assert isinstance(far.content, InputError)
    assert far.content.what == "no such file"
