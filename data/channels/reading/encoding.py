"""Bytes of a raw file as text: UTF-8, or another encoding where that is certain.

Chinese spreadsheets and older systems write GB18030 or Big5, and a log may hold lines of two programs.
UTF-8 proves itself, the others do not: almost any bytes are *some* Chinese in GB18030, so a wrong guess
would not fail but fill the store with nonsense. Hence a guess needs evidence: among the file's lines that
are not UTF-8, the commonest characters of Chinese chats must be as frequent as they are in Chinese. A few
sentences are enough; of single words it often is unsure (tests/channels/test_encoding.py).

Not covered: other encodings, unless the source's ``encoding`` in params.yaml names them; and a line in a
third encoding in a file that is Chinese otherwise, which is not noticed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property

from kefu.errors import KefuError

# Written by hand: function words and words of shopping, simplified and traditional, and punctuation.
_COMMON = frozenset(
    "的了是我你您不一有在吗好这么个没到可以要就什怎时候发货退款换单订问请谢帮看买上下人来们都也还给那为能会用知道收件天多少对行吧呢啊亲后"
    "嗎這個沒時後發貨單訂問請謝幫買來們還給為會麼樣對點錢開，。？！、："
)
_CANDIDATES = ("gb18030", "big5hkscs")
_FEWEST = 8  # characters to judge by
_SHARE = 0.25  # of them common ones; Chinese chats have about a half, chance about a thirtieth
_SAMPLE = 200_000  # bytes of lines to judge by
_ASCII = bytes(range(128))
_LEADS = bytes(range(0xE0, 0xF5))  # each starts a wide UTF-8 character, of three or four bytes
_WIDE = re.compile(b"[%s]" % re.escape(_LEADS))
HELP = "say ingest.sources: encoding in params.yaml, or convert it: iconv -f GB18030 -t UTF-8"


class Undecodable(KefuError, ValueError):
    """Bytes that cannot be read as text; the message says why and what to do."""


def _share(text: str) -> tuple[int, float]:
    """How many characters are beyond ASCII, and the share of common Chinese ones among them."""
    beyond = [character for character in text if character > "\x7f"]
    return len(beyond), sum(character in _COMMON for character in beyond) / max(len(beyond), 1)


def guess(lines: Iterable[bytes]) -> str | None:
    """The one encoding in which these lines, none of them UTF-8, clearly are Chinese; None when unsure."""
    sample = list(lines)
    certain = []
    for encoding in _CANDIDATES:
        length, share = _share("".join(line.decode(encoding, errors="replace") for line in sample))
        if length >= _FEWEST and share >= _SHARE:
            certain.append(encoding)
    return certain[0] if len(certain) == 1 else None


def _damaged_utf8(raw: bytes) -> bool:
    """Most of its bytes beyond ASCII are whole wide UTF-8 characters, so only a few were lost or changed."""
    beyond = len(raw.translate(None, _ASCII))
    kept = raw.decode(errors="ignore").encode()
    return 3 * (len(kept) - len(kept.translate(None, _LEADS))) > beyond / 2


def _foreign(raw: bytes) -> bytes:
    """What of a line can tell its encoding: nothing of UTF-8; else a part that starts with a character."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        start = raw.rfind(b'"', 0, error.start) + 1 if len(raw) > _SAMPLE else 0  # no character has a quote in it
        return b"" if _damaged_utf8(raw) else raw[start : start + _SAMPLE]
    return b""


class Decoder:
    """Decodes the lines of one file, each on its own merits.

    Args:
        declared: the source's ``encoding``, for lines that are not UTF-8; None: ``guess``.
        lines: all lines of the file from its start; called only when some line is not clearly UTF-8.
    """

    def __init__(self, declared: str | None, lines: Callable[[], Iterable[bytes]]) -> None:
        self._declared, self._lines = declared, lines
        self.used = False  # a line was read in the other encoding

    @cached_property
    def other(self) -> str | None:
        """The file's encoding beside UTF-8, if it is known or certain."""
        return self._declared or guess(self._sample())

    def _sample(self) -> Iterable[bytes]:
        size = 0
        for raw in filter(None, map(_foreign, self._lines())):
            yield raw
            size += len(raw)
            if size > _SAMPLE:
                return

    def text(self, raw: bytes) -> str:
        """Decodes one line, in UTF-8 or in the file's other encoding. Raises Undecodable."""
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            return self._other_text(raw, error)
        if raw.isascii() or _WIDE.search(raw) or not self.other:
            return text
        # Two-byte characters only: in a file of another encoding these rather are its Chinese than UTF-8's Greek.
        return self._other_text(raw, None)

    def _other_text(self, raw: bytes, error: UnicodeDecodeError | None) -> str:
        if error and _damaged_utf8(raw):
            raise Undecodable(f"torn or damaged UTF-8 at byte {error.start + 1}: {error.reason}; copy the file again")
        if not self.other:
            reason = error.reason if error else "unknown encoding"
            raise Undecodable(f"not UTF-8 ({reason}), and not surely GB18030 or Big5; {HELP}")
        try:
            text = raw.decode(self.other)
        except UnicodeDecodeError as failure:
            raise Undecodable(f"neither UTF-8 nor {self.other} ({failure.reason}); {HELP}") from failure
        self.used = True
        return text
