"""Phone numbers: Chinese mobile and landline, North American, British, and international spelling.

Not found: public hotlines (``打 95533``), a number of eight digits without a cue (``12345678``), and ten digits without
marks when no cue stands near (``4155552671``).
Found: ``手机 138-0013-8000``, ``call 415-555-2671``. Left: ``客服热线 400-820-8820``.
"""

from __future__ import annotations

import re

from kefu.privacy.detectors.base import GAP, IS, SEP, Rule, near, rule

_MOBILE = rf"1[3-9]\d(?:{SEP}\d{{4}}{SEP}\d{{4}}|{GAP}\d{{3}}{GAP}\d{{5}}|\d{GAP}\d{{3}}{GAP}\d{{4}}|\d\d{GAP}\d{{6}})"
_TOLL_FREE = "8(?:00|33|44|55|66|77|88)|400"  # nobody's own
_AMERICAN = rf"(?!{_TOLL_FREE}|\d00)[2-9][0-8]\d"
_BRITISH = r"0(?:7\d{3}|20|1\d{2,3}|2[389])"
_EXTENSION = r"(?:\s?(?:转|-|(?i:ext\.?|extension|x))\s?\d{1,6})?"
_CUE = re.compile(
    r"""
      (?i:
          (?<![a-z])
          (?:
              call|phone|tel|cell|mob|mobile|text|sms|whatsapp|ring|reach|contact|number|dial|fax
            | try|landline
          )
      )
    | @|电话|手机|联系|号码|座机|固话|传真|打
    """,
    re.VERBOSE,
)
_MEASURE = re.compile(r"(?i:size|dimension|measur|mm|cm)|尺寸|长宽高|规格")
_BORDER = "\n,，;；:：。|/()"
_BORDER_AFTER = _BORDER + ".!?！"


def _announced(text: str, start: int, end: int) -> int:
    """With commas between its groups it may be three measures."""
    return end if near(_CUE, text, start, end) and not near(_MEASURE, text, start, end) else 0


def _told(text: str, start: int, end: int) -> int:
    """A number without marks of its own counts after a cue, or as a piece of a message by itself."""
    if near(_CUE, text, start, end):
        return end
    if end - start == 10:  # without spaces it may be anything
        return 0
    before, after = text[max(0, start - 12) : start].strip(" "), text[end : end + 12].strip(" ")
    alone = len(text) - (end - start) <= 10 or (before[-1:] in _BORDER and after[:1] in _BORDER_AFTER)
    return end if alone and not near(_MEASURE, text, start, end) else 0


RULES: tuple[Rule, ...] = (
    rule("PHONE", rf"(?<!\d)(?<!\d\.)(?:\(?(?:\+|00){SEP})?(?:\(?86\)?{SEP})?{_MOBILE}(?!\d)"),
    rule("PHONE", r"(?<!\d)1(?:[-\s.\ufe0f\u20e3]{1,2}\d){10}(?!\d)"),
    rule("PHONE", r"(?<!\d)1[3-9]\d[，,、/]\s?\d{4}[，,、/]\s?\d{4}(?!\d)", _announced),
    rule(
        "PHONE",
        rf"""
            (?<![\d-])(?:(?:\+|00)?86{SEP}\(?0?|\(?0)
            (?!800)(?:10|2\d|[3-9]\d\d)(?:\)\s?|{SEP})  # a Chinese area code
            [2-9]\d{{2,3}}{SEP}\d{{4}}{_EXTENSION}(?!\d)
        """,
    ),
    rule(
        "PHONE",
        rf"""
            (?<![\d-])(?:\+?1[-\s.]?)?(?:\({_AMERICAN}\)\s?|{_AMERICAN}[-.–‑])
            [2-9]\d\d[-.–‑\s]\d{{4}}{_EXTENSION}(?![\d-])
        """,
    ),
    rule(
        "PHONE",
        rf"""
            (?<![\d-])(?<!\d[ .])(?:\+?1\s)?{_AMERICAN}[ ]?[2-9]\d\d[ -]?\d{{4}}{_EXTENSION}
            (?![\d*×-])(?![ ]?(?:ml|mm|cm|kg|g)(?![A-Za-z]))  # not a measure
        """,
        _told,
    ),
    rule(
        "PHONE",
        rf"(?<![\d-])(?:\({_BRITISH}\)|{_BRITISH})[ -]?\d{{3,4}}[ -]?\d{{3,4}}(?:[ -]?\d{{3}})?(?![\d-])",
        lambda text, start, end: end if sum(c.isdecimal() for c in text[start:end]) in (10, 11) else 0,
    ),
    rule("PHONE", r"(?:\+|(?<!\d)00(?=44|1[ -]))\d{1,3}(?:[-\x20.()]{0,2}\d){7,12}(?!\d)"),
    rule(
        "PHONE",
        rf"""
            (?:电话|座机|固话|手机|联系方式|(?i:phone|tel|mobile)\.?(?i:\snumber)?)
            {IS}
            ((?!400|800|95)\d{{3,4}}{SEP}\d{{4}}|\d{{11}})
            (?!\d)
        """,
    ),
)
