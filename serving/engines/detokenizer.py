"""Text from tokens, one token at a time, never half a character.

A byte-level BPE token may end inside a UTF-8 character. Decoding such a prefix gives U+FFFD, so text
is held back until the character is whole; at the end of a message, broken bytes are dropped.
"""

from __future__ import annotations

from tokenizers import Tokenizer

BROKEN = "\ufffd"


class Detokenizer:
    """Turns a growing list of token ids into text pieces that concatenate to the decoded whole."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._pending: list[int] = []
        self._before: list[int] = []

    def add(self, token_id: int) -> str:
        """The text that this token completes; empty while a character is still incomplete."""
        self._pending.append(token_id)
        known = self._decode(self._before)
        text = self._decode(self._before + self._pending)[len(known) :]
        if not text or text.endswith(BROKEN):
            return ""
        # The last finished tokens stay as context: some decoders join words differently at a start.
        self._before, self._pending = self._pending, []
        return text

    def _decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True)) if ids else ""
