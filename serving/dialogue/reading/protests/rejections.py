"""Whether a message says that the last answer missed (不是问库存，我是问…; that's not what I asked), and what it asks.

Three kinds of words say so: that the answer was none, that something was not asked for, and that something is asked
once more. A denial of a kind of question (not the price) excludes that kind, whatever was told last. Sarcasm is not
understood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kefu.shop.pack import Pack
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.segments import WORD, answer_pieces
from serving.dialogue.reading.word_rules import evidence, plain


@dataclass(frozen=True)
class Rejected:
    """A rejection.

    names: what the customer denies, as ``kefu.acts.target_of``. of_told: whether it is about the last answer at all.
    only_restates: nothing is denied: the same may be asked again.
    rest: the message without the clauses that only deny; what is asked once more stays as it is.
    """

    names: frozenset[str]
    of_told: bool
    only_restates: bool
    rest: str
    evidence: str


class RejectionReader:
    """Reads rejections in one pack's words.

    Args:
        kinds: names of the kinds of questions and wishes that some words name: 库存 is query:product_stock.
    """

    def __init__(self, pack: Pack, kinds: Callable[[Message, str], frozenset[str]]) -> None:
        self._words, self._question, self._kinds = pack.acts.reject, pack.acts.question, kinds

    def read(self, message: Message) -> Rejected | None:
        """The rejection that a message holds; None without one, or where nothing was said before."""
        session, words = message.session, self._words
        if words is None or not any(turn.role == "bot" for turn in session.turns):
            return None
        names, left, cues, of_told, denied = set[str](), list[str](), list[str](), False, False
        # An open question has answers of its own (我是说质量问题); only a flow that was guessed is rejected by these.
        open_question = message.flow is not None and not self._was_guessed(message)
        pieces = answer_pieces(message.text, None)
        restates = bool(self.restated(message.text))
        for clause in pieces:
            said = plain(clause)
            if restates and (echo := evidence(said, words.echoes)):  # 啥发票 我说…; coupon?? i mean …
                names |= self._kinds(message, clause)
                cues.append(echo)
                of_told = denied = True
                continue
            denial, kind = evidence(said, words.denies), evidence(said, words.denies_kind)
            if denial or kind:
                rest = said.partition(denial or kind or "")[2]
                found = self._kinds(message, rest) if WORD.search(rest) else frozenset()
                if not denial:  # 不是两口都换: what a flow does is refused by words of its own
                    found = frozenset(name for name in found if not name.startswith("flow:"))
                asks = evidence(rest, self._question) is not None
                if found or (denial and (restates or not asks) and not open_question):  # 我问能不能退，没问退到哪
                    names |= found
                    of_told |= denial is not None
                    cues.append(denial or kind or "")
                    denied = True
                    continue
            if found_missed := evidence(said, words.missed):
                cues.append(found_missed)
                of_told = denied = True
                behind = said.partition(found_missed)[2]
                left += [behind] if evidence(behind, self._question) is not None else []  # 你没回答我呀谁先寄
                continue
            again = None if open_question or not session.told else evidence(said, words.restates)
            if again and left and self._kinds(message, "".join(left)):
                again = None  # 换货吧，我想问下运费谁出: nothing was asked before
            if again:
                cues.append(again)
                of_told = True
            left.append(clause)
        return Rejected(frozenset(names), of_told, not denied, "".join(left), cues[0]) if cues else None

    def restated(self, text: str) -> str:
        """What a text asks once more, without the words that say so; empty when it holds none."""
        pieces = list(map(plain, answer_pieces(text, None)))
        for at, said in enumerate(pieces):
            again = evidence(said, self._words.restates) if self._words else None
            rest = said.partition(again)[2] if again else ""
            if WORD.search(rest):
                return "".join([rest, *pieces[at + 1 :]])
        return ""

    def _was_guessed(self, message: Message) -> bool:
        """Whether the flow under way began without a word for it in the last answer."""
        assert message.flow
        name = f"flow:{message.flow.name}"
        return any(told.guessed and told.name == name for told in message.session.told)
