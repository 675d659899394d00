"""WCAG 2.2 AA and axe's best practices, in every view, in both themes, wide and on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

SHOWN = {
    "read": ".thumbs button",
    "explore": ".matrix",
    "compare": ".compared tbody tr",
    "how": ".stage-box",
}


OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""axe leaves WCAG 2.2's own rule out unless it is asked for."""


def complaints(page) -> list[tuple[str, str]]:
    found = Axe().run(page, options=OPTIONS).response["violations"]
    return [(one["id"], node["html"]) for one in found for node in one["nodes"]]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", SHOWN)
def test_every_view_is_accessible(page, address, view, theme, width):
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{address}#{view}")
    page.locator(SHOWN[view]).first.wait_for()
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("view", SHOWN)
def test_at_320_pixels_nothing_scrolls_to_the_side(page, address, view):
    """WCAG 1.4.10: what 1280 pixels are at 400 %."""
    page.set_viewport_size({"width": 320, "height": 256})
    page.goto(f"{address}#{view}")
    page.locator(SHOWN[view]).first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_reading_and_its_keys_are_accessible(page, theme):
    page.emulate_media(color_scheme=theme)
    page.select_option("[data-part=examples]", "phantom_scan.nii.gz")
    page.wait_for_selector(".verdict")
    page.keyboard.press("u")
    assert complaints(page) == []
    page.keyboard.press("?")
    assert complaints(page) == []


def test_what_axe_would_complain_of_it_finds(page):
    page.evaluate("document.querySelector('#keys').style.color = '#eee'")
    assert "color-contrast" in {rule for rule, _ in complaints(page)}
