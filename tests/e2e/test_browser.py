"""The chat page in a real browser: sign in, return something, and nothing anybody writes becomes markup."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install -e .[dev])")
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (`make chromium` installs it)")
EVIL = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


@pytest.fixture(params=[{"width": 1200, "height": 800}, {"width": 390, "height": 780}], ids=["desktop", "phone"])
def page(request: pytest.FixtureRequest, browser: sync_api.Browser, url: str) -> Iterator[sync_api.Page]:
    context = browser.new_context(viewport=request.param, locale="zh-CN")
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    opened.goto(url)
    online(opened)
    yield opened
    context.close()
    assert problems == []


def online(page: sync_api.Page) -> None:
    page.locator("#status[data-state=online]").wait_for()


def say(page: sync_api.Page, text: str) -> sync_api.Locator:
    """Sends a message; the answered bubble's message element."""
    answered = page.locator(".message.bot:has(.badges)")
    count = answered.count()
    page.fill("#text", text)
    page.locator("#send").click()
    answered.nth(count).wait_for()
    return answered.nth(count)


def test_a_return_by_a_signed_in_customer(page: sync_api.Page) -> None:
    sync_api.expect(page.locator("#sample")).to_have_text("示例店铺")
    page.select_option("#customer", "C1004")
    page.locator(".note", has_text="C1004").wait_for()
    online(page)
    first = say(page, "我要退货")
    sync_api.expect(first.locator(".route")).to_have_text("流程")
    sync_api.expect(first).to_contain_text("order_number")
    sync_api.expect(say(page, "QM0000000000").locator(".bubble")).to_contain_text("QM0000000000")
    sync_api.expect(say(page, "算了").locator(".bubble")).to_be_in_viewport()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_nothing_written_becomes_markup(page: sync_api.Page) -> None:
    say(page, EVIL)
    sync_api.expect(page.locator(".message.customer .bubble").last).to_have_text(EVIL)
    assert page.locator(".bubble img, .bubble b").count() == 0 and "owned" not in page.title()


def test_language_and_quick_questions(page: sync_api.Page) -> None:
    page.locator("#lang").click()
    sync_api.expect(page.locator("html")).to_have_attribute("lang", "en")
    answered = page.locator(".message.bot:has(.badges)")
    page.locator("#questions button").first.click()
    answered.first.wait_for()
    sync_api.expect(page.locator("#messages")).to_have_attribute("aria-live", "polite")


def test_a_lost_connection_comes_back(page: sync_api.Page) -> None:
    page.context.set_offline(True)
    page.evaluate("() => window.dispatchEvent(new Event('offline'))")
    page.context.set_offline(False)
    online(page)
    say(page, "你好")
