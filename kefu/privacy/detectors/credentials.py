"""What lets somebody in: passwords, codes and login names, each found by its own file, before any number is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors import codes, login_names, passwords
from kefu.privacy.detectors.base import PiiSpan
from kefu.privacy.detectors.codes import CODE_CUES

_HINT = re.compile(
    r"""
      [密验证驗證件货貨餐态信认权安提取][码碼号]
    | 口令|[账帐][号户密]|用户|[登会][录陆员]|昵称|旺旺|凭|门禁|开[柜箱门]码
    | [收核销餐]码|电报|推特|脸书|抖音|小红书|微博|快手|[Bb]站
    | (?i:
          pass|pwd|pw|pin|code|otp|cv[vc]|user|log|handle|screen|account|telegram|tg|ins|ig
        | twitter|tiktok|discord|skype|snapchat|facebook|fb
      )
    """,
    re.VERBOSE,
)


def possible(text: str) -> bool:
    """Whether a cue stands in a text; cheap."""
    return _HINT.search(text) is not None


def find(text: str) -> Iterator[PiiSpan]:
    """Passwords, codes, and login names with letters in them, of folded text: before any number is looked for."""
    if possible(text):
        yield from passwords.find(text)
        yield from codes.find(text)
        yield from login_names.find(text, False)


def find_numbers(text: str) -> Iterator[PiiSpan]:
    """Login names of figures alone, which may as well be a phone, a card or a QQ id: after those."""
    if possible(text):
        yield from login_names.find(text, True)


_ASKED = (
    (
        "CODE",
        re.compile(
            rf"{CODE_CUES}|(?i:(?:verification|security|pick-?up|access|one-time)\s(?:code|pin)|otp)", re.VERBOSE
        ),
    ),
    ("PASSWORD", re.compile("密码|口令|(?i:password|passcode)")),
    (
        "HANDLE",
        re.compile("用户名|登[录陆]名|会员名|[账帐]号|旺旺|昵称|(?i:user\\s?name|login name|user\\s?id|handle)"),
    ),
)
_ANSWERS = {
    "CODE": re.compile(r"[A-Za-z]?\d{4,8}|[A-Za-z0-9]{1,4}(?:-\d{1,6}){1,3}|\d{3} \d{3}"),
    "PASSWORD": re.compile(r"(?=[!-~]{0,31}\d)[!-~]{4,32}"),
    "HANDLE": re.compile(r"@?(?=[\w.-]{0,30}[\d_])(?=[\d_.-]{0,30}[A-Za-z])[A-Za-z0-9_.-]{3,32}", re.ASCII),
}


def answer_kind(question: str, said: str) -> str | None:
    """The kind of what a turn that is nothing but a value gives, when a question asked for it; texts folded."""
    for kind, cue in _ASKED:
        if cue.search(question) and _ANSWERS[kind].fullmatch(said):
            return kind
    return None
