"""Messages of the tests' files, whose products are marked [SKU:words] instead of being linked."""

import re
from dataclasses import dataclass

MARK = re.compile(r"\[([A-Z]{2}-\d+):([^\]]+)\]")


@dataclass(frozen=True)
class Mention:
    sku: str
    start: int
    end: int


def read_marked(marked: str) -> tuple[str, list[Mention]]:
    """Returns the message as a customer writes it, and where its products stand."""
    text, mentions, done = "", [], 0
    for match in MARK.finditer(marked):
        text += marked[done : match.start()]
        mentions.append(Mention(match[1], len(text), len(text) + len(match[2])))
        text, done = text + match[2], match.end()
    return text + marked[done:], mentions
