"""Which of the found spans stay: no two overlap, and none is taken out of a placeholder."""

from __future__ import annotations

import re

from kefu.privacy.detectors.base import Found
from kefu.text.placeholders import PLACEHOLDER

_MASK = re.compile(rf"\[[^\[\]]{{1,20}}x\]|{PLACEHOLDER.pattern}")
_BETWEEN = " \t\n,，、:;.-"


def without_overlaps(spans: list[Found], text: str) -> list[Found]:
    """Earlier spans win, and nothing is taken out of a placeholder or mask."""
    taken = bytearray(len(text))
    for match in _MASK.finditer(text):
        taken[match.start() : match.end()] = b"\1" * len(match[0])
    kept: list[Found] = []
    for start, end, kind in spans:
        first = taken.find(1, start, end)
        if first > start and kind == "ADDRESS":  # its last number is part of something else
            end, first = start + len(text[start:first].rstrip(_BETWEEN)), -1
        if end > start and first < 0:
            taken[start:end] = b"\1" * (end - start)
            kept.append(Found(start, end, kind))
    return sorted(kept)
