"""The audit's page: self-contained, true to the record, and safe whatever the slices are called."""

import base64
import io
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainmtl.audit.audit import Audit, audit_set
from brainmtl.data.brisc import index_brisc
from brainmtl.data.phantom import make_phantom
from brainmtl.report.audit_page import write_audit_page

VOID = {"meta", "img", "source", "br", "hr", "input", "link"}


class Page(HTMLParser):
    """Tags and text of a page; it fails on tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """Phantoms with copies, one copy of another class and plane, one tiny mask; matched with themselves."""
    root = tmp_path_factory.mktemp("page") / "set"
    make_phantom(root, slices=48, size=80, copies=True)
    table = index_brisc(root)[0]
    planted = pd.read_csv(root / "planted.csv")
    copy = planted["a"][planted["a"].isin(table["id"][table["mask"].notna()])].iloc[0]
    row = table["id"] == copy
    mask = Path(table["mask"][row].iloc[0])
    marked = np.zeros(np.asarray(Image.open(mask)).shape, np.uint8)
    marked[30, 30] = 255
    Image.fromarray(marked).save(mask)
    table.loc[row, "label"] = "glioma" if table["label"][row].iloc[0] != "glioma" else "pituitary"
    return audit_set(table, other=table)


@pytest.fixture(scope="module")
def page(audit: Audit, tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page(write_audit_page(audit, tmp_path_factory.mktemp("out")).read_text(encoding="utf-8"))


def test_it_needs_nothing_from_outside(page):
    assert page.all("script") == page.all("link") == []
    sources = [image["src"] for image in page.all("img")]
    assert sources
    for source in sources:
        kind, _, content = str(source).partition(";base64,")
        assert kind == "data:image/webp"
        assert Image.open(io.BytesIO(base64.b64decode(content))).size == (640, 320)


def test_every_picture_says_in_words_what_it_shows(page):
    texts = [str(image["alt"]) for image in page.all("img")]
    assert all(len(text) > 20 for text in texts)


def test_every_finding_and_chapter_is_on_it(audit, page):
    for sentence in audit.record["findings"]:
        assert sentence in page.text
    anchors = {str(link["href"])[1:] for link in page.all("a")}
    assert anchors == {str(section["id"]) for section in page.all("section")}
    assert {"copies", "series", "contradictions", "shortcuts", "masks", "suspects", "match"} <= anchors


def test_all_copies_are_shown_where_they_are_few(audit, page):
    assert len(audit.pairs) <= 12
    for a, b in zip(audit.pairs["a"], audit.pairs["b"], strict=True):
        assert f"{a} · {b}" in page.text


def test_the_planted_conflict_and_the_tiny_mask_are_shown(audit, page):
    odd = audit.pairs[audit.pairs["conflict"] == "label"].iloc[0]
    assert any(
        f"{odd['a']} · {odd['b']}" in str(image["alt"]) and " / " in str(image["alt"])
        for image in page.all("img")
    )
    assert "1 px; pieces 1, holes 0" in page.text


def test_names_are_text(audit, tmp_path):
    name = '"><script>alert(1)</script>'
    changed = audit.pairs.assign(conflict="")
    spoilt = Audit(
        audit.table.replace({"id": {audit.table["id"].iloc[0]: name}}),
        audit.record | {"sources": ["<script>alert(2)</script>"], "findings": ["<b>bold</b>"]},
        *(changed, audit.groups, audit.series, audit.masks, audit.suspects, audit.other, audit.matches),
    )
    for frame, columns in ((spoilt.pairs, ("a", "b")), (spoilt.series, ("id",)), (spoilt.masks, ("id",))):
        frame[list(columns)] = frame[list(columns)].replace(audit.table["id"].iloc[0], name)
    shown = Page(write_audit_page(spoilt, tmp_path).read_text(encoding="utf-8"))
    assert shown.all("script") == shown.all("b") == []
    assert "<b>bold</b>" in shown.text


def test_a_set_without_anything_odd_has_a_page(tmp_path):
    make_phantom(tmp_path / "set", slices=8, size=64)
    table = index_brisc(tmp_path / "set")[0].iloc[:2].assign(split="train").reset_index(drop=True)
    page = Page(write_audit_page(audit_set(table), tmp_path).read_text(encoding="utf-8"))
    assert "None." in page.text


def test_a_set_without_masks_has_a_page(audit: Audit, tmp_path: Path):
    table = audit.table.assign(mask=pd.NA, mask_sha256=pd.NA).astype(
        {"mask": "string", "mask_sha256": "string"}
    )
    page = write_audit_page(audit_set(table), tmp_path)
    assert "masks" in Page(page.read_text()).text
