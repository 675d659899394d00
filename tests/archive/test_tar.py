"""One entry a slice of a tar file; damage is told, and loses nothing before it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainmtl.archive.tar import member_entries
from brainmtl.errors import InputError

MEMBERS = {f"{number:03}.png": bytes([number]) * (300 * number) for number in range(1, 6)}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_slices_come_in_order_and_the_rest_is_passed_over(tmp_path: Path, write_tar, mode):
    others = {"003.json": b"{}", "a/._4.png": b"x", "labels.txt": bytes(500)}
    marked = {"scan/IM0001": bytes(128) + b"DICM" + bytes(9)}
    path = write_tar(tmp_path / "a.tar", {**MEMBERS, **others, **marked}, mode)
    assert [(entry.name, entry.content) for entry in member_entries(str(path))] == [
        (f"{path}#{name}", content) for name, content in {**MEMBERS, **marked}.items()
    ]


@given(cut=st.integers(0, 10_239))
@settings(max_examples=40, deadline=None)
def test_a_file_that_was_cut_off_gives_what_is_left_and_one_error(tmp_path_factory, write_tar, cut):
    path = write_tar(tmp_path_factory.mktemp("cut") / "a.tar", MEMBERS)
    whole = path.read_bytes()
    assert len(whole) == 10_240
    path.write_bytes(whole[:cut])
    *found, last = member_entries(str(path))
    content = sum(512 + -(-len(one) // 512) * 512 for one in MEMBERS.values())
    if cut >= content + 512:  # the first block of the end mark is there
        found, last = [*found, last], None
    assert [entry.content for entry in found] == list(MEMBERS.values())[: len(found)]
    if last is not None:
        assert isinstance(last.content, InputError)
        assert last.content.what.startswith(f"ends after {len(found)} slices")


def test_a_damaged_header_is_told(tmp_path: Path, write_tar):
    path = write_tar(tmp_path / "a.tar", MEMBERS)
    content = bytearray(path.read_bytes())
    second = content.index(b"002.png")
    content[second + 5] ^= 0xFF
    path.write_bytes(content)
    first, rest = member_entries(str(path))
    assert first.content == MEMBERS["001.png"]
    assert isinstance(rest.content, InputError)


def test_a_name_leads_nowhere(tmp_path: Path, write_tar):
    path = write_tar(tmp_path / "a.tar", {"../../up.png": b"x", "/abs/olute.png": b"y"})
    assert [entry.content for entry in member_entries(str(path))] == [b"x", b"y"]
    assert not (tmp_path.parent.parent / "up.png").exists()
