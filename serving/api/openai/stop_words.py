"""Words before which an answer ends, found in a text that comes in pieces."""

from __future__ import annotations

from collections.abc import Sequence


class StopWords:
    """Gives a text on as soon as it can hold no stop word that is not complete yet.

    met: a stop word came; what follows is not said.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words, self._keep = words, max(map(len, words), default=1) - 1
        self._held, self.met = "", False

    def add(self, piece: str) -> str:
        """What may be said now."""
        if self.met:
            return ""
        text = self._held + piece
        found = [place for word in self._words if (place := text.find(word)) >= 0]
        if found:
            self.met, end = True, min(found)
        else:
            end = max(0, len(text) - self._keep)
        self._held = text[end:]
        return text[:end]

    def rest(self) -> str:
        """What is left at the text's end."""
        return "" if self.met else self._held
