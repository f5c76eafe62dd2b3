"""Passwords after their cue, before it, and together with a login name.

A value holds a digit or a sign; one of letters alone needs 是, "is" or a colon before it and is none of the words
that people say there (wrong, forgot). A length (6位) stays.
Not found: a value that nothing announces (``Lx@880412``), a password in Chinese characters (``密码是春天来了``), and
letters alone right after a cue (``密码abcdef``). Of a password with a space in it only the first word is.
Found: ``密码是Lx@880412``, ``password: Summer2024!``. Left: ``密码6位``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors.base import PiiSpan
from kefu.privacy.detectors.credential_cues import EN_FOR, EN_LINK, LINK, NO_VALUE, QUOTE, is_linked, is_quantity

_PASSWORD = re.compile(
    rf"""
    (?:
        密[码碼](?!锁|学|箱|器|本|保护|重置|找回|修改)
      | 口令|[账帐]密
      | (?<![A-Za-z])(?:PIN|pin)码?(?=[是为:=\s])
    )
    (?:\([^()]{{0,8}}\))?{LINK}{QUOTE}(?P<value>[!-~]{{4,64}})
    """,
    re.VERBOSE,
)
_EN_PASSWORD = re.compile(
    rf"""
    (?<![A-Za-z])
    (?:
        (?i:
            pass\s?words?|passwd|pass\s?codes?|passphrase|pwd|p(?:w|ass)(?=\s?[:=])
          | (?:my|the)\spin|pin\s(?:code|number|no\.?)
        )
      | PIN
    )
    (?![A-Za-z]){EN_FOR}{EN_LINK}{QUOTE}(?P<value>[!-~]{{4,64}})
    """,
    re.VERBOSE,
)
_PASSWORD_BEFORE = re.compile(
    r"""
    (?<![!-~])(?P<value>(?=[!-~]{0,31}\d)[!-~]{4,32})\s?
    (?:(?:就?是|为)(?:我的?|你的|登录|支付|账号|原)?密码|(?i:is\smy\s(?:old\s|new\s)?password))
    """,
    re.VERBOSE,
)
_BOTH = re.compile(
    r"""
    (?:[账帐][号户]|用户名)[和/、,\s]?密[码碼][是为:\s]{1,3}(?P<name>[A-Za-z0-9_@.-]{3,40})
    [\s/、,，]{1,3}(?P<value>[!-~]{4,64})
    """,
    re.VERBOSE,
)
_SIGN = re.compile(r"[@#$%^&*_+=~!?|]")
_TRAILING = ".,;:?)\"'’”]}>`"


def _trimmed(text: str, start: int, end: int) -> int:
    """The end of a value without the marks that close its clause."""
    return start + len(text[start:end].rstrip(_TRAILING))


def _is_word(value: str) -> bool:
    """Whether a value without digits may be a secret one: a sign in it, or letters that say nothing else."""
    if _SIGN.search(value.rstrip("!?")):
        return True
    plain = value.rstrip("!?")
    return plain.isalpha() and len(plain) >= 4 and plain.lower() not in NO_VALUE


def find(text: str) -> Iterator[PiiSpan]:
    """Passwords of folded text, and the login names that are told together with one."""
    for match in _BOTH.finditer(text):
        yield PiiSpan(*match.span("name"), "HANDLE")
        yield PiiSpan(match.start("value"), _trimmed(text, *match.span("value")), "PASSWORD")
    for pattern in (_PASSWORD, _EN_PASSWORD):
        for match in pattern.finditer(text):
            start, end = match.start("value"), _trimmed(text, *match.span("value"))
            value = text[start:end]
            if end - start < 4 or value[0] in "[(<" or is_quantity(text, value, end):
                continue
            is_pin = "pin" in match[0][:4].lower() or " pin" in match[0].lower()  # "the pin is bent"
            secret = any(c.isdecimal() for c in value) or (not is_pin and is_linked(match) and _is_word(value))
            if secret and not value.lower().startswith(("http", "www.")):
                yield PiiSpan(start, end, "PASSWORD")
    for match in _PASSWORD_BEFORE.finditer(text):
        yield PiiSpan(*match.span("value"), "PASSWORD")
