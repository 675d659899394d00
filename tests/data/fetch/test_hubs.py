"""What Zenodo, Figshare and GitHub answer, in the forms they document."""

import pytest

from brainmtl.data.fetch.download import Remote
from brainmtl.data.fetch.hubs import figshare_release, github_release, zenodo_release
from brainmtl.errors import InputError

from .conftest import HASTY, Site, refuse

MD5 = "0123456789abcdef0123456789abcdef"


def test_zenodo(site: Site):
    url = "https://zenodo.org/api/records/17/files/brisc.zip/content"
    file = {"id": "a-b", "key": "brisc.zip", "size": 12, "checksum": f"md5:{MD5}", "links": {"self": url}}
    site.json("/api/records/17", {"id": 17, "metadata": {"license": {"id": "cc-by-4.0"}}, "files": [file]})
    release = zenodo_release("17", f"{site.url}/api", HASTY)
    assert release.files == (Remote("brisc.zip", url, 12, MD5),)
    assert (release.licence, release.blobs) == ("cc-by-4.0", {})


def test_figshare(site: Site):
    base = {"is_link_only": False, "mimetype": "application/zip"}
    files = [
        {
            **base,
            "id": 1,
            "name": "a.zip",
            "size": 5,
            "download_url": "https://d/1",
            "supplied_md5": "",
            "computed_md5": MD5,
        },
        {
            **base,
            "id": 2,
            "name": "cvind.mat",
            "size": 6,
            "download_url": "https://d/2",
            "supplied_md5": MD5,
            "computed_md5": "",
        },
        {
            **base,
            "id": 3,
            "name": "README.txt",
            "size": 7,
            "download_url": "https://d/3",
            "supplied_md5": "",
            "computed_md5": "",
        },
    ]
    licence = {"value": 1, "name": "CC BY 4.0", "url": "https://creativecommons.org/licenses/by/4.0/"}
    site.json("/v2/articles/15", {"id": 15, "files": files, "license": licence})
    release = figshare_release("15", f"{site.url}/v2", HASTY)
    assert release.files == (
        Remote("a.zip", "https://d/1", 5, MD5),
        Remote("cvind.mat", "https://d/2", 6, MD5),
        Remote("README.txt", "https://d/3", 7, None),
    )
    assert release.licence == "CC BY 4.0"


def test_github(site: Site):
    site.json("/repos/o/r", {"default_branch": "master", "license": {"spdx_id": "MIT"}})
    site.json("/repos/o/r/commits/master", {"sha": "c0ffee"})
    tree = [
        {"path": "Testing", "type": "tree", "sha": "1"},
        {"path": "Testing/image(1).jpg", "type": "blob", "sha": "2", "size": 3},
    ]
    site.json("/repos/o/r/git/trees/c0ffee?recursive=1", {"sha": "c0ffee", "tree": tree, "truncated": False})
    release = github_release("o/r", site.url, HASTY)
    assert release.files == (Remote("c0ffee.zip", f"{site.url}/repos/o/r/zipball/c0ffee"),)
    assert (release.licence, release.blobs) == ("MIT", {"Testing/image(1).jpg": "2"})
    site.json("/repos/o/r/git/trees/c0ffee?recursive=1", {"sha": "c0ffee", "tree": tree, "truncated": True})
    with pytest.raises(InputError, match="only some"):
        github_release("o/r", site.url, HASTY)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {"files": None},
        {"files": [{"key": "a.zip"}]},
        {"files": [{"key": "a.zip", "size": "big", "checksum": "md5:0", "links": {"self": "https://d"}}]},
        {"files": [{"key": "../a.zip", "size": 1, "checksum": "md5:0", "links": {"self": "https://d"}}]},
        {"files": [{"key": "a\\b.zip", "size": 1, "checksum": "md5:0", "links": {"self": "https://d"}}]},
    ],
)
def test_an_answer_of_another_form_is_named(site: Site, answer: object):
    url = site.json("/records/17", answer)
    with pytest.raises(InputError, match="not of the form") as caught:
        zenodo_release("17", site.url, HASTY)
    assert caught.value.where == url


def test_a_record_that_is_gone_is_named(site: Site):
    site.put("/records/17", refuse(410))
    with pytest.raises(InputError, match="410"):
        zenodo_release("17", site.url, HASTY)
