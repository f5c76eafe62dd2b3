"""Cuts a message where a second wish may begin: at the end of a sentence, before the pack's words for "also", and at
the comma, slash or "and" between two questions (运费怎么算，能不能开发票). A comma before what is told with a question
stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.shop.act_words import WordRule
from kefu.shop.slots import CJK
from serving.dialogue.reading.word_rules import evidence, occurrences, plain

END = re.compile(  # no end: tax no. 9111…, Novak Studio Ltd. tax number
    r"(?<=[。！？!?；;\n])(?=[^。！？!?；;\n\s…~～])"
    r"|(?<=[.!?;])\s(?!(?<=[Nn]o\.\s)[\[\d]|(?<=(?:Ltd|Inc)\.\s)[a-z\[\d])(?=\S)"
)
COMMA = re.compile(
    rf"(?:[，、]|,(?!\d))\s*(?:and\s+|or\s+|还有|以及|和)?|(?<={CJK.pattern})\s+(?={CJK.pattern})"
    r"|\s+/\s+"
    r"|\s+and\s+(?=(?:do|does|did|can|could|will|would|is|are|(?:how|what|when|where|who)(?:'?s)?|which|why|should)\b)",
    re.IGNORECASE,
)
WORD = re.compile(r"[^\W_]")
CLAUSE = re.compile(
    r"(?<=[，,。！？!?；;\n])(?=[^，,。！？!?；;\n])|(?<=[.])\s|\s(?=(?:and|but) (?:i|keep|leave|not|the)\b)",
    re.IGNORECASE,
)
# Where an answer may end in a clause: after an emoji, at a blank amid Chinese (it stands for a comma), before "and",
# and where somebody dictates without a mark: 提交吧身高一米七会不会太大, 算了不退了那就换, 盒子没了也先帮我申请上.
EMOJI = r"[\u2190-\u2bff\U0001f000-\U0001faff][\ufe0f\u200d\U0001f3fb-\U0001f3ff]*"
ANSWER_ENDS = re.compile(
    rf"(?:{EMOJI})+\s*(?=\w)|(?<=[~～])(?=\w)|(?<={CJK.pattern})\s+(?={CJK.pattern}|\d)|\s+(?=and\b)"
    rf"|(?<=吧)(?=(?!台){CJK.pattern})|(?<=了)(?=那(?![个单件条只双套种床台口张笔些边天位]))|(?<=也)(?=先?(?:帮我|给我|直接))",
    re.IGNORECASE,
)
# Where a question may follow other words without a stop: 换吧 是你们先发吗; return it, but the box is gone, ok?
BEFORE_QUESTION = re.compile(
    rf"(?<=吧)[\s，,~～]*(?=(?!台){CJK.pattern})|(?<=[了吧])[\s，,]*(?=要是|如果|万一)"
    r"|(?<=[^\W不非])[\s，,]*(?=不过|但是?|可是|然后)|[,，]?\s+(?=but\b)"
    r"|\s+and\s+(?=(?:what|when|where|who)(?:'?s)?\b|how (?:long|soon|much|do|does|can|will)\b)"
    r"|\s+and\s+(?=(?:do|does|can|will|is|are)\b)",
    re.IGNORECASE,
)
LEADS = re.compile(r"\W*(?:(?:and|or|but|so|i|oh|对了|那|我|然后|顺便)\W*)+", re.IGNORECASE)  # no part by themselves
ASKS_ON = re.compile(r"\W*(?:and|or)\s+(?:when|where|how|why|what|who)\W*", re.IGNORECASE)  # of what stands before it
DENIED = re.compile(r"\s*(?:我|也|并)?不是(?!不|吗|嘛)|\s*(?:it'?s )?not\b", re.IGNORECASE)
MAX_PARTS = 6  # each is read alone; what a pasted text has beyond is the last part


def segments(text: str, another: WordRule | None, question: WordRule | None = None) -> list[str]:
    """The parts of a text, in order; joined they are the text. Most messages have one."""
    cuts = {match.end() for match in END.finditer(text)} | set(occurrences(text, another))
    cuts |= set(_before_questions(text, question)) | set(_between_questions(text, cuts, question))
    places = [0, *sorted(cut for cut in cuts if 0 < cut < len(text)), len(text)]
    parts: list[str] = []
    for start, end in zip(places, places[1:], strict=False):
        if parts and LEADS.fullmatch(parts[-1]):
            parts[-1] += text[start:end]
        elif not parts or WORD.search(text[start:end]):
            parts.append(text[start:end])
        else:
            parts[-1] += text[start:end]  # marks and emoji belong to what they follow
        if len(parts) > 1 and ASKS_ON.fullmatch(parts[-1]):
            parts[-2:] = ["".join(parts[-2:])]
    return parts if len(parts) <= MAX_PARTS else [*parts[: MAX_PARTS - 1], "".join(parts[MAX_PARTS - 1 :])]


def clauses(text: str) -> list[str]:
    """The clauses of a text, in order, with their marks; joined they are the text."""
    places = [0, *(match.end() for match in CLAUSE.finditer(text)), len(text)]
    return [text[start:end] for start, end in zip(places, places[1:], strict=False) if end > start]


def answer_pieces(text: str, another: WordRule | None) -> list[str]:
    """The pieces of a text, cut wherever an answer may end and other words begin; joined they are the text."""
    cuts = {match.end() for pattern in (CLAUSE, ANSWER_ENDS) for match in pattern.finditer(text)}
    places = [0, *sorted(cut for cut in cuts | set(occurrences(text, another)) if 0 < cut < len(text)), len(text)]
    return [text[start:end] for start, end in zip(places, places[1:], strict=False)]


def is_question(text: str, another: WordRule | None, question: WordRule | None) -> bool:
    """Whether a text or a piece of it asks: a question may stand before what is told (能晚上送吗 白天上班)."""
    return any(evidence(plain(some), question) is not None for some in (text, *answer_pieces(text, another)))


def asks_behind_also(text: str, another: WordRule | None, question: WordRule | None) -> bool:
    """Whether a piece of a message asks something, with or without a word for "also" before that."""
    return any(evidence(some, question) for some in (plain(text), behind_also(text, another)))


def behind_also(text: str, another: WordRule | None) -> str:
    """A piece of a message without its word for "also"."""
    words = plain(text)
    return words.replace(evidence(words, another) or "", "", 1).strip(" ，,")


def affirmed(text: str) -> str:
    """A text without the clauses that only deny something, when others are left: 不是两口都换，只换一口."""
    parts = clauses(text)
    left = [part for part in parts if not DENIED.match(part)]
    return "".join(left) if left and len(left) < len(parts) else text


def _before_questions(text: str, question: WordRule | None) -> Iterator[int]:
    """Where a question follows what asks nothing without a stop."""
    for found in BEFORE_QUESTION.finditer(text) if question else ():
        before, after = (plain(some) for some in (text[: found.start()], text[found.end() :]))
        if evidence(before, question) is None and evidence(after, question) is not None:
            yield found.end()


def _between_questions(text: str, cuts: set[int], question: WordRule | None) -> Iterator[int]:
    """Where a comma stands before a question, and there is one already between it and the last cut."""
    commas = list(COMMA.finditer(text)) if question else []
    start = 0
    for number, comma in enumerate(commas, 1):
        end = commas[number].start() if number < len(commas) else len(text)
        start = max([start, *(cut for cut in cuts if cut <= comma.start())])
        asked = (
            evidence(plain(text[start : comma.start()].rstrip("呢 ")), question) is not None
        )  # 用券呢，一共多少: one
        # The mark at the end belongs to the whole: which is cheaper, the pillow or the throw?
        if asked and evidence(plain(text[comma.end() : end].rstrip("?？ ")), question) is not None:
            yield comma.end()
            start = comma.end()
