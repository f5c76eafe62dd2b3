"""Names of people in English text, where a cue announces one.

After a strong cue ("my name is", "recipient:") any words that look like a name count. After a weak one
("this is", "I'm", a greeting at the end) and where a name stands as a piece of its own between commas or
lines, the first word must be a common first name, or both words must be written as names and a border
follow. A title and a surname ("Mr Smith") are a name, and so is what stands written right before a phone
number, an e-mail address or a house, as on a parcel.
Not found: a first name in small letters after a weak cue (``hi ann``, ``Regards, ann``).
Found: ``my name is Ann Miller``, ``Regards, Ann Miller``. Left: ``my name is wrong``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors.base import PiiSpan
from kefu.privacy.detectors.names_en_lists import FIRST, NO_NAMES

WORDS = (  # one is in every strong cue
    "name", "recipient", "consignee", "addressee", "account holder", "cardholder", "customer:", "attn", "signed for",
    "call me",
)  # fmt: skip
_WRITTEN = re.compile(
    r"[A-Z](?:[a-zÀ-ž'’.-]|[a-z]['’-][A-Z]){1,20}\s(?:[A-Z]\.?\s)?(?:[a-z]{2,4}\s){0,2}[A-Z][A-Za-zÀ-ž'’-]"
)
_LETTER = "A-Za-zÀ-ÖØ-öø-ž"
_WORD = rf"[{_LETTER}][{_LETTER}'’-]{{1,19}}"
_PARTICLES = frozenset(("van", "von", "der", "den", "de", "la", "bin", "bint", "al", "el", "di", "da", "dos", "ter"))
_NAME = rf"""
    (?P<a>{_WORD}|[A-Z]\.(?:\s?[A-Z]\.){{0,2}})(?P<b>\s[A-Za-z]\.?(?=\s)|\s{_WORD})?
    (?P<c>(?:\s(?:van|von|der|den|de|la)(?=\s)){{0,2}}\s{_WORD})?
