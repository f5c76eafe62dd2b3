"""Records of a JSON file: one a line, or the elements of one array.

Exports often are one array of everything on one line, a gigabyte of it. So an array is read in pieces and
given out element by element; memory holds the element at hand. Damage in the middle of an array costs what
follows it, for nothing says where the next element starts. ``ijson`` streams too, but gives neither the
text of an element, which quarantine shows, nor its line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from data.channels.reading.encoding import Undecodable
from data.channels.reading.files import LONGEST_LINE, SHOWN, Inputs, Line, Problem, TextFile, lines

_PIECE = 1 << 18  # bytes read at a time
_BETWEEN = " \t\r\n,"


def records(path: Path, inputs: Inputs) -> Iterator[Line | Problem]:
    """The file's records as text, in order, each with its first line."""
    file = TextFile(path, inputs)
    if not is_array(file):
        yield from lines(path, inputs)
        return
    array = Array(file)
    yield from array.elements()
    end = array.line
    if array.more():
        if array.line == end:
            yield array.problem("text after the end of the array")
        yield from (line for line in lines(path, inputs) if _number(line) > end)


def is_array(file: TextFile) -> bool:
    """It starts as an array of objects does; a list of anything else is one broken line among others."""
    start = b""
    for block in file.blocks(_PIECE):
        start += block.raw.strip()
        if len(start) > 2:
            break
    rest = start[1:].lstrip()
    return start.startswith(b"[") and (rest in (b"", b"]") or rest.startswith(b"{"))


def _number(line: Line | Problem) -> int:
    return line.line if isinstance(line, Problem) else line.number


class Array:
    """An array on its way from bytes to the text of its elements. ``line`` is where it has come to."""

    def __init__(self, file: TextFile) -> None:
        self.line = 1
        self._file, self._blocks = file, file.blocks(_PIECE)
        self._text, self._at, self._counted = "", 0, 0  # what is at hand, and how far it is used and counted
        self._uncut = b""  # bytes after the last quote: they may end inside a character
        self._damage = self._undecodable = ""

    def elements(self) -> Iterator[Line | Problem]:
        """Every element up to the end of the array, or up to its damage, which is the last problem."""
        self.more()
        self._at += 1  # the bracket
        while self.more():
            if self._text[self._at] == "]":
                self._at += 1
                self._count()
                return
            try:
                end = self._element()
            except (ValueError, RecursionError) as error:
                yield self.problem(f"array is broken from here on: {self._damage or error}")
                self._at = len(self._text)
                self._blocks = iter(())
                return
            yield self._given(self._text[self._at : end])
            self._at = end
        yield self.problem(f"array is not closed: {self._damage or 'the file ends here; copy it again'}")

    def more(self) -> bool:
        """Goes to the next character that means something; False when there is none."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BETWEEN:
                self._at += 1
            self._count()
            if self._at < len(self._text):
                return True
            if not self._read():
                return False

    def _count(self) -> None:
        self.line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at

    def _element(self) -> int:
        """Where the element ends that starts here. Raises ValueError or RecursionError when it is none."""
        while True:
            try:
                return json.JSONDecoder().raw_decode(self._text, self._at)[1]
            except ValueError:
                if len(self._text) - self._at > LONGEST_LINE or not self._read():
                    raise

    def _read(self) -> bool:
        """Drops what is used and reads as much again as is left, so that trying again stays linear."""
        self._text = self._text[self._at :]
        self._at = self._counted = 0
        parts, size = [], 0
        while size < max(_PIECE, len(self._text)) and (part := self._part()):
            parts.append(part)
            size += len(part)
        self._text += "".join(parts)
        return bool(parts)

    def _part(self) -> str:
        """The next text that ends with a quote, where no character is cut in two; "" at the end of the file."""
        while len(self._uncut) <= LONGEST_LINE:
            block = next(self._blocks, None)
            if block and block.damage:
                self._damage = block.damage
            raw = self._uncut + (block.raw if block else b"")
            cut = raw.rfind(b'"') + 1 if block else len(raw)
            self._uncut = raw[cut:]
            if cut or not block:
                return self._decoded(raw[:cut])
        return ""

    def _decoded(self, raw: bytes) -> str:
        try:
            return self._file.decode(raw)
        except Undecodable as error:
            self._undecodable = str(error)
            return raw.decode(errors="replace").replace("\0", "\ufffd")

    def _given(self, element: str) -> Line | Problem:
        if self._undecodable and "\ufffd" in element:
            return Problem(self._file.name, self.line, self._undecodable, element[:SHOWN])
        return Line(self._file.name, self.line, element)

    def problem(self, reason: str) -> Problem:
        """Returns a Problem that quotes the place where reading stopped."""
        return Problem(self._file.name, self.line, reason, self._text[self._at : self._at + SHOWN])
