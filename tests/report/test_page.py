"""The page: self-contained, complete, true to the run folder, and safe whatever the run is called."""

import base64
import io
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from PIL import Image

from brainmtl.errors import InputError
from brainmtl.report.page import write_report

VOID = {"meta", "img", "source", "br", "hr", "input", "link"}


class Page(HTMLParser):
    """Tags, text and values of a page; it fails on tags that do not match."""

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


def report(run: Path) -> Page:
    return Page(write_report(run).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def page(reported: Path) -> Page:
    return Page((reported / "report.html").read_text(encoding="utf-8"))


def test_the_page_needs_nothing_from_outside(reported, page):
    html = (reported / "report.html").read_text(encoding="utf-8")
    assert page.all("script") == page.all("link") == page.all("iframe") == []
    links = [
        value for _, tag in page.tags for name, value in tag.items() if name in ("src", "srcset", "href")
    ]
    assert links
    assert all(link.startswith(("data:image/", "#")) for link in links)
    assert "url(" not in html
    assert "@import" not in html
    anchors = {tag["href"][1:] for tag in page.all("a")}
    assert anchors <= {tag["id"] for _, tag in page.tags if "id" in tag}


def test_every_image_can_be_seen_and_told(page):
    images = page.all("img")
    assert len(images) > 20
    assert all(image["alt"].strip() for image in images)
    for address in [image["src"] for image in images] + [source["srcset"] for source in page.all("source")]:
        head, _, body = address.partition(";base64,")
        content = base64.b64decode(body, validate=True)
        if head == "data:image/svg+xml":
            ElementTree.fromstring(content)
        else:
            Image.open(io.BytesIO(content)).verify()


def test_every_number_of_the_metrics_is_in_the_page(reported, page):
    shown = {float(tag["value"]) for tag in page.all("data")}
    for part in ("validation", "test"):
        metrics = json.loads((reported / f"evaluation/{part}/metrics.json").read_text())
        for section in ("segmentation", "classification", "joint", "floors"):
            values = {metric["value"] for name, metric in metrics[section].items() if name != "confusion"}
            assert values - {None} <= shown
        dice = [found["segmentation"]["dice"]["value"] for found in metrics["strata"]["class"].values()]
        assert {value for value in dice if value is not None} <= shown


def test_the_page_says_what_it_is_of(reported, page):
    for words in ("joint-run", "2026-11-21", "finished", "Research use only", "plain", "64×64 px"):
        assert words in page.text
    assert (reported / "recipe.yaml").read_text() in page.text
    assert "not been evaluated" not in page.text
    assert {"test", "validation", "results", "training", "making"} <= {
        tag.get("id") for tag in page.all("section")
    }


def test_failures_are_listed(reported, page):
    slices = pd.read_parquet(reported / "evaluation/test/per_image.parquet")
    for name in slices.loc[slices["both_right"] == False, "id"]:  # noqa: E712
        assert name in page.text


def test_figures_and_tables_lie_beside_the_page(reported):
    figures = {path.name for path in (reported / "figures").iterdir()}
    for name in ("loss", "scores", "learning-rate", "test-confusion", "test-dice", "validation-reliability"):
        assert {f"{name}.png", f"{name}.svg"} <= figures
    assert {"test-panels.png", "validation-panels.png"} <= figures
    tables = {path.name for path in (reported / "tables").iterdir()}
    for name in (
        "results-segmentation",
        "test-by-class",
        "test-by-leaked",
        "network-and-cost",
        "data-counts",
    ):
        assert {f"{name}.csv", f"{name}.md"} <= tables
    metrics = json.loads((reported / "evaluation/test/metrics.json").read_text())
    table = pd.read_csv(reported / "tables/results-classification.csv", index_col="metric")
    assert table.loc["Accuracy", "test"] == metrics["classification"]["accuracy"]["value"]
    assert not list(reported.rglob(".*"))


@pytest.mark.parametrize("task", ["segmentation", "classification"])
def test_one_task(make_run, task):
    page = report(make_run(task=task, measured=("validation",)))
    titles = {tag["aria-label"] for tag in page.all("div") if tag.get("role") == "region"}
    assert ("Segmentation" in titles) == (task == "segmentation")
    assert ("Classification" in titles) == (task == "classification")
    assert "It has not been evaluated on test." in page.text
    missing = {"segmentation": "no class head", "classification": "no decoder"}
    assert missing[task] in page.text


def test_an_unfinished_run(make_run):
    run = make_run(finished=False, epochs=2, measured=())
    page = report(run)
    assert "has not finished" in page.text
    assert "Research use only" in page.text
    assert len(page.all("img")) == 3
    assert not (run / "figures/test-panels.png").exists()


def test_a_run_that_has_only_begun(make_run):
    page = report(make_run(finished=False, epochs=0, measured=()))
    assert "No epoch has ended" in page.text
    assert page.all("img") == []


def test_only_a_recipe(tmp_path):
    (tmp_path / "recipe.yaml").write_text("name: x\n")
    assert "not been evaluated on test" in report(tmp_path).text


def test_metrics_without_rows(make_run):
    run = make_run(measured=("test",))
    (run / "evaluation/test/per_image.parquet").unlink()
    page = report(run)
    assert "no single slices are shown" in page.text
    assert len(page.all("img")) == 3 + 1


@pytest.mark.parametrize(("protocol", "said"), [("official", 2), ("official-whole", 0)])
def test_the_test_of_brisc_is_said_to_leak_where_it_is_read(make_run, protocol, said):
    run = make_run(sources=("brisc2025",), measured=("test",))
    (run / "evaluation/test/per_image.parquet").unlink()
    data = json.loads((run / "data.json").read_text())
    (run / "data.json").write_text(json.dumps(data | {"protocol": protocol}))
    page = report(run)
    assert page.text.count("not patient-disjoint") == 2
    assert page.text.count("validation part shares no known person") == said


def test_slices_that_are_gone(make_run):
    run = make_run(measured=("validation",))
    rows = run / "evaluation/validation/per_image.parquet"
    table = pd.read_parquet(rows)
    table["image"] = "/nowhere/" + table["id"] + ".png"
    table.to_parquet(rows)
    page = report(run)
    assert re.search(r"\d+ slices are no longer where they were", page.text)
    assert len(page.all("img")) == 3 + 4


def test_whatever_the_run_is_called_is_text(make_run):
    run = make_run("<script>alert(1)<&\"'", measured=("test",))
    recipe = (
        (run / "recipe.yaml")
        .read_text()
        .replace("A network for tests.", "'</pre><img src=x onerror=alert(2)>'")
    )
    (run / "recipe.yaml").write_text(recipe)
    rows = run / "evaluation/test/per_image.parquet"
    table = pd.read_parquet(rows)
    table["plane"] = "<b>plane</b>"
    table["id"] = '"><script>alert(3)</script>' + table["id"]
    table.to_parquet(rows)
    page = report(run)
    assert page.all("script") == page.all("b") == []
    assert not any("onerror" in tag for _, tag in page.tags)
    assert "<script>alert(1)<&\"'" in page.text
    assert "</pre><img src=x onerror=alert(2)>" in page.text


def test_not_a_run_leaves_nothing(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match=r"recipe\.yaml"):
        write_report(tmp_path)
    with pytest.raises(InputError):
        write_report(tmp_path / "nowhere")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_page_that_cannot_be_written_leaves_the_old_one(make_run):
    run = make_run(measured=())
    write_report(run)
    before = (run / "report.html").read_bytes()
    shutil.rmtree(run / "tables")
    (run / "tables").write_text("in the way")
    with pytest.raises(InputError):
        write_report(run)
    assert (run / "report.html").read_bytes() == before
    assert not list(run.rglob(".*"))


def test_writing_twice_gives_the_same_page(make_run):
    run = make_run(measured=("test",))
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first


def test_a_report_needs_neither_torch_nor_pyplot():
    code = (
        "import sys, brainmtl.report.page, brainmtl.report.readme, brainmtl.report.picture\n"
        "assert not {'torch', 'timm', 'matplotlib.pyplot'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_contradictions_are_listed_and_drawn(reported, page):
    slices = pd.read_parquet(reported / "evaluation" / "test" / "per_image.parquet")
    odd = slices[(slices["predicted"] == "no_tumor") != (slices["predicted_px"] == 0)]
    assert len(odd)
    table = (reported / "tables" / "test-contradictions.csv").read_text().splitlines()
    assert {line.split(",")[0] for line in table[1:]} == set(odd["id"])
    assert "contradict each other" in page.text
