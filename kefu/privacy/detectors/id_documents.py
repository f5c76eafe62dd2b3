"""Numbers of papers and accounts: ID cards, passports, social security, bank cards, IBANs.

Check digits tell them from other numbers; without a right one, only a number after its cue counts.
Not found: a passport or social security number in one piece without its cue (``E12345678``, ``078051120``), and the
last digits of a card (``卡尾号 0128``).
Found: ``身份证 11010519491231002X``, ``card 4111 1111 1111 1111``. Left: ``card 1234``.
"""

from __future__ import annotations

import re

from kefu.privacy.detectors.base import IS, NUMBER_IS, SEP, Rule, digits, near, rule

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SOCIAL = re.compile(r"(?i:(?<![a-z])(?:ssn|social))|社保")
_BANK = re.compile(
    r"(?i:card|bank|visa|debit|credit|account|refund)|卡|银行|账[号户]|帐[号户]|退到|[工建农中招]行|储蓄"
)
_ITIN = re.compile(r"(?i:\bi?tin\b|tax\s?id)")
_PASSPORT = re.compile("(?i:pass?port)|护照|通行证|台胞证")


def id_card(text: str) -> bool:
    """Whether 18 characters carry the right check digit (GB 11643-1999)."""
    body = [c for c in text.upper() if c.isdecimal() or c == "X"]
    return (
        len(body) == 18
        and "10X98765432"[sum(int(c) * w for c, w in zip(body, _WEIGHTS, strict=False)) % 11] == body[17]
    )


def bank_card(text: str) -> bool:
    """Whether the digits pass the Luhn check (ISO/IEC 7812-1), and are not one digit over and over."""
    figures = [int(c) for c in digits(text)]
    doubled = [2 * f - 9 * (f > 4) for f in figures[-2::-2]]
    return len(set(figures)) > 1 and (sum(figures[-1::-2]) + sum(doubled)) % 10 == 0


def _id_card(text: str, start: int, end: int) -> int:
    return end if id_card(text[start:end]) else 0


def _grouped_id_card(text: str, start: int, end: int) -> int:
    """With spaces anywhere, the birthday must be one too."""
    figures = text[start:end].replace(" ", "").replace("-", "")
    born = re.match(r"\d{6}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])", figures)
    return end if born and id_card(figures) else 0


def _about_an_id_card(text: str, start: int, end: int) -> int:
    """After its cue a number that somebody mistyped is still most of one."""
    return end if 15 <= len(digits(text[start:end])) <= 19 else 0


def _grouped_bank_card(text: str, start: int, end: int) -> int:
    """With spaces anywhere, 16 to 19 digits and a word for a bank or card must stand near."""
    fits = 16 <= len(digits(text[start:end])) <= 19 and bank_card(text[start:end])
    return end if fits and near(_BANK, text, start, end) else 0


def _bank_card(text: str, start: int, end: int) -> int:
    return end if bank_card(text[start:end]) else 0


def _iban(text: str, start: int, end: int) -> int:
    """The end of the longest part that carries the right check digits (ISO 13616); words may follow it."""
    while end - start >= 15:
        whole = "".join(text[start:end].split()).upper()
        if int("".join(str(int(c, 36)) for c in whole[4:] + whole[:4])) % 97 == 1:
            return end
        end = max(text.rfind(" ", start, end), start)
    return 0


def _social(text: str, start: int, end: int) -> int:
    """With both dashes the form is enough; otherwise a word must say so."""
    return end if text[start:end].count("-") == 2 or near(_SOCIAL, text, start, end) else 0


def _passport(text: str, start: int, end: int) -> int:
    return end if near(_PASSPORT, text, start, end) else 0


