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
from serving.dialogue.reading.parts.reader import PartReader
from serving.dialogue.reading.segments import WORD, answer_pieces
from serving.dialogue.reading.word_rules import evidence, plain, without

PICK_ENDS = re.compile(r"吧|[，,]\s*\D")  # what may follow a place that is picked: 1吧，我就想问这个
LONGEST_COURTESY, LONGEST_HELLO = 24, 2  # characters; words
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
        text = self._with_person(replace(message, text=self._without_person(message)))
        text = self._without_courtesy(replace(message, text=self._picked(replace(message, text=text)) or text))
        text = self._without_second_best(self._without_insisting(text))
        asked = self._pack.slots[message.step.collect] if message.step and message.step.collect else None
        if not (asked and (asked.free_text or asked.pii)):
            text = mend_slips(text, self._pack.acts.spelling)
        return replace(message, text=text)

    def _without_person(self, message: Message) -> str:
        """The text behind a wish for a person that it takes back: yes, ask someone. No wait, forget it. How long …?"""
        rules, words = self._pack.acts, self._pack.conversation
        parts = answer_pieces(message.text, rules.another)
        offer = self._offer if message.session.questions and not message.flow else None
        for at in range(1, len(parts)):
            before = "".join(parts[:at])
            calls = evidence(plain(before), rules.person) or (offer and is_clear_yes(parts[0], words, offer))
            if calls and leaves(parts[at], words):
                rest = "".join(parts[at + 1 :])
                return rest if WORD.search(rest) else parts[at]
        return message.text

    def _with_person(self, message: Message) -> str:
        """The text with a wish for a person in place of words that agree to one (转吧), where the last answer told how
        one is called."""
        words, rules = self._pack.conversation, self._pack.acts
        if (
            message.flow
            or words.ask_person is None
            or evidence(plain(message.last_answer), rules.person_offered) is None
        ):
            return message.text
        parts = answer_pieces(message.text, rules.another)
        agreed = [p for p in parts if yes_or_no(p, words, self._offer) and not yes_or_no(p, words)]
        return message.text.replace(agreed[0], f"{words.ask_person.in_(message.lang)}. ", 1) if agreed else message.text

    def _picked(self, message: Message) -> str | None:
        """The question that a message picks by its place, or by a yes to a single one; offered for one message."""
        offered, message.session.questions = message.session.questions, []
        beside = self._beside_yes(message, offered[0]) if len(offered) == 1 and not message.flow else None
        if beside is not None:
            return f"{offered[0]}. {beside}" if self._asks(beside) else offered[0]
        words = plain(message.text)
        for start, end, picked in find_places(words, offered, offered) if offered else ():
            rest = words[end:].lstrip()
            alone = not WORD.search(words[:start]) and (not WORD.search(rest) or PICK_ENDS.match(rest))
            if len(picked) == 1 and alone:
                return picked[0]
        return None

    def _beside_yes(self, message: Message, offer: str) -> str | None:
        """What stands beside a yes to the only question that was offered; None: there is no yes. A person is called by
        a clear yes with company, too: yes please, and have them look at the invoice."""
        words, rules = self._pack.conversation, self._pack.acts
        asks_person = words.ask_person is not None and offer in (words.ask_person.zh, words.ask_person.en)
        step = self._offer if asks_person else None
        if yes_or_no(message.text, words, step):
            return ""
        parts = answer_pieces(message.text, rules.another) if step else []
        ends = [at for at in range(1, len(parts)) if step and is_clear_yes("".join(parts[:at]), words, step)]
        beside = "".join(parts[ends[-1] :]) if ends else ""
        return beside if ends and evidence(plain(beside), rules.hesitate) is None else None

    def _without_insisting(self, text: str) -> str:
        """The text after words that only say that it was said before (我都说了，…), when something follows them."""
        words = plain(text)
        lead = evidence(words, self._pack.acts.insists)
        rest = (text if len(words) == len(text) else words)[len(lead) :] if lead and words.startswith(lead) else ""
        return rest if WORD.search(rest) else text

    def _without_second_best(self, text: str) -> str:
        """The text without a wish that is meant only where the first one cannot be had: and if not, I return it."""
        rule = self._pack.acts.second_best
        left = without(text, rule.words).strip() if rule and evidence(plain(text), rule) else text
        return left if left != text and self._parts.names_write(left) else text

    def _without_courtesy(self, message: Message) -> str:
        """The text after its greeting, and after thanks and the like, when something follows that.

        At an open question 好的 and 谢谢 stay: they may be the answer.
        """
        talks, text = self._pack.acts.small_talk, message.text
        kinds = (GREETING, *(() if message.step else COURTESY))
        leads = {kind: talks[kind] for kind in kinds if kind in talks}
        while (found := self._first_words(text)) and any(evidence(plain(found[0]), talk) for talk in leads.values()):
            hello = GREETING in leads and evidence(plain(found[0]), leads[GREETING])
            talk_only = any(evidence(plain(t), talk) for t in (text, found[1]) for talk in talks.values())
            if not hello and talk_only and not self._asks(found[1]):
                break  # 好的，谢谢: courtesy as a whole
            text = found[1]
        return self._without_hello(text)

    def _first_words(self, text: str) -> tuple[str, str] | None:
        """The words before a message's first stop, blank amid Chinese or emoji, and the rest; None: all is one."""
        first, *more = answer_pieces(text, None)
        rest = "".join(more).lstrip()
        short = len(first) <= LONGEST_COURTESY and not self._asks(first)
        return (first, rest) if short and WORD.search(rest) else None

    def _without_hello(self, text: str) -> str:
        """A question without the greeting that begins it without a stop: hi is the pan ok for induction."""
        rule, words = self._pack.acts.small_talk.get(GREETING), text.split(maxsplit=LONGEST_HELLO)
        for count in range(1, len(words)):
            rest = " ".join(words[count:])
            if evidence(plain(" ".join(words[:count])), rule) is not None and self._asks(rest):
                return rest
        return text

    def _asks(self, text: str) -> bool:
        return evidence(plain(text), self._pack.acts.question) is not None
