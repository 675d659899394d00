"""A reader before a server that asks for a token, below a path."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_the_page_asks_for_the_token_until_it_is_right_and_then_no_more(chromium, guarded):
    page = chromium.new_page()
    assert guarded.endswith("/brain/")
    page.goto(guarded)
    for tried in ("open", "sesame"):
        page.locator("#door").wait_for()
        page.fill("#token", tried)
        with page.expect_response(lambda answer: "/brain/v1/" in answer.url):
            page.keyboard.press("Enter")
        if tried == "open":
            page.locator("#door-told", has_text="not its token").wait_for()
    expect(page.locator("#model option")).to_have_count(1)
    page.select_option("[data-part=examples]", "phantom_glioma.png")
    page.wait_for_selector(".verdict")
    page.click("nav >> text=Explore")
    page.locator(".matrix").first.wait_for()
    assert page.locator("#door").is_hidden()
    page.close()
