"""A file that is one JSON array, piece by piece: its elements as text, and the bytes that each is made of.

``data/channels/reading/json_arrays`` finds the elements; a tape keeps the bytes that its text came from
until it is known what becomes of them. So memory holds the elements at hand, however long the array is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from data.channels.reading.encoding import Undecodable
from data.channels.reading.files import Inputs, Line, TextFile
from data.channels.reading.json_arrays import Array
from data.channels.reading.raw_bytes import Piece

_BLOCK = 1 << 18  # bytes read at a time
_BETWEEN = " \t\r\n,"


@dataclass
class _Part:
    """Text and the bytes it was read from; how far both are used."""

    text: str
    raw: bytes
    encoding: str
    at: int = 0
    byte: int = 0


@dataclass(frozen=True)
class Element:
    """One element: what stands before it (brackets, commas, space), its text, its bytes.

    Attributes:
        text: as ingest sees it.
        damaged: it is not text throughout.
    """

    gap: bytes
    text: str
    raw: bytes
    damaged: bool
    line: int


class Tape:
    """A ``TextFile`` for the reader of arrays, which remembers bytes. ``damage``: of the packed file, if any."""

    def __init__(self, file: TextFile, inputs: Inputs) -> None:
        self.name, self.damage = file.name, ""
        self._file, self._inputs = file, inputs
        self._stream = file.blocks(_BLOCK)
        self._parts: deque[_Part] = deque()
        self._ahead = bytearray()  # read, and not yet text

    def blocks(self, size: int) -> Iterator[Piece]:
        """The file's bytes, as the reader takes them."""
        for block in self._stream:
            self.damage = block.damage or self.damage
            self._ahead += block.raw
            yield block

    def decode(self, raw: bytes) -> str:
        """Their text. Of bytes that are none, one character each: nothing but their places counts."""
        del self._ahead[: len(raw)]
        part = self._part(raw)
        self._parts.append(part)
        return part.text

    def _part(self, raw: bytes) -> _Part:
        try:
            text = self._file.decode(raw)
            known = ("utf8", *self._inputs.encodings.values())
            return _Part(text, raw, next(name for name in known if text.encode(name, "replace") == raw))
        except (Undecodable, StopIteration):
            return _Part(raw.decode("latin-1").replace("\0", "\ufffd"), raw, "")

    def take(self, characters: int) -> tuple[bytes, bool]:
        """The bytes of the next characters, and whether they are text."""
        taken, whole = bytearray(), True
        while characters:
            part = self._parts[0]
            text = part.text[part.at : part.at + characters]
            raw = text.encode(part.encoding) if part.encoding else part.raw[part.byte : part.byte + len(text)]
            taken += raw
            whole &= bool(part.encoding)
            characters -= len(text)
            part.at, part.byte = part.at + len(text), part.byte + len(raw)
            if part.at == len(part.text):
                self._parts.popleft()
        return bytes(taken), whole

    def gap(self, first: bool) -> bytes:
        """Takes the bytes between the last element and the next: white space, commas, an opening bracket."""
        signs, count = _BETWEEN + ("[" if first else ""), 0
        for part in self._parts:
            text = part.text[part.at :]
            between = len(text) - len(text.lstrip(signs))
            count += between
            if between < len(text):
                break
        return self.take(count)[0]

    def rest(self) -> Iterator[bytes]:
        """Yields all bytes that were not taken yet, as they are."""
        yield b"".join(part.raw[part.byte :] for part in self._parts)
        yield bytes(self._ahead)
        for block in self._stream:
            self.damage = block.damage or self.damage
            yield block.raw


class Elements:
    """The elements of an array, in order; then ``broken`` tells whether it went on unreadably, ``line`` where.

    ``tape`` gives what is left of the file.
    """

    def __init__(self, file: TextFile, inputs: Inputs) -> None:
        self.tape, self.broken, self.line = Tape(file, inputs), False, 1
        self._array = Array(cast(TextFile, self.tape))

    def __iter__(self) -> Iterator[Element]:
        first = True
        for item in self._array.elements():
            if not isinstance(item, Line):
                self.broken, self.line = True, item.line
                return
            gap = self.tape.gap(first)
            raw, whole = self.tape.take(len(item.text))
            text = item.text if whole else raw.decode(errors="replace").replace("\0", "\ufffd")
            yield Element(gap, text, raw, not whole and "\ufffd" in text, item.number)
            first = False
        self.line = self._array.line
