"""The labelling page in a real browser: what a reviewer sees, presses, selects and types, and what becomes of it."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from data.review.label_studio.chat_html import chat
from data.review.label_studio.page import STYLE, Page
from data.review.label_studio.slot_labels import PageSlots
from data.review.label_studio.tasks import intent_choices, span
from data.review.task_id import CANNOT_TELL
from kefu.schema import Turn
from kefu.shop.part import Text
from tests.review.conftest import Team
from tests.review.team import ASKED, PACK, asked, params, run, tasks, values

if TYPE_CHECKING:
    from playwright import sync_api
else:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (make lint installs it)")
CHROMIUM = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
NUMBERS = itertools.count(1)
TIMEOUT_MS = 120_000  # Label Studio on a busy machine
TWO = [asked(0), asked(1, confidence=0.2), asked(1, confidence=0.9, turn=2)]


@pytest.fixture
def title() -> str:
    """Of a project that nobody has answered in, as short as people's are."""
    return f"page {next(NUMBERS)}"


@pytest.fixture
def page(configured: Team, title: str, tmp_path: Path) -> Iterator[sync_api.Page]:
    """Signed in, at the first task of the label stream."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (`make chromium` installs it)")
    run(tmp_path, params(title), TWO)
    up = configured.server
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        opened = browser.new_page(viewport={"width": 1600, "height": 900})
        opened.set_default_timeout(TIMEOUT_MS)
        sync_api.expect.set_options(timeout=TIMEOUT_MS)
        opened.goto(f"{up.url}/user/login/")
        opened.fill("input[name=email]", up.user)
        opened.fill("input[name=password]", up.password)
        opened.keyboard.press("Enter")
        opened.wait_for_url(lambda url: "login" not in url)
        opened.goto(f"{up.url}/projects/{tasks(up, title)[0].project}/data?labeling=1")
        opened.locator(".kefu-asked").wait_for()
        yield opened
        browser.close()


def test_a_reviewer_sees_the_proposal_and_overrules_it(page: sync_api.Page, title: str, tmp_path: Path) -> None:
    questions = page.locator(".kefu-question:visible")
    chosen = questions.nth(0).locator(".kefu-intent label:has(input:checked)")
    sync_api.expect(questions).to_have_count(1)
    sync_api.expect(chosen).to_contain_text("退货 · Return")
    sync_api.expect(questions.nth(0).locator(".kefu-proposal")).to_contain_text("40%")
    asked = page.locator(".kefu-asked .kefu-bubble")
    sync_api.expect(asked).to_have_text(ASKED)  # as text: nothing that anybody wrote becomes markup
    sync_api.expect(asked.locator(".htx-highlight")).to_have_text(["质量问题", "[ORDER_1]"])  # proposed details
    sync_api.expect(page.locator(".kefu-turn")).to_have_count(3)

    page.keyboard.press("2")
    sync_api.expect(chosen).to_contain_text("换货 · Exchange")
    page.keyboard.press("Shift+N")
    marked = list(PageSlots(PACK).titles)[4]
    page.keyboard.press("Shift+5")
    page.locator(".kefu-bubble", has_text="谢谢").dblclick()  # selects the word
    sync_api.expect(page.locator(".kefu-bubble .htx-highlight")).to_have_count(3)
    page.fill("textarea[name=answer]", "可以换，\n运费我们出。")
    with page.expect_response(lambda got: "/annotations" in got.url and got.request.method == "POST"):
        page.get_by_role("button", name="Submit").first.click()

    first, second = questions.nth(0), questions.nth(1)  # of one dialogue, which is read once
    sync_api.expect(questions).to_have_count(2)
    sync_api.expect(first.locator(".kefu-proposal")).to_contain_text("20%")
    sync_api.expect(second.locator(".kefu-ask")).to_contain_text("谢谢")
    sync_api.expect(page.locator(".kefu-asked .kefu-bubble")).to_have_text([ASKED, "谢谢"])
    sync_api.expect(first.locator(".lsf-choice")).to_have_count(len(PACK.taxonomy.names) + 1)
    sync_api.expect(chosen).to_have_count(0)  # the machine is too unsure: nobody shall submit it unread
    of_second = second.locator(".kefu-intent label:has(input:checked)")
    sync_api.expect(of_second).to_contain_text("退货 · Return")
    page.keyboard.press("W")
    sync_api.expect(of_second).to_contain_text("换货 · Exchange")
    sync_api.expect(chosen).to_have_count(0)  # each question has keys of its own
    page.keyboard.press("Shift+F")
    page.keyboard.type("invoice")
    page.keyboard.press("Enter")
    sync_api.expect(chosen).to_contain_text("发票")
    with page.expect_response(lambda got: "/annotations" in got.url and got.request.method == "POST"):
        page.get_by_role("button", name="Submit").first.click()  # keys are not heard while the search has the focus

    assert values(run(tmp_path, params(title), TWO)) == {
        ("shop:d:0", 0, "intent"): "exchange_request",
        ("shop:d:0", 0, "slot:order_number"): "[ORDER_1]",
        ("shop:d:0", 0, "slot:return_reason"): "quality",
        ("shop:d:0", 2, f"slot:{marked}"): "谢谢",
        ("shop:d:0", 0, "answer"): "可以换，\n运费我们出。",
        ("shop:d:0", None, "resolved"): "no",
        ("shop:d:1", 0, "intent"): "invoice",
        ("shop:d:1", 0, "slot:order_number"): "[ORDER_1]",
        ("shop:d:1", 0, "slot:return_reason"): "quality",
        ("shop:d:1", 2, "intent"): "exchange_request",
    }


def test_the_page_fits_1024_pixels_without_label_studios_panels(page: sync_api.Page) -> None:
    page.set_viewport_size({"width": 1024, "height": 768})
    page.reload()
    sync_api.expect(page.locator(".kefu-question:visible")).to_have_count(1)
    assert page.locator(".lsf-sidepanels__wrapper:visible").count() == 0
    left, right = (page.locator(f".kefu-{side}").bounding_box() for side in ("left", "right"))
    assert left and right and left["y"] == right["y"] and left["x"] + left["width"] <= right["x"]
    assert right["x"] + right["width"] <= 1024 and left["width"] + right["width"] > 0.9 * 1024
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 1024
    choices = page.locator(".kefu-question:visible .lsf-choice")
    assert choices.count() == len(PACK.taxonomy.names) + 1
    for place in range(choices.count()):
        box = choices.nth(place).bounding_box()
        assert box and box["y"] + box["height"] < 718  # above the bar with Submit


def test_the_page_speaks_the_language_that_is_asked_for() -> None:
    english, chinese, both = (Page(PACK.taxonomy, {}, language).xml() for language in ("en", "zh", "both"))
    assert "What is this message about?" in english and "意图" not in english
    assert "意图" in chinese and "What is" not in chinese and "这句话的意图？ · What" in both
    first = {spoken: intent_choices(("other", "invoice"), PACK.taxonomy, spoken)[1] for spoken in ("en", "zh", "both")}
    assert first["both"]["value"] == " · ".join((first["zh"]["value"], first["en"]["value"]))


def test_the_likeliest_intents_stand_first_on_keys_and_every_intent_is_there_once() -> None:
    choices = intent_choices(("other", "of another taxonomy", "invoice"), PACK.taxonomy, "both")
    assert [(one["alias"], one["hotkey"]) for one in choices if "hotkey" in one] == [
        ("other", "1"),
        ("invoice", "2"),
        (CANNOT_TELL, "shift+x"),
    ]
    assert sorted(one["alias"] for one in choices) == sorted([*PACK.taxonomy.names, CANNOT_TELL])
    assert all(one["hint"] for one in choices[:-1])


def test_titles_of_a_pack_are_text_on_the_page() -> None:
    assert "<img" not in Page(PACK.taxonomy, {"x": Text(zh='"><img', en='"><img')}, "both").xml()


def test_a_mark_lies_on_its_words_whatever_their_case() -> None:
    value = span(0, "Straße: ABC 😀 abc", "ABC", "model")["value"]
    assert (value["text"], value["startOffset"], value["endOffset"]) == ("abc", 15, 18)


@pytest.mark.parametrize("height", [700, 900, 1200])
def test_the_chat_opens_with_two_turns_above_the_question(height: int) -> None:
    """In Chromium on the page's own style sheet, without Label Studio around it."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (`make chromium` installs it)")
    turns = [Turn(role=("customer", "agent")[n % 2], text=f"第 {n} 句：您好，请问有什么可以帮您？") for n in range(30)]
    style, marked = STYLE.read_text(encoding="utf8"), chat(turns, [14, 20])
    page = f"<style>{style}</style><div class='kefu-chat'><div>{marked}</div></div>"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        opened = browser.new_page(viewport={"width": 1400, "height": height})
        opened.set_content(page)
        shown = opened.evaluate(
            """() => {
                const panel = document.querySelector('.kefu-chat').getBoundingClientRect()
                return [...document.querySelectorAll('.kefu-turn')].map(turn => turn.getBoundingClientRect())
                    .map(box => box.top >= panel.top && box.bottom <= panel.bottom)
            }"""
        )
        browser.close()
    assert all(shown[12:16]) and not shown[6], "the question, two turns before it, one after it; not the beginning"
