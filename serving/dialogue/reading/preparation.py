"""What of a message is read: without courtesy before it, words that only insist, and a second-best wish.

A place or a yes picks the question that was offered before. Typing slips of the pack's own words are mended, but not
where a free text or personal data is asked for.
"""

from __future__ import annotations

import re
from dataclasses import replace

from kefu.shop.flows import Step
from kefu.shop.pack import Pack
from kefu.text.typing_slips import mend_slips
from serving.dialogue.linking.ordinals import find_places
from serving.dialogue.reading.answers.yes_no import is_clear_yes, leaves, yes_or_no
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.parts import PartReader
from serving.dialogue.reading.segments import WORD, answer_pieces
from serving.dialogue.reading.word_rules import evidence, plain, without

PICK_ENDS = re.compile(r"吧|[，,]\s*\D")  # what may follow a place that is picked: 1吧，我就想问这个
GREETED = re.compile(r"([^，,。!！?？~～]{1,24})[，,。!！?？~～]+\s*(.*\w.*)", re.DOTALL)
GREETING = "hello"  # the kind of small talk that opens a message and asks for nothing
COURTESY = ("thanks", "acknowledge", "praise")  # kinds that may stand before what a message is about


class TextPreparer:
    """Prepares messages of one pack."""

    def __init__(self, pack: Pack, parts: PartReader) -> None:
        self._pack, self._parts = pack, parts
        words = pack.conversation
        offer = words.offer_person
        self._offer = Step(id="offer", confirm=offer, refused="offer", yes=words.ask_person_yes) if offer else None

    def prepared(self, message: Message) -> Message:
        """The message with the text that is read."""
        text = self._without_person(message)
        text = self._without_courtesy(replace(message, text=self._picked(replace(message, text=text)) or text))
        text = self._without_second_best(self._without_insisting(text))
        asked = self._pack.slots[message.step.collect] if message.step and message.step.collect else None
        if not (asked and (asked.free_text or asked.pii)):
            text = mend_slips(text, self._pack.acts.spelling)
        return replace(message, text=text)

    def _without_person(self, message: Message) -> str:
        """The text behind a wish for a person that it takes back: yes, ask someone. No wait, forget it. How long …?"""
        rules, words = self._pack.acts, self._pack.conversation
        parts, offers = answer_pieces(message.text, rules.another), bool(message.session.questions) and not message.flow
        for at in range(1, len(parts)):
            before = "".join(parts[:at])
            accepts = offers and self._offer is not None and is_clear_yes(parts[0], words, self._offer)
            calls = accepts or evidence(plain(before), rules.person) is not None
            if calls and leaves(parts[at], words):
                rest = "".join(parts[at + 1 :])
                return rest if WORD.search(rest) else parts[at]
        return message.text

    def _picked(self, message: Message) -> str | None:
        """The question that a message picks by its place, or by a yes to a single one; offered for one message."""
        offered, message.session.questions = message.session.questions, []
        if len(offered) == 1 and not message.flow and self._accepts(message, offered[0]):
            return offered[0]
        words = plain(message.text)
        for start, end, picked in find_places(words, offered, offered) if offered else ():
            rest = words[end:].lstrip()
            alone = not WORD.search(words[:start]) and (not WORD.search(rest) or PICK_ENDS.match(rest))
            if len(picked) == 1 and alone:
                return picked[0]
        return None

    def _accepts(self, message: Message, offer: str) -> bool:
        """Whether a message is a yes to the only question that was offered; a person is called by a clear yes with
        company, too: yes please, and have them look at the invoice."""
        words, rules = self._pack.conversation, self._pack.acts
        asks_person = words.ask_person is not None and offer in (words.ask_person.zh, words.ask_person.en)
        step = self._offer if asks_person else None
        said = yes_or_no(message.text, words, step)
        if said or step is None:
            return bool(said)
        parts = answer_pieces(message.text, rules.another)
        ends = [at for at in range(1, len(parts)) if is_clear_yes("".join(parts[:at]), words, step)]
        company = plain("".join(parts[ends[-1] :])) if ends else ""
        return bool(ends) and evidence(company, rules.hesitate) is None

    def _without_insisting(self, text: str) -> str:
        """The text after words that only say that it was said before (我都说了，…), when something follows them."""
        lead = evidence(plain(text), self._pack.acts.insists)
        rest = text[len(lead) :] if lead and text.startswith(lead) else ""
        return rest if WORD.search(rest) else text

    def _without_second_best(self, text: str) -> str:
        """The text without a wish that is meant only where the first one cannot be had: and if not, I return it."""
        rule = self._pack.acts.second_best
        left = without(text, rule.words).strip() if rule else text
        return left if left != text and self._parts.names_write(left) else text

    def _without_courtesy(self, message: Message) -> str:
        """The text after its greeting, and after thanks and the like, when something follows that.

        At an open question 好的 and 谢谢 stay: they may be the answer.
        """
        talks, text = self._pack.acts.small_talk, message.text
        leads = [talks[kind] for kind in (GREETING, *(() if message.step else COURTESY)) if kind in talks]
        while (found := GREETED.match(text)) and any(evidence(plain(found[1]), talk) for talk in leads):
            hello = GREETING in talks and evidence(plain(found[1]), talks[GREETING])
            if not hello and any(evidence(plain(t), talk) for t in (text, found[2]) for talk in talks.values()):
                break  # 好的，谢谢: courtesy as a whole
            text = found[2]
        return text
