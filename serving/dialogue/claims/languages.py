"""Whether a sentence is in the customer's language. Names, codes and quoted labels of another language are allowed.

Traditional and simplified Chinese are one language here; so are all that is written in Latin letters.
"""

from __future__ import annotations

import re

_IGNORED = re.compile(
    r"\[[A-Z]+_\d+\]|https?://\S+|\S+@\S+|“[^”]*”|\"[^\"]*\"|「[^」]*」|[（(][^（()）]{1,20}[)）]|\b[A-Za-z]*\d[\w-]*"
)
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]{2,}")
_OTHER = re.compile(  # kana, Hangul, Cyrillic, Greek, Arabic, Hebrew, Thai, Devanagari
    r"[\u3040-\u30fa\uac00-\ud7af\u1100-\u11ff\u0400-\u04ff\u0370-\u03ff\u0600-\u06ff\u0590-\u05ff\u0e00-\u0e7f\u0900-\u097f]"
)
_GRAMMAR = re.compile(r"[的了是吗呢吧您请们这那]|可以|已经|正在|没有|不能")


def foreign(sentence: str, lang: str, known: str = "") -> bool:
    """Whether a sentence is not in ``lang`` (zh or en).

    Args:
        sentence: one sentence of a model.
        lang: the customer's language.
        known: text whose words are allowed in any language, such as the sources.
    """
    text = _IGNORED.sub(" ", sentence)
    if len(_OTHER.findall(text)) > 1:
        return True
    han = "".join(_HAN.findall(text))
    latin = [word for word in _LATIN.findall(text) if word not in known]
    if lang == "zh":
        written = [word for word in latin if not word.isupper() and not word[0].isupper()]
        return len(written) >= 3 and 2 * len(written) > len(han)
    runs = [run for run in re.findall(_HAN.pattern + "+", text) if run not in known]
    unknown = sum(map(len, runs))
    return unknown > 2 * len(latin) or any(_GRAMMAR.search(run) for run in runs)
