"""A data set from its hub to a folder that can be indexed."""

import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from brainmtl.data.fetch.sets import SETS, fetch, fetch_from_kaggle
from brainmtl.data.formats import index_folder
from brainmtl.errors import InputError, InterruptedRun, UsageError

from .conftest import HASTY, Site, cut, of_unknown_length, refuse, whole

TOP = "owner-name-c0ffee"


def _zipped(root: Path, top: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            archive.write(path, Path(top) / path.relative_to(root))
    return buffer.getvalue()


def _publish(site: Site, content: bytes, *answers, md5: str | None = None) -> None:
    site.put("/files/set.zip", *(answers or (whole(content),)))
    file = {
        "key": "set.zip",
        "size": len(content),
        "checksum": f"md5:{md5 or hashlib.md5(content).hexdigest()}",
        "links": {"self": f"{site.url}/files/set.zip"},
    }
    readme = b"read me"
    site.put("/files/README.md", whole(readme))
    other = {
        "key": "README.md",
        "size": len(readme),
        "checksum": f"md5:{hashlib.md5(readme).hexdigest()}",
        "links": {"self": f"{site.url}/files/README.md"},
    }
    answer = {"metadata": {"license": {"id": "cc-by-4.0"}}, "files": [file, other]}
    site.json(f"/records/{SETS['brisc'].address}", answer)


@pytest.fixture(scope="module")
def archive(phantom_root: Path) -> bytes:
    return _zipped(phantom_root, "brisc2025")


def test_a_set_is_fetched_resumed_and_indexed(site: Site, tmp_path: Path, archive: bytes, phantom):
    _publish(site, archive, cut(archive, 100_000), refuse(503))
    folder = tmp_path / "brisc"
    with pytest.raises(InterruptedRun, match=r"100000 of \d+ bytes"):
        fetch("brisc", folder, hub=site.url, patience=HASTY)
    assert not folder.exists()
    seen = []
    site.put("/files/set.zip", whole(archive))
    release = fetch("brisc", folder, hub=site.url, patience=HASTY, progress=lambda *now: seen.append(now))
    assert release is not None
    assert release.licence == "cc-by-4.0"
    assert ("/files/set.zip", "bytes=100000-") in site.asked
    total = len(archive) + len(b"read me")
    assert seen[-1] == (total, total)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["brisc"]
    table, _ = index_folder(folder, tmp_path / "pictures")
    assert table["sha256"].tolist() == phantom["sha256"].tolist()
    note = json.loads((folder / ".fetched.json").read_text())
    assert (note["set"], note["licence"]) == ("brisc", "CC BY 4.0")
    assert note["files"][0]["md5"] == hashlib.md5(archive).hexdigest()
    site.asked.clear()
    assert fetch("brisc", folder, hub=site.url, patience=HASTY) is None
    assert site.asked == []


def test_a_folder_that_holds_something_else_stays(site: Site, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    for get in (lambda: fetch("brisc", tmp_path, hub=site.url), lambda: fetch_from_kaggle("brisc", tmp_path)):
        with pytest.raises(InputError, match="something else"):
            get()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert site.asked == []


def test_nothing_half_is_left_of_a_bad_archive(site: Site, tmp_path: Path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bad:
        bad.writestr("good.txt", "good")
        bad.writestr("../bad.txt", "bad")
    _publish(site, buffer.getvalue())
    with pytest.raises(InputError, match="outside the folder"):
        fetch("brisc", tmp_path / "set", hub=site.url, patience=HASTY)
    assert [path.name for path in tmp_path.iterdir()] == [".set.download"]


def test_no_file_at_all_is_named(site: Site, tmp_path: Path):
    site.json(f"/records/{SETS['brisc'].address}", {"files": []})
    with pytest.raises(InputError, match="lists no file"):
        fetch("brisc", tmp_path / "set", hub=site.url, patience=HASTY)


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A small SARTAJ and the names that Git itself gives to its files."""
    root = tmp_path / "repository"
    slices = root / "Training" / "no_tumor"
    slices.mkdir(parents=True)
    for number in range(3):
        (slices / f"image({number}).jpg").write_bytes(bytes([number]) * 100)
    (root / "README.md").write_text("read me")
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    blobs = {}
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        named = subprocess.run(["git", "hash-object", str(path)], check=True, capture_output=True, text=True)
        blobs[path.relative_to(root).as_posix()] = named.stdout.strip()
    return root, blobs


def _publish_repository(site: Site, content: bytes, blobs: dict[str, str]) -> None:
    url = f"/repos/{SETS['sartaj'].address}"
    site.json(url, {"default_branch": "master", "license": {"spdx_id": "MIT"}})
    site.json(f"{url}/commits/master", {"sha": "c0ffee"})
    tree = [{"path": name, "type": "blob", "sha": sha} for name, sha in blobs.items()]
    site.json(f"{url}/git/trees/c0ffee?recursive=1", {"tree": tree, "truncated": False})
    site.put(f"{url}/zipball/c0ffee", of_unknown_length(content))


def test_a_repository_is_held_to_gits_own_hashes(site: Site, tmp_path: Path, repository):
    root, blobs = repository
    _publish_repository(site, _zipped(root, TOP), blobs)
    fetch("sartaj", tmp_path / "sartaj", hub=site.url, patience=HASTY)
    assert len(list((tmp_path / "sartaj").rglob("*.jpg"))) == 3
    for spoil in ("alter", "remove"):
        path = sorted(root.rglob("*.jpg"))[0]
        path.write_bytes(b"other") if spoil == "alter" else path.unlink()
        _publish_repository(site, _zipped(root, TOP), blobs)
        with pytest.raises(InputError, match="Git's hash") as caught:
            fetch("sartaj", tmp_path / spoil, hub=site.url, patience=HASTY)
        assert caught.value.where == "Training/no_tumor/image(0).jpg"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["repository", "sartaj"]


def test_kaggle_is_optional(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "kagglehub", None)
    with pytest.raises(UsageError, match="pip install kagglehub"):
        fetch_from_kaggle("brisc", tmp_path / "set")
    with pytest.raises(UsageError, match="--kaggle"):
        fetch_from_kaggle("figshare", tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


def test_the_verb_shows_the_licence_and_names_what_is_wrong(
    site: Site,
    tmp_path: Path,
    archive: bytes,
    run,
):
    _publish(site, archive)
    code, out, err = run("fetch", "brisc", "-o", tmp_path / "set", "--hub", site.url)
    assert (code, out) == (0, f"{tmp_path / 'set'}\n")
    assert "Fateh" in err
    assert "Licence: CC BY 4.0" in err
    assert "cc-by-4.0" in err
    for words, expected, named in (
        (["brics"], 2, "brisc, figshare, sartaj"),
        (["figshare", "-o", tmp_path / "set", "--hub", site.url], 3, "something else"),
        (["figshare", "-o", tmp_path / "other", "--hub", site.url], 3, "404"),
    ):
        code, out, err = run("fetch", *words)
        assert (code, out) == (expected, "")
        assert named in err
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
