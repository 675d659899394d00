"""A reader at the Read view, with a mouse, with keys alone, and on a phone."""

import json
from pathlib import Path

import highdicom
import nibabel
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture
def ramp(tmp_path: Path) -> Path:
    """Grey from 78 to 178, left to right: as many pixels on either side of the threshold."""
    pixels = np.tile(np.linspace(78, 178, 128).round().astype(np.uint8), (128, 1))
    Image.fromarray(pixels).save(tmp_path / "ramp.png")
    return tmp_path / "ramp.png"


def read(page, *files: Path) -> None:
    page.set_input_files("[data-part=files]", [str(file) for file in files])
    page.wait_for_selector(".verdict")


def area(page) -> int:
    text = page.inner_text(".measures dd >> nth=0")
    return int(text.split("·")[-1].removesuffix("px"))


def test_a_slice_is_read_and_taken_along(page, ramp, tmp_path):
    read(page, ramp)
    assert page.inner_text(".verdict h2") == "Meningioma"
    assert "50.0 %" in page.inner_text(".verdict p")
    marked = np.asarray(Image.open(ramp)) > 127
    assert area(page) == marked.sum()
    with page.expect_download() as saved:
        page.click("[data-part=saveMask]")
    saved.value.save_as(tmp_path / "mask.png")
    assert saved.value.suggested_filename == "ramp_mask.png"
    assert np.array_equal(np.asarray(Image.open(tmp_path / "mask.png").convert("L")) > 127, marked)
    with page.expect_download() as saved:
        page.click("[data-part=saveRows]")
    (row,) = json.loads(Path(saved.value.path()).read_text())
    assert (row["file"], row["class"], row["mask"]) == ("ramp.png", "meningioma", None)
    assert page.is_hidden("[data-part=saveSegmentation]")
    assert not page.complaints


