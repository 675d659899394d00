"""The slices of two runs under a reader's hand, and what they hold beside each other."""

from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture
def rows(runs: Path) -> dict[str, pd.DataFrame]:
    return {
        name: pd.read_parquet(runs / name / "evaluation/test/per_image.parquet") for name in ("far", "near")
    }


@pytest.fixture
def explore(page):
    """The view, with both runs."""
    page.click("nav >> text=Explore")
    page.locator("[role=option]").first.wait_for()
    page.select_option("[data-part=second]", "near")
    expect(page.locator(".matrix")).to_have_count(2)
    yield page
    assert not page.complaints


def found(page, count: int) -> None:
    expect(page.locator("[data-part=count]")).to_have_text(f"{count} of 60 slices")


def test_filters_find_the_slices_that_the_table_has(explore, rows):
    far = rows["far"]
    found(explore, 60)
    explore.select_option("[data-wanted=label]", "glioma")
    found(explore, (far["label"] == "glioma").sum())
    explore.select_option("[data-wanted=leaked]", "true")
    found(explore, ((far["label"] == "glioma") & far["leaked"]).sum())
    explore.click("[data-part=clear]")
    explore.fill("[data-wanted=low]", "0.2")
    explore.fill("[data-wanted=high]", "0.6")
    found(explore, far["dice"].astype(float).between(0.2, 0.6).sum())
    explore.click("[data-part=clear]")
    explore.select_option("[data-wanted=kind]", "missed")
    found(explore, (far["miss"].eq(True) | rows["near"]["miss"].eq(True)).sum())
    explore.select_option("[data-wanted=kind]", "the runs disagree")
    dice = [table["dice"].astype(float).fillna(0) for table in rows.values()]
    found(explore, ((dice[0] - dice[1]).abs() >= 0.1).sum())


def test_cells_of_the_matrix_open_their_slices(explore, rows):
    far = rows["far"]
    wrong = far[far["right"].eq(False)]
    label, predicted = wrong.iloc[0][["label", "predicted"]]
    classes = ["glioma", "meningioma", "pituitary", "no_tumor"]
    row, column = classes.index(label), classes.index(predicted)
    cell = explore.locator(".matrix").first.locator("tbody tr").nth(row).locator("button").nth(column)
    count = ((far["label"] == label) & (far["predicted"] == predicted)).sum()
    expect(cell).to_have_text(str(count))
    cell.focus()
    explore.keyboard.press("Enter")
    found(explore, count)
    explore.keyboard.press("Enter")
    found(explore, 60)


def test_keys_alone_go_through_the_slices_worst_first(explore, rows):
    merged = rows["far"].merge(rows["near"], on="id", suffixes=("_far", "_near"))
    explore.select_option("[data-wanted=label]", "pituitary")
    explore.select_option("[data-wanted=kind]", "any")
    explore.focus("[data-part=list]")
    chosen = explore.locator("[role=option][aria-selected=true]")
    for key, place in (("End", -1), ("Home", 0), ("ArrowDown", 1)):
        explore.keyboard.press(key)
        pituitary = (rows["far"]["label"] == "pituitary").sum()
        expect(chosen).to_have_attribute("aria-posinset", str(place % pituitary + 1))
    name = chosen.locator(".name").inner_text()
    row = merged[merged["id"] == name].iloc[0]
    expect(explore.locator("[data-part=one] figcaption")).to_contain_text(f"Dice {row['dice_far']:.3f}")
    expect(explore.locator("[data-part=two] figcaption")).to_contain_text(f"Dice {row['dice_near']:.3f}")
    explore.keyboard.press("o")
    assert explore.input_value("[data-part=style]") == "fill"
    explore.keyboard.press("/")
    explore.keyboard.type(name)
    found(explore, merged["id"].str.contains(name, regex=False).sum())


