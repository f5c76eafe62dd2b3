"""What the readers of protests and of stops need of the reader of whole messages."""

from __future__ import annotations

from typing import Protocol

from kefu.acts import Act
from serving.dialogue.reading.message import Message, Reading


class Whole(Protocol):
    """Reads texts of a conversation as a whole: the fast reader."""

    def by_parts(self, message: Message, reading: Reading) -> list[Act]:
        """The acts of all parts."""
        ...

    def asked_in(self, message: Message, reading: Reading) -> list[Act]:
        """What a message asks, understood or not."""
        ...

    def beside_end(self, message: Message, rest: str, reading: Reading) -> list[Act]:
        """What is asked beside words that end the flow under way."""
        ...

    def goes_on(self, message: Message, rest: str, reading: Reading) -> list[Act]:
        """The acts of words that tell Kefu to go ahead."""
        ...

    def steps(self, message: Message, reading: Reading) -> list[Act]:
        """All acts of a message."""
        ...
