"""The texts of a session without personal data, and as its customer sees them.

Messages, answers and what the store keeps of them have placeholders; the session's vault knows what they stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from kefu.knowledge.entries import knowledge_entries
from kefu.privacy.redact import restore
from kefu.shop.pack import Pack
from kefu.shop.part import LANGUAGES, Text
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.records import Order
from serving.dialogue.reading.script import in_script, simplified
from serving.sessions.session import Session


class SessionTexts:
    """Redacts and restores texts of one pack's sessions."""

    def __init__(self, pack: Pack, linker: Linker) -> None:
        self.redactor, self._linker = pack.redactor(), linker
        self._own = frozenset(_answers_of(pack))
        self._is_impersonal = lru_cache(maxsize=len(self._own))(self._names_nothing)

    def redacted(self, session: Session, text: str, orders: Callable[[], list[Order]]) -> tuple[str, str]:
        """A message as it is read, in simplified characters, and as the log keeps it.

        Words around personal data are found in simplified characters only; the log keeps the script where it may.
        """
        plain = simplified(text)
        redacted = written = self._redact(session, plain, orders)
        if plain != text and simplified(again := self._redact(session, text, orders)) == redacted:
            written = again
        return redacted, written

    def redacted_answer(self, text: str, session: Session) -> str:
        """An answer without personal data: in the pack's own texts, which most are, only a name may be found."""
        if (
            text in self._own
            and self._is_impersonal(text)
            and not any(name.startswith("[NAME_") for name in session.vault)
        ):
            return text
        return self.redactor.redact(text, session.vault)

    def _names_nothing(self, text: str) -> bool:
        return "[" not in text and not self.redactor.find(text)

    def shown(self, text: str, session: Session) -> str:
        """As the customer sees it: in his script, with his own data."""
        return restore(in_script(text, session.script), session.vault)

    def placeholder(self, session: Session, value: str) -> str:
        """What stands for a value in the session's texts; the value itself, where it is no personal data."""
        known = next((name for name, original in session.vault.items() if original == value), None)
        return known or self.redactor.redact(value, session.vault)

    def _redact(self, session: Session, text: str, orders: Callable[[], list[Order]]) -> str:
        """The text with order numbers as the shop writes them, and placeholders for personal data."""
        return self.redactor.redact(self._linker.normalise(text, orders), session.vault)


def _answers_of(pack: Pack) -> Iterator[str]:
    """Texts that answer a message as they stand in the pack."""
    yield from (entry.answer for entry in knowledge_entries(pack))
    spoken = [talk.reply for talk in pack.acts.small_talk.values()]
    spoken += [slot.ask for slot in pack.slots.values()]
    spoken += [text for _, text in pack.conversation if isinstance(text, Text)]
    yield from (text.in_(lang) for text in spoken for lang in LANGUAGES)
