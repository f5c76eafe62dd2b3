"""The chat page in a real browser: sign in, return something, and nothing anybody writes becomes markup."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from playwright import sync_api
else:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (make lint installs it)")
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
    answered = page.locator(".message.bot[data-route]")
    count = answered.count()
    page.fill("#text", text)
    page.locator("#send").click()
    answered.nth(count).wait_for()
    return answered.nth(count)


def sign_in(page: sync_api.Page, customer: str) -> None:
    page.select_option("#customer", customer)
    page.locator(".note", has_text=customer).wait_for()
    online(page)


def test_a_return_by_a_signed_in_customer(page: sync_api.Page) -> None:
    sync_api.expect(page.locator("#sample")).to_have_text("示例店铺")
    sign_in(page, "C1004")
    first = say(page, "我要退货")
    sync_api.expect(first).to_have_attribute("data-route", "flow")
    assert page.locator(".badges").count() == 0
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
    answered = page.locator(".message.bot[data-route]")
    sync_api.expect(page.locator("#greeting")).to_contain_text("AI assistant")
    page.locator("#questions button").first.click()
    answered.first.wait_for()
    sync_api.expect(page.locator("#messages")).to_have_attribute("aria-live", "polite")


def test_a_lost_connection_comes_back(page: sync_api.Page) -> None:
    page.context.set_offline(True)
    page.evaluate("() => window.dispatchEvent(new Event('offline'))")
    page.context.set_offline(False)
    online(page)
    say(page, "你好")


def test_the_language_button_speaks_to_the_server(page: sync_api.Page) -> None:
    say(page, "你好")
    page.locator("#lang").click()
    sync_api.expect(say(page, "ok").locator(".bubble")).to_contain_text("All right")
    sync_api.expect(say(page, "谢谢").locator(".bubble")).to_contain_text("不客气")  # a clear word, and no button since


def test_the_page_speaks_the_language_of_the_conversation(page: sync_api.Page) -> None:
    say(page, "where is my parcel?")
    sync_api.expect(page.locator("html")).to_have_attribute("lang", "en")
    sync_api.expect(page.locator("#text")).to_have_attribute("placeholder", "Ask a question…")


def test_signing_in_keeps_the_conversation(page: sync_api.Page) -> None:
    sync_api.expect(say(page, "我要退货").locator(".bubble")).to_contain_text("登录")
    sign_in(page, "C1001")
    sync_api.expect(page.locator(".message.customer .bubble")).to_have_text("我要退货")
    answered = page.locator(".message.bot[data-route]")
    page.locator("main > .options button").click()
    sync_api.expect(answered).to_have_count(2)
    offered = answered.last.locator(".options button")
    assert offered.count() > 1
    offered.first.click()  # a quick reply
    sync_api.expect(answered).to_have_count(3)
    sync_api.expect(page.locator(".options")).to_have_count(0)
    sync_api.expect(answered.last.locator(".bubble")).not_to_contain_text("没有听明白")
    sign_in(page, "C1002")  # another customer's conversation is another one
    assert page.locator(".message.customer").count() == 0


def test_a_reload_keeps_the_conversation(page: sync_api.Page) -> None:
    sign_in(page, "C1001")
    say(page, "我要退货")
    before = page.locator(".bubble").all_inner_texts()
    page.reload()
    online(page)
    assert page.locator(".bubble").all_inner_texts() == before
    assert page.locator("#customer").input_value() == "C1001"
    sync_api.expect(say(page, "QM2611100011").locator(".bubble")).not_to_contain_text("登录")


def test_ending_the_conversation_signs_out(page: sync_api.Page, url: str) -> None:
    sign_in(page, "C1004")
    say(page, "我要退货")
    token = page.evaluate("() => JSON.parse(sessionStorage.getItem('kefu.conversation')).token")
    page.locator("#end").click()
    page.locator(".note", has_text="游客").wait_for()
    online(page)
    assert page.locator(".message.customer").count() == 0
    sync_api.expect(page.locator("#customer")).to_have_value("")
    again = httpx.post(f"{url}/v1/chat", json={"message": "你好"}, headers={"Authorization": f"Bearer {token}"})
    assert (again.status_code, again.json()["error"]["code"]) == (401, "token_revoked")


def test_a_conversation_is_rated_with_stars(page: sync_api.Page) -> None:
    sync_api.expect(page.locator("#rate")).to_be_disabled()
    say(page, "你好")
    page.locator("#rate").click()
    page.get_by_role("button", name="4 星").click()
    sync_api.expect(page.locator(".note").last).to_have_text("谢谢您的评价：★★★★")
    sync_api.expect(page.locator(".stars")).to_have_count(0)


def test_a_conversation_that_is_too_old_begins_anew(page: sync_api.Page) -> None:
    say(page, "你好")
    page.evaluate(
        """() => {
            const kept = JSON.parse(sessionStorage.getItem("kefu.conversation"));
            sessionStorage.setItem("kefu.conversation", JSON.stringify({...kept, token: "expired.token"}));
        }"""
    )
    page.reload()
    page.locator(".note").wait_for()
    online(page)
    sync_api.expect(page.locator(".message")).to_have_count(1)
    say(page, "你好")


def test_how_an_answer_came_about_is_shown_on_demand(page: sync_api.Page, url: str) -> None:
    page.goto(f"{url}/?debug")
    online(page)
    sync_api.expect(say(page, "我要退货").locator(".route")).to_have_text("流程")