def test_of_a_thousand_slices_only_the_rows_in_sight_exist_wherever_one_scrolls(explore):
    explore.select_option("[data-part=first]", "thousand")
    explore.select_option("[data-part=order]", "as listed")
    expect(explore.locator("[data-part=count]")).to_have_text("1000 of 1000 slices")
    seen = explore.evaluate(
        """async () => {
          const list = document.querySelector("[data-part=list]");
          const found = [];
          for (let top = 0; top + list.clientHeight <= list.scrollHeight; top += 997) {
            list.scrollTop = top;
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            const { left, top: edge } = list.getBoundingClientRect();
            const row = document.elementFromPoint(left + 20, edge + 30).closest("[role=option]");
            const [name, rows] = [row.querySelector(".name"), list.querySelectorAll("[role=option]")];
            found.push([Math.floor((top + 30 - list.clientTop) / 44), name.textContent, rows.length]);
          }
          return found;
        }"""
    )
    assert len(seen) > 40
    assert all(name == f"slice-{number:04}" and rows < 40 for number, name, rows in seen)
    explore.focus("[data-part=list]")
    explore.keyboard.press("End")
    expect(explore.locator("[aria-selected=true]")).to_have_attribute("aria-posinset", "1000")


def test_filters_that_tell_nothing_apart_are_put_away_and_no_slice_is_told(explore, rows):
    offered = {name: rows["far"][name].nunique() > 1 for name in ("plane", "leaked", "size", "source")}
    for name, tells in offered.items():
        assert explore.locator(f"[data-wanted={name}]").is_visible() == tells
    assert not all(offered.values())
    explore.keyboard.press("/")
    explore.keyboard.type("no such slice")
    found(explore, 0)
    assert explore.locator("[data-part=none]").is_visible()
    assert "(1 set)" in explore.locator("[data-part=active]").inner_text()
    explore.click("[data-part=clear]")
    found(explore, 60)
    assert explore.is_disabled("[data-part=clear]")


def test_published_and_measured_stand_in_one_table_that_sorts(page, rows):
    page.click("nav >> text=Compare")
    page.locator(".compared tbody tr").first.wait_for()
    body = page.locator(".compared tbody tr")
    heads = page.locator(".compared thead th").all_inner_texts()
    dice = next(number for number, text in enumerate(heads) if text.startswith("Dice"))

    def column() -> list[float]:
        cells = body.locator(f":nth-child({dice + 1})").all_inner_texts()
        return [float(text.split()[0]) for text in cells if text.strip()]

    falling = column()
    assert falling == sorted(falling, reverse=True)
    assert 0.861 in falling  # the U-Net of Bin Jalal 2025, Table I
    ours = body.filter(has_text="near").locator(f":nth-child({dice + 1})").inner_text()
    assert ours.startswith(f"{rows['near']['dice'].astype(float).mean():.3f}")
    assert "–" in ours
    page.focus("[data-by='segmentation.dice']")
    page.keyboard.press("Enter")
    assert column() == falling[::-1]
    assert not page.complaints


def test_stages_tell_their_shape_and_their_share(page):
    page.click("nav >> text=How it works")
    stages = page.locator(".stage-box")
    expect(stages).to_have_count(5)
    expect(page.locator(".wire")).to_have_count(
        5
    )  # along the encoder, up, to the mask, to the classes; across
    expect(page.locator(".wire.gated")).to_have_count(1)
    stages.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    told = page.locator(".stage-told")
    for text in ("Up 1", "4 × 128 × 128", "500 · 50.0", "60.0", "Stage 1, through an attention gate"):
        expect(told).to_contain_text(text)
    assert not page.complaints


def test_a_phone_shows_every_view_and_every_control_has_a_name(explore):
    explore.set_viewport_size({"width": 400, "height": 800})
    for view, shown in (("Explore", ".matrix"), ("Compare", ".compared"), ("How it works", ".stage-box")):
        explore.click(f"nav >> text={view}")
        explore.locator(shown).first.wait_for()
        assert explore.evaluate("document.documentElement.scrollWidth") <= 400
        nameless = explore.evaluate(
            """[...document.querySelectorAll('button, input, select, canvas, [role=listbox]')].filter((one) =>
               !(one.tagName === 'BUTTON' && one.textContent.trim())
               && !one.ariaLabel && !one.labels?.length).length"""
        )
        assert nameless == 0
