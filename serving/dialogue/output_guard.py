"""What a model may say to a customer: whole, sound sentences, without personal data it made up.

Models learn from redacted conversations, so they write placeholders. One that the session's vault
knows is restored for its own customer; any other is worded ("your order number") from the pack's slots.

A sentence is held back until it is complete and judged. Broken characters (U+FFFD), a loop, the instructions
of the system prompt or the mark of a role are faults: the message ends before the sentence that has one. So are
another language and, when sources are given, a claim that none of them supports (``serving/dialogue/claims``), and
what probably does not answer the question (``serving/knowledge/relevance.py``): the sentences after it may depend on
it. What the facts in the prompt say may be repeated. An answer that begins with asking for an order number or the like
is none: only a flow can use one, and it asks by itself.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kefu.knowledge.index import KnowledgeEntry
from kefu.llm.prompt import answer_messages
from kefu.shop.pack import Pack
from kefu.text.placeholders import PLACEHOLDER, PLACEHOLDER_START
from serving.dialogue.claims.checker import ClaimChecker
from serving.dialogue.claims.languages import foreign
from serving.dialogue.claims.records import Claim
from serving.knowledge.relevance import Relevance

logger = logging.getLogger(__name__)

CONTROL = re.compile(r"<\|[^|<>]{0,32}\|>|</?(?:think|tool_call|tool_response|tools)>")
OPENED = re.compile(rf"(?:<[^<>]{{0,36}}|{PLACEHOLDER_START})$")  # may still become one of the two
# A sentence ends where its last mark is followed by something else; "1.5" is one word.
ENDED = re.compile(r"(?:[。！？!?…\n]|\.(?=\s))[。！？!?….\s”’」』\"')）】]*(?=[^。！？!?….\s”’」』\"')）】])")
TOKEN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\W_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
ROLE = re.compile(
    r"(?:^|\n)[\s#*<\[|]*(?:user|system|assistant|human|customer|tool|顾客|客户|用户|系统|助手)[\s\]>|*]*(?:[:：]|\n|$)"
    r"|\[/?INST\]|<</?SYS>>|\bim_(?:start|end)\b|#{2,}\s*(?:instruction|response|input)",
    re.IGNORECASE,
)
REQUEST = re.compile(
    r"[？?]|请|麻烦|发(?:我|一?下|给)|提供|告诉"
    r"|\b(?:please|may i|can i|could you|can you|send|tell|give|what is|what's)\b",
    re.IGNORECASE,
)
COURTESY = re.compile(  # possessive: a long sentence is given up at its first other word
    r"(?:亲爱的|亲|您好|你好|好的|非常|很|十分|真的?|抱歉|对不起|不好意思|我在的?|请问|有什么可以帮[您你]的?|[呢啊哦呀吗]|\W"
    r"|\b(?:hi|hello|dear|ok|okay|i|am|so|very|really|sorry|apologies|my|here|what|how|can|may|do|for|you|help|about|that)\b"
    r"|\bi'm\b)*+",
    re.IGNORECASE,
)
SPUN = re.compile(r"([^\d\s])\1{7,}|([^\W\d_]{2,8}?)\2{3,}")  # ！！！！！！！！, lolololo: within a word
CLAUSE = re.compile(r"[。！？!?，,；;：:\n]+|\.\s")
LONG = 8  # words: a phrase of so many comes twice in a row by no chance
LOOKED_BACK = 256  # words in which a loop is looked for
CHINESE, LATIN = 8, 6  # words of the instructions in a row that are an echo; of a whole clause 6 and 5
NOTHING_ELSE = 4  # words of a sentence that is nothing but a piece of the instructions
MARK = "\u0000"


class OutputGuard:
    """Cleans the words of a model for one answer.

    Args:
        pack: the shop; its name and greeting may always be said.
        vault: placeholders of the session.
        lang: the customer's language.
        sources: passages, tool results and earlier answers that the model was shown; None: claims, language and
            requests are not checked.
        customer: what the customer wrote; the answer may repeat its numbers and names.
        relevance: of a sentence to the question; None: it is not checked.
    """

    def __init__(
        self,
        pack: Pack,
        vault: Mapping[str, str],
        lang: str,
        sources: Sequence[str] | None = None,
        customer: str = "",
        relevance: Relevance | None = None,
    ) -> None:
        self._relevance = relevance if relevance and relevance.least else None
        self._vault, self._instructions, self._lang = vault, Instructions(pack), lang
        self._claims: ClaimChecker | None = None
        self._sources = "" if sources is None else _spaced(_words("\n".join(sources)))
        if sources is not None:
            shop = "\n".join(
                text.in_(any_lang) for text in (pack.shop.name, pack.shop.greeting) for any_lang in ("zh", "en")
            )
            self._claims = ClaimChecker([*sources, shop], customer)
            self._allowed = "\n".join([*sources, shop, customer])
        self._names = {slot.pii: slot.title.in_(lang) for slot in pack.slots.values() if slot.pii}

    def stream(self, pieces: Iterable[str]) -> Iterator[str]:
        """Clean sentences, with placeholders of the vault still in place; none when the first has a fault.

        Courtesy that nothing follows is no answer: 亲，非常抱歉！ Nor is a bare yes, where relevance is checked; it may
        begin the next sentence, and is said when that is.
        """
        said: list[str] = []
        held, answered = "", False
        for sentence in _sentences(_controlled(pieces)):
            if self._at_fault(sentence, said):
                return
            said.append(sentence)
            held += self._worded(sentence)
            if self._answers(sentence, said):
                yield held
                held, answered = "", True
        if held and answered:
            yield held

    def _answers(self, sentence: str, said: list[str]) -> bool:
        """Whether the last sentence of what was said makes an answer of it: courtesy and common words do not."""
        if self._relevance is None:
            return self._claims is None or not COURTESY.fullmatch("".join(said))
        return not COURTESY.fullmatch(sentence) and self._relevance.probability(sentence) is not None

    def unsupported(self, text: str) -> list[Claim]:
        """Claims that none of the sources supports, in the order of the text; none when no sources were given."""
        return [] if self._claims is None else self._claims.unsupported(text)

    def _at_fault(self, sentence: str, said: list[str]) -> bool:
        words = _words(sentence)
        repeated = bool(words) and words in map(_words, said)
        return (
            repeated
            or _broken(sentence)
            or ROLE.search(sentence) is not None
            or SPUN.search(sentence.lower()) is not None
            or _loops(_words("".join(said)) + words)
            or self._instructions.echoed(sentence)
            or (not said and self._asks_back(sentence))
            or self._untrue(sentence)
            or self._off_topic(sentence)
        )

    def _off_topic(self, sentence: str) -> bool:
        """Whether a sentence is told from passages that probably do not answer the question, or from none."""
        if self._relevance is None or COURTESY.fullmatch(sentence):
            return False
        probability = self._relevance.probability(sentence)
        if probability is None or probability >= self._relevance.least:
            return False
        logger.info("a model's sentence was dropped: it answers the question with probability %.2f", probability)
        return True

    def _asks_back(self, sentence: str) -> bool:
        """Whether a sentence that no source has asks the customer for what fills a flow's slot: an order number."""
        words = sentence.casefold()
        asks = REQUEST.search(words) is not None and any(name.casefold() in words for name in self._names.values())
        return asks and self._claims is not None and _spaced(_words(sentence)) not in self._sources

    def _untrue(self, sentence: str) -> bool:
        """Whether a sentence is in another language or claims what no source supports; the log says which."""
        if self._claims is None:
            return False
        if foreign(sentence, self._lang, self._allowed):
            logger.info("a model's sentence was dropped: it is not in %s", self._lang)
            return True
        if claims := self.unsupported(sentence):
            logger.info("a model's sentence was dropped: no support for %s", [f"{c.kind} ({c.unit})" for c in claims])
        return bool(claims)

    def _worded(self, text: str) -> str:
        return PLACEHOLDER.sub(lambda m: m[0] if self._is_known(m[0]) else self._names.get(m[1], ""), text)

    def _is_known(self, placeholder: str) -> bool:
        """A customer may type a placeholder: then it stands for itself, and nothing is known."""
        return self._vault.get(placeholder, placeholder) != placeholder


