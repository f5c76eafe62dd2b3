"""A scripted reviewer who knows the answer and takes the shortest way to it: no key, one key, or one click.

How long somebody looks for the right intent is not measured; how many intents stand before it is counted instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Locator, Page

from kefu.shop.part import Text

KEY = re.compile(r"\[([^\]]+)\]\s*$")
IN_VIEW = """element => {
    const box = element.getBoundingClientRect()
    let [top, bottom] = [0, window.innerHeight]
    for (let at = element.parentElement; at; at = at.parentElement) {
        if (!/auto|scroll|hidden/.test(getComputedStyle(at).overflowY)) continue
        const panel = at.getBoundingClientRect()
        top = Math.max(top, panel.top)
        bottom = Math.min(bottom, panel.bottom)
    }
    return box.top >= top - 1 && box.bottom <= bottom + 1
}"""


SHOWN = """(document.querySelector('.kefu-ask')?.innerText ?? '')
    + document.querySelector('.kefu-chat')?.innerHTML.length"""


class Cost(NamedTuple):
    """What one task takes.

    Attributes:
        keys, clicks: until it is submitted.
        scrolls: of the chat to the message, of the page to the right intent.
        passed: intents that stand before the right one.
        preselected, misled: whether something was selected already, and whether that was wrong.
        seconds: of the script and the server; a person's reading is not in it.
    """

    keys: int
    clicks: int
    scrolls: int
    passed: int
    preselected: int
    misled: int
    seconds: float = 0.0


class Reviewer:
    """Answers the task that a page shows."""

    def __init__(self, page: Page, titles: Mapping[str, Text], shots: Path | None) -> None:
        self._page, self._titles, self._shots, self._done = page, titles, shots, 0

    def label(self, intent: str) -> Cost:
        """Selects ``intent``, submits, and waits for the next task."""
        page = self._page
        asked, choices = page.locator(".kefu-asked .kefu-bubble"), page.locator(".kefu-intent .lsf-choice")
        asked.wait_for()
        choices.first.wait_for()
        page.wait_for_timeout(1000)  # the page selects what is proposed after it is drawn
        if self._shots:
            self._shots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=self._shots / f"{self._done:02}.png")
        right, passed = self._find(choices, self._titles[intent])
        chosen = page.locator(".kefu-intent .lsf-choice:has(input:checked)")
        preselected = chosen.count()
        is_right = bool(right.locator("input:checked").count())
        scrolls = sum(not element.evaluate(IN_VIEW) for element in ([asked] if is_right else [asked, right]))
        keys = clicks = 0
        if not is_right:
            if hotkey := KEY.search(right.inner_text()):
                page.keyboard.press(hotkey[1].capitalize() if len(hotkey[1]) > 1 else hotkey[1])
                keys += 1
            else:
                right.locator("label").click()
                clicks += 1
        self._submit()
        return Cost(
            keys + 1, clicks, scrolls, 0 if is_right else passed, preselected, int(preselected and not is_right)
        )

    def _find(self, choices: Locator, title: Text) -> tuple[Locator, int]:
        """The choice with that title, and how many stand before it."""
        words = [text.split("[")[0].strip() for text in choices.all_inner_texts()]
        place = next(n for n, text in enumerate(words) if text in (title.zh, title.en, f"{title.zh} · {title.en}"))
        return choices.nth(place), place

    def _submit(self) -> None:
        """Submits, and waits until another task is shown or there is none."""
        page = self._page
        before = page.evaluate(SHOWN)
        with page.expect_response(lambda got: "next_task" in got.url) as served:
            page.keyboard.press("Control+Enter")
        self._done += 1
        if served.value.ok:
            page.wait_for_function(f"before => document.querySelector('.kefu-ask') && {SHOWN} !== before", arg=before)
