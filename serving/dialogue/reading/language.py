"""The conversation's language: the first words decide, and only a clear sentence in another language changes it.

"OK", a number, an address, an abbreviation, or the name of a product or a company say nothing about the language of
who writes them. A script that Kefu does not speak (kana, Korean, Cyrillic …) keeps the language too. Languages in
Latin script count as English in the first message, and as nothing later. The page's language button goes before this.
"""

from __future__ import annotations

import re

from kefu.shop.part import Lang
from kefu.shop.slots import CJK
from kefu.text.placeholders import PLACEHOLDER

WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?")
ABBREVIATION = re.compile(r"[A-Z]{1,3}|(?i:ok+|o?kay|okey|app|vip|sku|qq|wechat|alipay|iphone|wifi)")
# Letters of neither language; Latin ones with accents and in full width are none.
FOREIGN = re.compile(rf"(?!{CJK.pattern})[^\W\d_\u0000-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a]")
CLEAR = 3  # English words that may make a sentence
FOREIGN_SHARE = 3  # one letter of another script in so many characters and words makes the text foreign
# Pronouns, verbs, question words: names of products have none. Without Chinese syllables (you, me, can).
SENTENCE_WORD = re.compile(
    r"i|i'm|i've|i'd|i'll|my|mine|we|our|us|your|yours|they|them|their|his|her|it|it's|this|that|that's|these|those|the"
    r"|(?:is|are|was|were|do|does|did|have|has|had|could|would|should)(?:n't)?|will|am|be|been|may|won't"
    r"|(?:what|where|who|how|when|why)(?:'s)?|which|if|but|not|please|want|need|help|got|there|here"
)
# Characters of sentences and wishes: a company's name or an address, told in an English conversation, has none.
SAYS_CHINESE = re.compile("[我你您他的了吗么呢吧啊是不要没怎哪想能请帮给退换查谢这那麼嗎沒請幫給這們]")


def language_of(text: str, current: Lang, first: bool) -> Lang:
    """The language to answer a redacted message in.

    Args:
        current: the conversation's language so far.
        first: whether nothing was said before: then any word counts that is not an abbreviation.
    """
    plain = PLACEHOLDER.sub(" ", text)
    words = [word for word in WORD.findall(plain) if not _says_nothing(word)]
    chinese = len(CJK.findall(plain))
    if len(FOREIGN.findall(plain)) * FOREIGN_SHARE > chinese + len(words):
        return current
    if _is_sentence(words) and len(words) > chinese:
        return "en"
    if chinese and (first or current == "zh" or SAYS_CHINESE.search(plain)):
        return "zh"
    return "en" if first and words else current


def _says_nothing(word: str) -> bool:
    return ABBREVIATION.fullmatch(word) is not None and SENTENCE_WORD.fullmatch(word.lower()) is None


def _is_sentence(words: list[str]) -> bool:
    return len(words) >= CLEAR and any(SENTENCE_WORD.fullmatch(w.lower().replace("’", "'")) for w in words)
