"""A dialogue as chat bubbles in HTML, and the way from a turn's characters to Label Studio's regions and back.

Label Studio's own ``Chat`` tag is for its paying customers, and ``Paragraphs`` cannot tell the two sides
apart, so a chat is a ``HyperText`` of one ``div`` a turn. Who speaks is a class, its caption comes from the
style sheet: nothing but what was said can be selected. Places are XPaths, offsets count UTF-16 units as browsers do.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

from kefu.schema import Turn

XPATH = re.compile(r"/div\[(\d+)\]/span\[1\]/text\(\)\[1\]")


def chat(turns: Sequence[Turn], asked: Sequence[int]) -> str:
    """The dialogue as HTML; turns that are asked about are marked, and what came after them all.

    Whatever anybody wrote stays text.
    """
    marked = {turn: f" kefu-asked kefu-asked-{number}" for number, turn in enumerate(asked, 1)}
    return "".join(
        f'<div class="kefu-turn kefu-{turn.role}{marked.get(index, " kefu-later" if index > asked[-1] else "")}">'
        f'<span class="kefu-bubble">{html.escape(turn.text)}</span></div>'
        for index, turn in enumerate(turns)
    )


def region(turn: int, text: str, start: int, end: int) -> dict[str, Any]:
    """Characters ``start`` to ``end`` of a turn as the value of a Label Studio region."""
    xpath = f"/div[{turn + 1}]/span[1]/text()[1]"
    offsets = {"startOffset": _units(text[:start]), "endOffset": _units(text[:end])}
    return {"start": xpath, "end": xpath, **offsets, "text": text[start:end]}


def turn_of(value: dict[str, Any]) -> int | None:
    """The turn that a region lies in; None when it spans several or lies elsewhere."""
    first, last = XPATH.fullmatch(value["start"]), XPATH.fullmatch(value["end"])
    return int(first[1]) - 1 if first and last and first[1] == last[1] else None


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