IDENTITY: tuple[Rule, ...] = (
    rule(
        "ID_CARD",
        rf"""
            (?<!\d)[1-9]\d{{5}}{SEP}                                    # the district
            (?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01]){SEP}     # the birthday
            \d{{3}}[\dXx](?![\dA-Za-z])                                 # a serial number and the check digit
        """,
        _id_card,
    ),
    rule("ID_CARD", r"(?<!\d)[1-9]\d(?:[- ]?\d){15}[- ]?[\dXx](?![\dA-Za-z])", _grouped_id_card),
    rule("ID_CARD", rf"身份证{IS}(\d{{3,6}}(?:[- ]\d{{3,8}}){{2,5}}[Xx]?)(?![\dA-Za-z])", _about_an_id_card),
    rule("ID_CARD", rf"(?:身份证|证件|(?i:id[ ]card)){IS}(\d{{17}}[\dXx]|\d{{15}})(?![\dA-Za-z])"),
    rule("SSN", r"(?<![\d-])(?!000|666|9)\d{3}[-. ]?(?!00)\d\d[-. ]?(?!0000)\d{4}(?![\d-])", _social),
    rule(
        "SSN",
        r"(?<![\d-])9\d\d-\d\d-\d{4}(?![\d-])",
        lambda text, start, end: end if near(_ITIN, text, start, end) else 0,
    ),
    rule("SSN", rf"(?<![A-Za-z])(?:SIN|(?i:social\sinsurance)){NUMBER_IS}(\d{{3}}[- ]?\d{{3}}[- ]?\d{{3}})(?!\d)"),
    rule(
        "SSN",
        rf"""
            (?<![A-Za-z])(?i:NI|NINO|national\sinsurance){NUMBER_IS}
            (?i:([A-Z]{{2}}\s?\d\d\s?\d\d\s?\d\d\s?[A-D]))
            (?![A-Za-z0-9])
        """,
    ),
    rule(
        "SSN",
        r"(?<![A-Za-z0-9])(?i:[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ ]?\d\d[ ]?\d\d[ ]?\d\d[ ]?[A-D])(?![A-Za-z0-9])",
    ),
    rule("PASSPORT", r"(?<![A-Za-z0-9-])(?:[A-Za-z]{1,2}\d{7,8}|\d{9})(?![A-Za-z0-9-])", _passport),
)
BANK: tuple[Rule, ...] = (
    rule(
        "BANK_CARD",
        r"(?<![A-Za-z0-9])[A-Za-z]{2}\d\d(?:[ ]?[A-Za-z0-9]{4}){2,7}(?:[ ]?[A-Za-z0-9]{1,3})?(?![A-Za-z0-9])",
        _iban,
    ),
    rule(
        "BANK_CARD",
        rf"(?<!\d)(?:[3-69]\d|2[2-7])\d\d{SEP}\d{{4}}{SEP}\d{{4}}{SEP}\d{{4}}{SEP}\d{{0,3}}(?!\d)",
        _bank_card,
    ),
    rule("BANK_CARD", rf"(?<!\d)3[47]\d\d{SEP}\d{{6}}{SEP}\d{{5}}(?!\d)", _bank_card),
    rule("BANK_CARD", rf"(?<!\d)3(?:0[0-5]|[68]\d)\d{SEP}\d{{6}}{SEP}\d{{4}}(?!\d)", _bank_card),
    rule("BANK_CARD", r"(?<!\d)(?:[3-69]\d|2[2-7])(?:[-. ]?\d){14,17}(?!\d)", _grouped_bank_card),
    rule("BANK_CARD", rf"(?i:account){NUMBER_IS}(\d{{8,12}})(?![\dA-Za-z@._-])"),
    rule("BANK_CARD", rf"(?i:sort\scode){NUMBER_IS}(\d\d[- ]?\d\d[- ]?\d\d)(?!\d)"),
    rule(
        "BANK_CARD",
        rf"(?:卡号?|账[号户]|帐[号户]|(?i:card(?:\snumber|\sno\.?)?)){IS}(\d{{4}}(?:{SEP}\d{{4}}){{3}}{SEP}\d{{0,3}})(?!\d)",
    ),
)