"""
_STRONG = re.compile(
    rf"""
    (?<![A-Za-z])
    (?i:
        my\s(?:full\s)?name(?:\sis|'s|:)
      | (?:
            recipient|consignee|addressee|account\sholder|cardholder
          | (?:full\s|customer\s|first\s|last\s)?name
        )
        (?:\s?(?:is|'s|:|-|=)|\son\s(?:the\s)?(?:order|account|parcel|card)\s?(?:is|:)?)
      | (?:first|last|given|family|sur)\s?name(?=\s[A-Z])
      | customer:|att(?:n|ention)[:.]|signed\sfor\sby|call\sme
    )
    (?!\s(?i:is|on|of|for)\b)[\s:]{{0,3}}(?={_NAME})
    """,
    re.VERBOSE,
)
_WEAK = re.compile(
    rf"""
    (?<![A-Za-z])
    (?i:
        this\sis|i'm|i\sam|it'?s|it\sis
      | order(?:ed)?(?:\sis)?\s(?:under|by)(?!\s(?:the|my)\b)
      | placed\sby|speaking\s(?:with|to)|you\sare|you're
      | (?:
            wife|husband|mother|father|mum|mom|dad|son|daughter|brother|sister|friend|colleague
          | partner|neighbou?r
        )
      | (?:under|in)\s(?:the\s)?name(?:\sof)?|on\sbehalf\sof
      | (?:ship|send|deliver|hand|addressed?|belongs)(?:\s\w{{1,12}}){{0,2}}?\sto:?
      | (?:mr|mrs|ms|miss|dr)\b\.?|name|recipient|consignee|addressee|account\sholder
      | (?:regards|sincerely|thanks|thank\syou|cheers|best|yours(?:\struly)?)[,!.]?(?=\s{{0,2}}\n)
      | (?:regards|sincerely|cheers),?
    )
    \s{{1,3}}{_NAME}
    """,
    re.VERBOSE,
)
_PIECE = re.compile(
    rf"""
    (?:^|(?<=[\n,;:(（，])|(?<=\n[ ])|(?<=[,;:][ ])|(?<=[ ][ ]))
    {_NAME}(?=[\n,;)），]|$|\s(?:here|speaking)\b|\s\s)
    """,
    re.VERBOSE,
)
_SAYS = re.compile(
    rf"""
    (?<![A-Za-z])(?i:(?:pls|please|hi|hey|hello|so|ok|yes)\s){{0,3}}{_NAME}\s(?:here|speaking)\b
    """,
    re.VERBOSE,
)
_CAPITALS = r"[A-ZÀ-Ý][A-Za-zÀ-ž'’.-]{1,19}(?:\s(?:[A-Z]\.|[A-ZÀ-Ý][A-Za-zÀ-ž'’-]{1,19})){1,2}"
# As people write on parcels: a name, then a phone number, e-mail or house.
_BESIDE = re.compile(
    rf"""
    (?:^|(?<=[\n,;:(（，])|(?<=[,;:]\s)|(?<=that's\s)|(?<=\sfor\s)|(?<=\sto\s))
    ({_CAPITALS})
    (?=
        [,;]?\s{{1,2}}
        (?:
            \(?\+?\d[\d() .-]{{8,16}}\d             # a phone number
          | [\w.+-]{{1,40}}@                        # an e-mail address
          | (?:Flat|Apt|Unit|Room|PO)\s
          | \d{{1,5}}[A-Za-z]?\s[A-Z][\w'.-]{{1,20}}\s(?:[A-Z][\w'.-]{{1,20}}\s){{0,2}}?
            [A-Z][a-z]{{1,12}}(?:,|\n|$)            # a house number and its street
        )
    )
    """,
    re.VERBOSE,
)
_FIGURE = re.compile("[0-9@]")
_TITLED = re.compile(
    r"""
    (?<![A-Za-z])(?:Mr|Mrs|Ms|Miss|Dr)\.?\s
    (?!Pepper|Coffee|Muscle|Clean|Martens?|Bean|Dre|Beast|Right)
    [A-Z][a-zÀ-ž]{1,19}(?:[-'’][A-Z][a-z]{1,19})?(?![A-Za-z])
    """,
    re.VERBOSE,
)
_END = re.compile(
    r"\s{0,2}(?:$|[\n,.;!?)(，。]|\s|-|(?:here|again|speaking|calling|from|and|signed|ordered|is|but|or)\b)"
)


def _span(match: re.Match[str], text: str, strong: bool) -> PiiSpan | None:
    """The name a match holds: words belong to it while they look like a name."""
    first = match["a"]
    if first.lower() in NO_NAMES:
        return None
    end, words = match.end("a"), 1
    for group in ("b", "c"):
        word = (match[group] or "").strip()
        if group == "b" and len(word.rstrip(".")) == 1:  # an initial
            continue
        if word.lower() in _PARTICLES:
            continue
        if not word or (word.isupper() and not first.isupper() and len(word) < 4):  # a state: Austin TX
            break
        if word.split()[-1].lower() in NO_NAMES or (word[0].islower() and first[0].isupper() and " " not in word):
            break
        end = match.end(group)
        words += 1
    if (strong and (first[0].isupper() or match[0][:2].lower() == "my")) or (words > 1 and first.lower() in FIRST):
        return PiiSpan(match.start("a"), end, "NAME")
    written = _written(text[match.start("a") : end])
    return PiiSpan(match.start("a"), end, "NAME") if written and _END.match(text, end) else None


def _written(name: str) -> bool:
    """Whether more than one word begin with a capital, and all but the small ones between them do; no brand is."""
    words = [word for word in name.split() if word not in _PARTICLES]
    return len(words) > 1 and all(word[0].isupper() for word in words) and not name.isupper()


def possible(text: str, words: list[str]) -> bool:
    """Whether there can be a name without a strong cue; ``words`` are the text's in small letters."""
    return not FIRST.isdisjoint(words) or _WRITTEN.search(text) is not None


def find(text: str) -> Iterator[PiiSpan]:
    """Names of folded text."""
    small = text.lower()
    if any(word in small for word in WORDS):
        for match in _STRONG.finditer(text):
            if found := _span(match, text, strong=True):
                yield found
    if not possible(text, small.split()):
        return
    for match in _WEAK.finditer(text):
        if found := _span(match, text, strong=False):
            yield found
    for pattern in (_PIECE, _SAYS):
        for match in pattern.finditer(text):
            found = _span(match, text, strong=False)
            first = match["a"].lower() in FIRST
            if found and (first or (pattern is _SAYS and _written(text[found.start : found.end]))):
                yield found
    for match in _BESIDE.finditer(text) if _FIGURE.search(text) else ():
        if NO_NAMES.isdisjoint(match[1].lower().split()):
            yield PiiSpan(*match.span(1), "NAME")
    for match in _TITLED.finditer(text) if any(title in text for title in ("Mr", "Ms", "Miss", "Dr")) else ():
        yield PiiSpan(*match.span(), "NAME")
