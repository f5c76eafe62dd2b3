"""A scripted reviewer who knows the answer and takes the shortest way to each answer: no key, one key, or one click.

How long somebody looks for the right intent is not measured; how many intents stand before it is counted instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
        questions: that it holds.
        keys, clicks: until it is submitted.
        scrolls: of the chat to a message, of the page to a right intent.
        passed: intents that stand before the right ones, where these are not selected.
        preselected, misled: questions with something selected already, and those where that was wrong.
        seconds: of the script and the server; a person's reading is not in it.
    """

    questions: int
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

    def label(self, intents: Sequence[str]) -> Cost:
        """Selects an intent for each question, submits, and waits for the next task."""
        page = self._page
        page.locator(".kefu-asked .kefu-bubble").first.wait_for()
        page.locator(".kefu-intent .lsf-choice").first.wait_for()
        page.wait_for_timeout(1000)  # the page selects what is proposed after it is drawn
        if self._shots:
            self._shots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=self._shots / f"{self._done:02}.png")
        costs = [self._answer(number, intent) for number, intent in enumerate(intents, 1)]
        self._submit()
        total = Cost(*map(sum, zip(*costs, strict=True)))
        return total._replace(keys=total.keys + 1)

    def _answer(self, number: int, intent: str) -> Cost:
        """One question: nothing when the right intent is selected, else its key, or a click."""
        page = self._page
        question, asked = page.locator(f".kefu-question-{number}"), page.locator(f".kefu-asked-{number} .kefu-bubble")
        choices = question.locator(".kefu-intent .lsf-choice")
        right, passed = self._find(choices, self._titles[intent])
        preselected = choices.locator("input:checked").count()
        if right.locator("input:checked").count():
            return Cost(1, 0, 0, int(not asked.evaluate(IN_VIEW)), 0, preselected, 0)
        hotkey = KEY.search(right.text_content() or "")
        question.hover()  # all intents are shown where the mouse is
        scrolls = sum(not element.evaluate(IN_VIEW) for element in ([asked] if hotkey else [asked, right]))
        if hotkey:
            page.keyboard.press(hotkey[1].capitalize() if len(hotkey[1]) > 1 else hotkey[1])
        else:
            right.locator("label").click()
        return Cost(1, int(bool(hotkey)), int(not hotkey), scrolls, passed, preselected, preselected)

    def _find(self, choices: Locator, title: Text) -> tuple[Locator, int]:
        """The choice with that title, and how many stand before it."""
        words = [text.split("[")[0].strip() for text in choices.all_text_contents()]
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
