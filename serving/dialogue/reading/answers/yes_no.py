"""Yes, no and "never mind": whole messages that are made of the pack's phrases, and of nothing else.

A confirmation changes something in the shop. So a message is an answer only when every word of it is known:
好的谢谢 is a yes; 好贵啊 and "yes but wrong address" are not, because 贵 and "but" are in no phrase. A question
mark makes a question, dots (嗯…) make a yes doubtful. What is no answer is asked again.

The message is cut into words (a Chinese character each, a run of letters, an emoji) and pauses, and matched
by one regex of RE2: its time is linear in the text, though 嗯嗯嗯 can be cut in many ways. Two Chinese phrases
for no need a pause between them: 不是不想退 is none. Sarcasm and typing slips are not understood.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

import re2

from kefu.shop.conversation import Conversation
from kefu.shop.flows import Step
from kefu.shop.part import PackError, Phrases
from kefu.shop.slots import CJK
from kefu.text.regexes import re2_options

QUESTION = re.compile(r"[?؟\u2753\u2754]")
# Zero-width characters, variants and skin tones of emoji, and the apostrophe (dont, don't).
IGNORED = re.compile(r"[\u200b-\u200f\u2060\u2640\u2642\ufe00-\ufe0f\ufeff\U0001f3fb-\U0001f3ff'`\u2018\u2019]")
PIECE = re.compile(r"[^\W_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|\s+|[.。]{2,}|.", re.DOTALL)
DRAWN_OUT = re.compile(r"([a-z])\1{2,}")  # yesss, nooo
PAUSE, DOTS = ", ", "… "
NEVER = r"[^\x00-\x{10FFFF}]"  # matches nothing: RE2 has no look-around
NOTHING = "(?!)"  # the same for Python's regexes


class AnswerPatterns(NamedTuple):
    """Regexes over what ``_words`` makes of a message."""

    yes: re2._Regexp
    clear_yes: re2._Regexp
    go_ahead: re2._Regexp
    no: re2._Regexp
    leave: re2._Regexp
    leave_open: re2._Regexp
    doubt: re2._Regexp


def yes_or_no(text: str, words: Conversation, step: Step | None = None) -> bool | None:
    """True for a yes, False for a no, None when the message is neither.

    Args:
        step: the confirmation that is open; its own words for yes and no count too.
    """
    if _is(text, "yes", words, step):
        return True
    return False if _is(text, "no", words, step) else None


def is_clear_yes(text: str, words: Conversation, step: Step) -> bool:
    """Whether a text is a yes in words that confirm the step whatever question or wish stands beside them."""
    return _is(text, "clear_yes", words, step)


def goes_ahead(text: str, words: Conversation, step: Step) -> bool:
    """Whether a text tells Kefu to do what the step asks (提交吧, submit it), in no other words."""
    return _is(text, "go_ahead", words, step)


def after_clear_yes(clause: str, words: Conversation, step: Step | None = None) -> str:
    """What a clause says after the clear yes that it begins with (那确认退枕头); empty when there is none."""
    lead = _lead_of(_Same(words), _Same(step)).match(clause)
    return clause[lead.end() :].strip() if lead else ""


def leaves(text: str, words: Conversation, in_flow: bool = False) -> bool:
    """Whether the customer gives up what was being done.

    Args:
        in_flow: a bare "cancel" counts too; not where the flow under way is what it asks for.
    """
    return _is(text, "leave_open" if in_flow else "leave", words)


def _is(text: str, kind: str, words: Conversation, step: Step | None = None) -> bool:
    message = _message_words(text)
    if message is None:
        return False
    patterns = _patterns_of(_Same(words), _Same(step))
    return getattr(patterns, kind).fullmatch(message) is not None and patterns.doubt.search(message) is None


@lru_cache(maxsize=16)  # a message is asked for its yes, its no and its "never mind"
def _message_words(text: str) -> str | None:
    """``_words`` of a message; None for a question."""
    return None if QUESTION.search(unicodedata.normalize("NFKC", text)) else _words(text)


@dataclass(frozen=True, eq=False)
class _Same:
    """Part of a pack, equal to itself alone: comparing all its phrases takes longer than reading a message."""

    part: Conversation | Step | None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.part is other.part

    def __hash__(self) -> int:
        return id(self.part)


@lru_cache(maxsize=256)
def _patterns_of(conversation: _Same, confirmation: _Same) -> AnswerPatterns:
    words, step = conversation.part, confirmation.part
    assert isinstance(words, Conversation) and not isinstance(step, Conversation)
    return _patterns(
        yes=_flat(words.yes),
        go_ahead=_flat(words.go_ahead, step.yes if step else {}),
        please=_flat(words.please),
        gives_in=_flat(words.gives_in),
        clear_yes=_flat(words.clear_yes, step.yes if step else {}),
        no=_flat(words.no, step.no if step else {}),
        leave=_flat(words.leave),
        leave_open=_flat(words.leave_open),
        around=_flat(words.around),
        before_no=_flat(words.before_no),
        doubt=_flat(words.doubt),
    )


@lru_cache(maxsize=64)
def _lead_of(conversation: _Same, confirmation: _Same) -> re.Pattern[str]:
    """A clear yes at the beginning of a clause: the longest phrase first."""
    words, step = conversation.part, confirmation.part
    assert isinstance(words, Conversation) and not isinstance(step, Conversation)
    phrases = sorted(_flat(words.clear_yes, step.yes if step else {}), key=len, reverse=True)
    before = "|".join(sorted(map(re.escape, _flat(words.please)), key=len, reverse=True))
    return re.compile(
        rf"\s*(?:(?:{before})\s*)?(?:{'|'.join(map(re.escape, phrases)) or NOTHING})(?![a-z])", re.IGNORECASE
    )


def _flat(*groups: Phrases) -> tuple[str, ...]:
    return tuple(phrase for group in groups for some in group.values() for phrase in some)


def _words(text: str) -> str:
    """The words of a text, a blank after each; PAUSE and DOTS where the writer paused."""
    plain = IGNORED.sub("", unicodedata.normalize("NFKC", text.replace("\u2019", "'")).casefold())
    pieces = PIECE.findall(DRAWN_OUT.sub(r"\1", plain))
    words = [_word(piece) for piece in pieces]
    for at, piece in enumerate(pieces):
        if piece.isspace():
            words[at] = _blank(piece, pieces[at - 1 : at] + pieces[at + 1 : at + 2])
    return "".join(words)


def _blank(piece: str, beside: list[str]) -> str:
    """Chinese writers put a blank where others put a comma."""
    return PAUSE if "\n" in piece or all(CJK.search(other) for other in beside) else ""


@lru_cache(maxsize=4096)
def _word(piece: str) -> str:
    if len(piece) > 1 and piece[0] in ".。":
        return DOTS
    silent = piece.isascii() or unicodedata.category(piece[0])[0] in "PZC"
    return PAUSE if silent and not piece[0].isalnum() else piece + " "


@cache
def _patterns(
    yes: tuple[str, ...],
    go_ahead: tuple[str, ...],
    please: tuple[str, ...],
    gives_in: tuple[str, ...],
    clear_yes: tuple[str, ...],
    no: tuple[str, ...],
    leave: tuple[str, ...],
    leave_open: tuple[str, ...],
    around: tuple[str, ...],
    before_no: tuple[str, ...],
    doubt: tuple[str, ...],
) -> AnswerPatterns:
    beside = f"(?:{PAUSE}|{_any(around)})"
    aside = f"(?:{DOTS}|{beside})"
    before = f"(?:{aside}|{_any(before_no)})*"
    again = f"{aside}+(?:{_any(before_no)})*"
    before_order = f"(?:{_any(please)}(?:{PAUSE})?)*"
    # Who gives in has it done (算了你催吧); "never mind, cancel it" may be all that he gives up.
    verbs = _any(verb for verb in go_ahead if verb not in leave_open)
    given_in = f"(?:{_any(gives_in)}(?:{PAUSE})?)+{before_order}{verbs}"
    order = f"(?:{before_order}{_any(go_ahead)}|{given_in})"
    some_yes, clear = f"(?:{_any(yes)}|{order})", f"(?:{before_order}{_any(clear_yes)}|{given_in})"
    denial, giving_up, giving_open_up = _denial(no), f"{_any(leave)}+", f"{_any([*leave, *leave_open])}+"
    return AnswerPatterns(
        yes=_compiled(f"{beside}*(?:(?:{_any(yes)}|{order}){beside}*)+"),
        clear_yes=_compiled(f"{beside}*(?:{some_yes}{beside}*)*{clear}{beside}*(?:{some_yes}{beside}*)*"),
        go_ahead=_compiled(f"{beside}*(?:{order}{beside}*)+"),
        no=_compiled(f"{before}{denial}(?:{again}{denial})*{aside}*"),
        leave=_compiled(_leaving(before, denial, again, giving_up, aside)),
        leave_open=_compiled(_leaving(before, denial, again, giving_open_up, aside)),
        doubt=_compiled(f"(?:^| ){_any(doubt)}"),
    )


def _compiled(pattern: str) -> re2._Regexp:
    return re2.compile(pattern, re2_options())  # RE2's own bound of memory is too small for all the phrases


def _leaving(before: str, denial: str, again: str, giving_up: str, aside: str) -> str:
    return f"{before}(?:{denial}{again})*{giving_up}(?:{before}{giving_up}|{again}{denial})*{aside}*"


def _any(phrases: Iterable[str]) -> str:
    """One of the phrases."""
    return f"(?:{'|'.join(re2.escape(_phrase(phrase)) for phrase in phrases) or NEVER})"


def _denial(phrases: Iterable[str]) -> str:
    """A Chinese phrase as often as you like, or English ones: two different Chinese ones deny each other."""
    chinese = [phrase for phrase in phrases if CJK.search(phrase)]
    english = [phrase for phrase in phrases if not CJK.search(phrase)]
    return f"(?:{'|'.join([f'{_any([phrase])}+' for phrase in chinese] + [f'{_any(english)}+'])})"


def _phrase(phrase: str) -> str:
    words = _words(phrase)
    if not words.replace(PAUSE, "").replace(DOTS, ""):
        raise PackError(f"conversation.yaml: the phrase {phrase!r} has no word: write letters or an emoji")
    return words