def _controlled(pieces: Iterable[str]) -> Iterator[str]:
    """The text up to a control token, which ends the message; without blanks at its beginning."""
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
            yield ready
    if held:
        yield held


def _sentences(pieces: Iterable[str]) -> Iterator[str]:
    held = ""
    for piece in pieces:
        held += piece
        while end := ENDED.search(held):
            yield held[: end.end()]
            held = held[end.end() :]
    if held:
        yield held


def _words(text: str) -> list[str]:
    """A Chinese character is a word; case and punctuation do not count."""
    return TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def _broken(text: str) -> bool:
    """Halves of characters, and characters that no text has."""
    return any(
        c == "\ufffd" or (c not in "\n\r\t" and unicodedata.category(c) in ("Cc", "Cn", "Co", "Cs")) for c in text
    )


def _loops(words: list[str]) -> bool:
    """Whether a phrase comes again and again, with nothing in between."""
    words = words[-LOOKED_BACK:]
    for size in range(1, len(words) // 2 + 1):
        run = 0
        for one, other in zip(words, words[size:], strict=False):
            run = run + 1 if one == other else 0
            if run >= size * (_times(one, size) - 1):
                return True
    return False


def _times(word: str, size: int) -> int:
    """How often in a row makes a loop: 哈哈哈 and 好的好的 are none, "Lo Lo Lo" is one; 0 0 0 may be a number."""
    if size > 1:
        return 3 if size < LONG else 2
    return LOOKED_BACK if word.isdigit() else 3 if word.isascii() else 4


class Instructions:
    """The words of the pack's system prompts, without the facts."""

    def __init__(self, pack: Pack) -> None:
        self._shop = sorted((pack.shop.name.zh, pack.shop.name.en), key=len, reverse=True)
        fact = KnowledgeEntry(id="", kind="faq", intent=None, lang="zh", question=MARK, answer="")
        prompts = [answer_messages(pack, lang, [fact], [])[0].content for lang in ("zh", "en")]
        self._labels = [label for prompt in prompts for label in _labels(prompt)]
        parts = [part for prompt in prompts for part in prompt.split(MARK)]
        self._whole = [_spaced(self._plain(part)) for part in parts]
        self._clauses = [
            _spaced(words) for part in parts for words in map(self._plain, CLAUSE.split(part)) if _long(words, 1)
        ]

    def echoed(self, sentence: str) -> bool:
        """Whether the sentence says the instructions: much of them, a clause of them, or nothing else."""
        words = self._plain(sentence)
        whole = _spaced(words)
        windows = (words[at : at + size] for size in (LATIN, CHINESE) for at in range(len(words) - size + 1))
        return (
            any(_long(window, 0) and _spaced(window) in part for window in windows for part in self._whole)
            or any(clause in whole for clause in self._clauses)
            or (len(words) >= NOTHING_ELSE and any(whole in part for part in self._whole))
            or any(sentence.strip().casefold().startswith(label) for label in self._labels)
        )

    def _plain(self, text: str) -> list[str]:
        """The shop's name is one word: 是栖木家居的客服 is no echo."""
        for name in self._shop:
            text = re.sub(re.escape(name), " shopname ", text, flags=re.IGNORECASE)
        return _words(text)


def _labels(prompt: str) -> Iterator[str]:
    """What stands before the facts: a model that begins with it reads them out."""
    for before in prompt.split(MARK)[:-1]:
        if label := before.rsplit("\n", 1)[-1].strip().casefold():
            yield label


def _spaced(words: list[str]) -> str:
    return f" {' '.join(words)} "


def _long(words: list[str], less: int) -> bool:
    """Long enough to be no chance; a Chinese word says less than a Latin one, and ``less`` is for whole clauses."""
    chinese = any(not word.isascii() for word in words)
    return len(words) >= (CHINESE - 2 * less if chinese else LATIN - less)
