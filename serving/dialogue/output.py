"""What a model may say to a customer: no control tokens, no personal data it made up.

Models learn from redacted conversations, so they write placeholders. One that the session's vault
knows is restored for its own customer; any other is worded ("your order number") from the pack's slots.
Works on a stream: text is held back only while it might become something that has to be replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from kefu.pack import Pack
from kefu.redact import PLACEHOLDER

CONTROL = re.compile(r"<\|[^|<>]{0,32}\|>|</?(?:think|tool_call|tool_response|tools)>")
OPENED = re.compile(r"(?:<[^<>]{0,36}|\[[A-Z_\d]{0,38})$")  # may still become one of the two


class OutputGuard:
    """Cleans the words of a model for one session."""

    def __init__(self, pack: Pack, vault: Mapping[str, str], lang: str) -> None:
        self._vault = vault
        self._names = {slot.pii: slot.title.in_(lang) for slot in pack.slots.values() if slot.pii}

    def stream(self, pieces: Iterable[str]) -> Iterator[str]:
        """Clean pieces, with placeholders of the vault still in place. A control token ends the message."""
        held, said = "", False
        for piece in pieces:
            held = held + piece if said else (held + piece).lstrip()
            if end := CONTROL.search(held):
                held = held[: end.start()]
                break
            if opened := OPENED.search(held):
                ready, held = held[: opened.start()], held[opened.start() :]
            else:
                ready, held = held, ""
            if ready:
                said = True
                yield self._worded(ready)
        if held:
            yield self._worded(held)

    def _worded(self, text: str) -> str:
        return PLACEHOLDER.sub(lambda m: m[0] if self._known(m[0]) else self._names.get(m[1], ""), text)

    def _known(self, placeholder: str) -> bool:
        """A customer may type a placeholder: then it stands for itself, and nothing is known."""
        return self._vault.get(placeholder, placeholder) != placeholder