def test_the_threshold_moves_the_mask_and_its_area(page, ramp, tmp_path):
    read(page, ramp)
    page.fill("[data-part=threshold]", "0.8")
    page.wait_for_function(
        "document.querySelector('[data-part=thresholdValue]').textContent.includes('model')"
    )
    shades = 1 / (1 + np.exp(-10 * (np.asarray(Image.open(ramp)) / 255 - 0.5)))
    expected = np.rint(shades * 255) > 255 * 0.8
    assert area(page) == expected.sum()
    with page.expect_download() as saved:
        page.click("[data-part=saveMask]")
    saved.value.save_as(tmp_path / "mask.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "mask.png").convert("L")) > 127, expected)


def test_uncertainty_is_the_entropy_of_every_pixel(page, ramp):
    read(page, ramp)
    page.select_option("[data-part=style]", "off")
    shades = np.rint(255 / (1 + np.exp(-10 * (np.asarray(Image.open(ramp)) / 255 - 0.5)))) / 255
    told = page.locator(".measures dt", has_text="Unsure").locator("+ dd")
    assert told.inner_text() == f"{((shades >= 0.1) & (shades <= 0.9)).sum()} px"
    page.focus("[data-part=canvas]")
    page.keyboard.press("u")
    assert page.is_checked("[data-part=unsure]")
    assert page.locator("[data-part=legend]").is_visible()
    chance, grey = shades[64], np.asarray(Image.open(ramp))[64]
    doubt = -(chance * np.log2(chance) + (1 - chance) * np.log2(1 - chance))
    expected = grey * (1 - doubt) + np.array([[204], [121], [167]]) * doubt
    for column in (5, 30, 63, 90, 120):
        assert colour(page, column) == pytest.approx(expected[:, column], abs=3)
    page.keyboard.press("u")
    assert colour(page, 63) == pytest.approx([grey[63]] * 3, abs=3)


def colour(page, column: int) -> list[int]:
    """Of the canvas, in the middle of a pixel of the slice's middle row, at the zoom that fits."""
    return page.evaluate(
        """(column) => {
          const canvas = document.querySelector("[data-part=canvas]");
          const scale = Math.min(canvas.width, canvas.height) / 128;
          const x = canvas.width / 2 + (column + 0.5 - 64) * scale;
          const one = canvas.getContext("2d").getImageData(Math.floor(x), canvas.height / 2, 1, 1);
          return [...one.data].slice(0, 3);
        }""",
        column,
    )


def test_opacity_is_the_outlines_or_the_fills(page, ramp):
    read(page, ramp)
    page.focus("[data-part=canvas]")
    assert page.input_value("[data-part=opacity]") == "1"
    page.keyboard.press("o")
    grey = int(np.asarray(Image.open(ramp))[64, 110])
    page.fill("[data-part=opacity]", "0.25")
    assert colour(page, 110) == pytest.approx([0.75 * grey + 0.25 * one for one in (230, 159, 0)], abs=3)
    page.focus("[data-part=canvas]")
    for _ in range(8):
        page.keyboard.press(".")
    assert colour(page, 110) == pytest.approx([230, 159, 0], abs=3)
    page.keyboard.press("o")
    assert page.is_disabled("[data-part=opacity]")


def test_a_folder_that_is_dropped_is_read_whichever_view_is_shown(page, tmp_path):
    (tmp_path / "series" / "within").mkdir(parents=True)
    for number, name in enumerate(("b10.png", "b9.png", "within/c.png", ".hidden")):
        Image.fromarray(np.full((64, 64), 40 * number, np.uint8)).save(tmp_path / "series" / name, "PNG")
    page.click("nav >> text=Compare")
    page.locator(".compared tbody tr").first.wait_for()
    mouse = page.context.new_cdp_session(page)
    dragged = {"items": [], "files": [str(tmp_path / "series")], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        mouse.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": dragged})
    page.wait_for_selector(".verdict")
    place = page.locator("[data-part=place]")
    names = []
    page.focus("[data-part=canvas]")
    for key in ("Home", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
        names.append(place.inner_text())
    assert names == ["b9.png · 1 of 3", "b10.png · 2 of 3", "c.png · 3 of 3"]
    assert not page.complaints


def test_a_phantom_is_read_by_its_picture_and_a_scan_taken_along(page, tmp_path):
    page.click(".thumbs >> text=Scan of nine slices")
    page.wait_for_selector(".verdict")
    assert page.locator("[data-part=canvas]").evaluate("(one) => one === document.activeElement")
    with page.expect_download() as saved:
        page.click("[data-part=saveNifti]")
    saved.value.save_as(tmp_path / "mask.nii.gz")
    assert saved.value.suggested_filename == "phantom_scan_mask.nii.gz"
    assert 9 in nibabel.load(tmp_path / "mask.nii.gz").shape
    with page.expect_download() as saved:
        page.keyboard.press("j")
    assert len(json.loads(Path(saved.value.path()).read_text())) == 9


def test_a_series_is_read_and_its_segmentation_taken_along(page, write_series, tmp_path):
    values = np.full((4, 64, 64), 100, np.uint16)
    values[1:3, 20:40, 20:40] = 900
    read(page, *write_series(tmp_path / "series", values, WindowCenter="500", WindowWidth="1000"))
    assert "of 4" in page.inner_text("[data-part=place]")
    assert page.inner_text(".measures dd >> nth=0") == f"{400 * 0.5 * 0.75:.1f} mm² · 400 px"
    with page.expect_download() as saved:
        page.click("[data-part=saveSegmentation]")
    saved.value.save_as(tmp_path / "seg.dcm")
    assert highdicom.seg.segread(tmp_path / "seg.dcm").pixel_array.sum() == 2 * 400
    with page.expect_download() as saved:
        page.click("[data-part=saveReport]")
    assert saved.value.suggested_filename.endswith("_report.dcm")


def test_a_mouse_goes_through_slices_pans_zooms_and_windows(page, tmp_path):
    values = np.full((64, 64, 3), 20, np.uint8)
    values[30:34, 30:34] = 250
    nibabel.save(nibabel.Nifti1Image(values, np.diag([1, 1, 5, 1])), tmp_path / "scan.nii")
    read(page, tmp_path / "scan.nii")
    page.select_option("[data-part=style]", "off")
    place = page.locator("[data-part=place]")
    page.keyboard.press("Home")
    box = page.locator("[data-part=canvas]").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.wheel(0, 100)
    expect(place).to_contain_text("2 of 3")

    def brightest() -> tuple[float, float, int]:
        """Where the square lies, from the middle of the canvas, and how wide it is."""
        return page.evaluate(
            """() => {
              const canvas = document.querySelector("[data-part=canvas]");
              const { width, height } = canvas;
              const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
              const [across, along] = [[], []];
              for (let at = 0; at < width * height; at++) {
                if (data[4 * at] < 200) continue;
                across.push(at % width);
                along.push(Math.floor(at / width));
              }
              const mean = (some) => some.reduce((sum, one) => sum + one, 0) / some.length;
              const wide = Math.max(...across) - Math.min(...across);
              return [mean(across) - width / 2, mean(along) - height / 2, wide];
            }"""
        )

    start = brightest()
    page.mouse.down()
    page.mouse.move(middle[0] + 50, middle[1] - 30)
    page.mouse.up()
    panned = brightest()
    assert panned[:2] == pytest.approx([start[0] + 50, start[1] - 30], abs=1.5)
    page.click("[data-part=zoomIn]")
    assert brightest()[2] == pytest.approx(1.25 * start[2], abs=3)
    page.mouse.move(*middle)
    page.keyboard.down("Shift")
    page.mouse.down()
    page.mouse.move(middle[0] - 100, middle[1])
    page.mouse.up()
    page.keyboard.up("Shift")
    assert page.inner_text("[data-part=windowValue]").startswith("155")
    assert not page.complaints


def test_a_server_that_is_full_is_asked_again(page, ramp):
    refused = []

    def refuse_once(route):
        if refused:
            route.continue_()
            return
        refused.append(route.request.url)
        route.fulfill(status=503, headers={"Retry-After": "1"}, json={"error": {"what": "full"}})

    page.route("**/v1/predict*", refuse_once)
    page.set_input_files("[data-part=files]", str(ramp))
    page.locator("[data-part=status]", has_text="busy: asking again in 1 s").wait_for()
    page.wait_for_selector(".verdict")
    assert page.inner_text(".verdict h2") == "Meningioma"
    assert page.inner_text("[data-part=status]") == ""


def test_a_theme_that_was_chosen_is_kept(page, address):
    assert "auto" in page.inner_text("#theme")
    page.click("#theme")
    page.goto(address)
    assert page.locator("#theme", has_text="Theme: dark").is_visible()
    assert page.evaluate("getComputedStyle(document.body).colorScheme") in ("dark", "light dark")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_class_and_mask_that_contradict_each_other_are_told(page, tmp_path):
    Image.fromarray(np.full((64, 64), 20, np.uint8)).save(tmp_path / "dark.png")
    read(page, tmp_path / "dark.png")
    assert "tumour, yet the mask marks none" in page.inner_text(".warnings")


def test_keys_alone_do_everything(page, tmp_path):
    values = np.full((64, 64, 5), 20, np.uint8)
    values[20:40, 20:40, 1:4] = 250
    nibabel.save(nibabel.Nifti1Image(values, np.diag([1, 1, 5, 1])), tmp_path / "scan.nii")
    read(page, tmp_path / "scan.nii")
    place = page.locator("[data-part=place]")
    page.focus("[data-part=canvas]")
    page.keyboard.press("Home")
    assert "1 of 5" in place.inner_text()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert "3 of 5" in place.inner_text()
    assert "mm²" in page.inner_text(".measures")
    page.keyboard.press("o")
    assert page.input_value("[data-part=style]") == "fill"
    page.keyboard.press("s")
    assert page.inner_text("[data-part=windowValue]").startswith("247")
    page.keyboard.press("r")
    assert page.inner_text("[data-part=windowValue]").startswith("255")
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Enter")
    assert page.locator("#help").is_hidden()
    assert not page.complaints


def test_no_answer_is_told_as_plainly_as_an_answer(page, ramp):
    page.evaluate(
        """() => {
          const asked = window.fetch;
          window.fetch = async (address, options) => {
            const answer = await asked(address, options);
            if (!address.includes("predict")) return answer;
            const class_set = ["glioma", "meningioma"];
            const said = { status: "abstained", reason: "far from what it knows", class_set };
            return Response.json((await answer.json()).map((row) => ({ ...row, ...said })));
          };
        }"""
    )
    read(page, ramp)
    assert page.inner_text(".verdict.abstained h2") == "No answer: the model abstains"
    assert page.inner_text(".verdict p") == "far from what it knows"
    assert "Glioma or Meningioma" in page.inner_text(".chances caption")


def test_a_file_that_cannot_be_read_is_told_in_words(page, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    read(page, tmp_path / "text.png")
    assert "not a picture" in page.inner_text(".verdict.error p")
    assert page.locator("[data-part=status].bad").is_visible()


def test_a_phone_shows_it_all_and_every_control_has_a_name(page):
    page.set_viewport_size({"width": 400, "height": 800})
    page.select_option("[data-part=examples]", "phantom_glioma.png")
    page.wait_for_selector(".verdict")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, input, select, canvas')].filter((one) =>
           !(one.tagName === 'BUTTON' && one.textContent.trim())
           && !one.ariaLabel && !one.labels?.length).length"""
    )
    assert nameless == 0
    assert "Research use only" in page.inner_text("header")


def test_two_fingers_zoom_and_what_lies_under_them_stays_there(page, ramp):
    read(page, ramp)
    page.select_option("[data-part=style]", "off")
    box = page.locator("[data-part=canvas]").bounding_box()
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *across: float) -> None:
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        points = [{"x": middle[0] + x, "y": middle[1], "id": number} for number, x in enumerate(across)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def grey(across: float) -> int:
        return page.evaluate(
            """(across) => {
              const canvas = document.querySelector("[data-part=canvas]");
              const [x, y] = [canvas.width / 2 + across, canvas.height / 2].map(Math.round);
              return canvas.getContext("2d").getImageData(x, y, 1, 1).data[0];
            }""",
            across,
        )

    before = grey(-60), grey(20)
    assert before[1] - before[0] > 5
    fingers("touchStart", -60, 20)
    fingers("touchMove", -150, 10)
    fingers("touchEnd")
    assert (grey(-150), grey(10)) == pytest.approx(before, abs=1)
    assert not page.complaints
