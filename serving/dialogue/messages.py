"""What a message has to be, whoever sends it, and how one that comes again is known."""

from __future__ import annotations

import hashlib


class BadMessage(ValueError):
    """A message that cannot be answered: empty, too long, or no text."""


class ReusedId(ValueError):
    """The id of an earlier message came with another text."""

    def __init__(self) -> None:
        super().__init__("id: an earlier message of this session had it: give each message an id of its own")


def check_text(text: str, max_chars: int) -> None:
    """Raises BadMessage."""
    if not text.strip():
        raise BadMessage("The message is empty: write what you would like to know")
    if len(text) > max_chars:
        raise BadMessage(f"{len(text)} characters; at most {max_chars} can be read")
    try:
        text.encode()
    except UnicodeEncodeError as error:  # no tokenizer and no store takes it
        raise BadMessage(
            f"Character {error.start + 1} is half of a surrogate pair, which is no character: send valid Unicode"
        ) from error


def digest(text: str) -> str:
    """By which a text is known again where the text itself is not kept."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
